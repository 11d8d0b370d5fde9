"""One spelling for what citizens write in several: traditional characters, spoken forms, slips of the input method."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown

FILE = CONTENT / "spelling.yml"
Pair = Annotated[str, Field(min_length=2, max_length=2)]
One = Annotated[str, Field(min_length=1, max_length=1)]
# Where Chinese characters stand: extension A, the common ones, and doubles kept for old files.
_BLOCKS = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00))


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    traditional: tuple[Pair, ...] = ()
    spoken: tuple[Pair, ...]
    endings: tuple[One, ...]
    slips: dict[str, str]


@dataclass(frozen=True, slots=True)
class Levelled:
    """A text in one spelling, and for each of its characters the place in the text as it was said."""

    text: str
    said: str
    places: tuple[int, ...]

    def as_said(self, start: int, end: int) -> str:
        """What the citizen wrote for `text[start:end]`."""
        return self.said[self.places[start] : self.places[end - 1] + 1] if start < end else ""


@dataclass(frozen=True)
class Spelling:
    """Characters and words by what they stand for, each pair equally long; and after what '儿' is only an ending."""

    characters: dict[int, str]
    slips: dict[str, str]
    endings: frozenset[str]

    def level(self, text: str) -> Levelled:
        """The text in one spelling."""
        half = "".join(_narrow(c) for c in text).translate(self.characters)
        places = tuple(i for i, c in enumerate(half) if not self._is_ending(half, i, c))
        short = "".join(half[i] for i in places)
        return Levelled(self.slip.sub(lambda found: self.slips[found.group()], short), text, places)

    def _is_ending(self, text: str, at: int, c: str) -> bool:
        return (
            c == "儿" and at > 0 and text[at - 1] in self.endings and text[at + 1 : at + 2] not in tuple("子女童科园")
        )

    @cached_property
    def slip(self) -> re.Pattern[str]:
        """Any of the slips, longest first."""
        return re.compile("|".join(map(re.escape, sorted(self.slips, key=len, reverse=True))))


def load(path: Path = FILE) -> Spelling:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    entry = as_model(_File, raw, path)
    for wrong, right in entry.slips.items():
        if not wrong or len(wrong) != len(right):
            line = getattr(raw["slips"], "line", raw.line)
            raise ContentError(f"{shown(path)}:{line}: slips: {wrong!r} and {right!r} are not equally long")
    pairs = {ord(pair[0]): pair[1] for pair in (*entry.traditional, *entry.spoken)}
    return Spelling(one_by_one() | pairs, entry.slips, frozenset(entry.endings))


@cache
def converter() -> Any:
    """What makes traditional characters simplified, by the words in which they stand."""
    # Imported here: its tables (7 MB) are read by the parts that hear citizens only.
    from opencc import OpenCC

    return OpenCC("tw2s")


@cache
def one_by_one() -> dict[int, str]:
    """The simplified character of each traditional one that has one, whatever stands beside it."""
    every = [chr(n) for block in _BLOCKS for n in block]
    simple = converter().convert("\n".join(every)).split("\n")
    pairs = ((a, b) for a, b in zip(every, simple, strict=True) if a != b and len(b) == 1)
    # what simplified writing has too is left (么, 乾), and what becomes a rarity: 穇子庄 is a village's name
    return {ord(a): b for a, b in pairs if b >= "\u4e00" and not _in_gb2312(a)}


def _in_gb2312(character: str) -> bool:
    return bool(character.encode("gb2312", "ignore"))


@cache
def traditional() -> re.Pattern[str]:
    """Any traditional character."""
    return re.compile(f"[{''.join(map(chr, one_by_one()))}]")


def _narrow(c: str) -> str:
    plain = unicodedata.normalize("NFKC", c).lower()
    return plain if len(plain) == 1 else c
