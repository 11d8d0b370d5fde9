"""What is one citizen's alone, so that it is known at once where it turns up with somebody else.

Two kinds. The personal ones (phone, its mask, name, account) must never be seen by anybody else. The word is put into
any text: where that becomes a complaint, others may read it as the title of an incident, and nowhere else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.spelling import one_by_one

# No vowel and no tone: neither pinyin nor English, so that nothing is read into it.
_LETTERS = "bcdfghjkmpqrtvwx"
# Rare, and simplified already: otherwise one name would become another.
_RARE = [chr(code) for code in range(0x9F00, 0x9FA5) if code not in one_by_one()][:32]
MOST = len(_RARE) ** 2
PREFIX = "139"
_WORD, _ACCOUNT = "xqz", "zxq"
_ANY_TOKEN = re.compile(rf"(?:{_WORD}|{_ACCOUNT})[{_LETTERS}]{{10}}", re.IGNORECASE)
_ANY_NAME = re.compile(f"亓官[{''.join(_RARE)}]{{2}}")
_ANY_PHONE = re.compile(rf"(?<!\d){PREFIX}\d{{8}}(?!\d)")
_ANY_MASK = re.compile(rf"(?<!\d){PREFIX}\*{{4}}\d{{4}}(?!\d)")


@dataclass(frozen=True, slots=True)
class Markers:
    """Of one citizen. `word` may stand in a complaint's words; the others are personal."""

    word: str
    account: str
    name: str
    phone: str

    @property
    def mask(self) -> str:
        """The phone as its owner sees it."""
        return f"{self.phone[:3]}****{self.phone[-4:]}"

    @property
    def personal(self) -> tuple[str, ...]:
        """What nobody else may see, in any form."""
        return self.account, self.name, self.phone, self.mask


def of(seed: int, citizen: int) -> Markers:
    """The markers of citizen number `citizen`, below `MOST`, the same for the same seed. Raises ValueError."""
    if not 0 <= citizen < MOST:
        raise ValueError(f"citizen {citizen}: 0 to {MOST - 1} can be told apart")
    digest = hashlib.sha256(f"{seed}:{citizen}".encode()).hexdigest()
    first, second = ("".join(_LETTERS[int(figure, 16)] for figure in digest[start : start + 10]) for start in (0, 10))
    name = f"亓官{_RARE[citizen // len(_RARE)]}{_RARE[citizen % len(_RARE)]}"
    middle = int(digest[20:28], 16) % 10_000
    return Markers(_WORD + first, _ACCOUNT + second, name, f"{PREFIX}{middle:04d}{citizen:04d}")


def found(text: str) -> Iterator[str]:
    """Everything in a text that looks like somebody's marker, as it is written in `Markers`."""
    for pattern in (_ANY_TOKEN, _ANY_NAME, _ANY_PHONE, _ANY_MASK):
        yield from (hit.group().lower() for hit in pattern.finditer(text))
