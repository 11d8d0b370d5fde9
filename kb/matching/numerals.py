"""Chinese numerals as digits, so that 三号楼 and 3号楼 are one."""

from __future__ import annotations

import re

_ONES = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100}
# 百 begins no number: 百合花园 is a name.
_RUN = re.compile("[零〇一二两三四五六七八九十][零〇一二两三四五六七八九十百]*")


def with_digits(text: str) -> str:
    """The text with every run of Chinese numerals as digits: 三十二号 -> 32号, 五〇二 -> 502, 一百零三 -> 103."""
    return _RUN.sub(lambda found: _digits(found.group()), text)


def _digits(run: str) -> str:
    if not any(c in _TENS for c in run):
        return "".join(str(_ONES[c]) for c in run)
    total, pending = 0, 0
    for c in run:
        if c in _TENS:
            total, pending = total + (pending or 1) * _TENS[c], 0
        else:
            pending = _ONES[c]
    return str(total + pending)
