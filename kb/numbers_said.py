"""Numbers as people say them: 一三八零零…, 幺幺零, 两百零三号, 三单元, as digits."""

from __future__ import annotations

import re

_ONES = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "幺": 1, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
_ONE = "[零〇○幺一二两三四五六七八九]"
# Read out digit by digit, with pauses; so many are a telephone or a ticket, and no amount.
_READ_OUT = re.compile(rf"(?:{_ONE}|[0-9])(?:[ ,，、.．·-]?(?:{_ONE}|[0-9])){{6,}}")
_SHORT_READ_OUT = re.compile(rf"(?:{_ONE}|[0-9])*幺(?:{_ONE}|[0-9])+|(?:{_ONE}|[0-9])+幺")
# A number before these counts houses. One character before 号 alone may be a name: 银海一号.
_NUMBER = r"(?:[一二两三四五六七八九十]?[零〇一二两三四五六七八九十百千]*[零〇一二两三四五六七八九十百千])"
_HOUSE = re.compile(rf"(?<!月)({_NUMBER})(?=(?:号楼|栋|幢|单元|室|弄|号))")
_LARGE = 10_000


def with_digits(text: str) -> str:
    """The text with telephones and house numbers as digits. Everything else stays: 三天, 第二个, 五四广场."""
    if not _worth_it(text):
        return text
    text = _READ_OUT.sub(_one_by_one, text)
    text = _SHORT_READ_OUT.sub(_one_by_one, text)
    return _HOUSE.sub(lambda found: _house(found, text), text)


def _worth_it(text: str) -> bool:
    return any(c in _ONES or c in _TENS for c in text)


def _one_by_one(found: re.Match[str]) -> str:
    said = found.group()
    if not any(c in _ONES for c in said):
        return said
    return "".join(str(_ONES[c]) if c in _ONES else c for c in said if c in _ONES or c.isdigit())


def _house(found: re.Match[str], text: str) -> str:
    run = found.group(1)
    after = text[found.end() : found.end() + 2]
    if len(run) == 1 and after != "号楼" and after[0] == "号":
        return run
    if len(run) > 1 and after[0] in "单栋幢" and not any(c in _TENS for c in run):
        return run  # 一三单元 are two
    number = value(run)
    return run if number is None or number >= _LARGE else str(number)


def value(run: str) -> int | None:
    """What a run of numerals amounts to: 三十二 32, 五〇二 502, 两百零三 203, 一百二 120. None for no number."""
    if not any(c in _TENS for c in run):
        return int("".join(str(_ONES[c]) for c in run)) if run and all(c in _ONES for c in run) else None
    total, pending, unit = 0, None, 1
    after_zero = False
    for c in run:
        if c in _TENS:
            if pending is None and not (c == "十" and total == 0):
                return None  # 百合花园 is a name
            total, unit = total + (1 if pending is None else pending) * _TENS[c], _TENS[c]
            pending, after_zero = None, False
        elif _ONES[c] == 0 and pending is None:
            after_zero = True
        elif pending is None:
            pending = _ONES[c]
        else:
            return None
    if pending is not None:
        total += pending if after_zero or unit <= 10 else pending * unit // 10
    return total
