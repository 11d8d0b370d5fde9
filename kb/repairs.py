"""What went across in a conversation, by its words: taken up again, another matter, misheard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown
from kb.text import folded

FILE = CONTENT / "repairs.yml"
# Words to take something up again are short; a longer message tells something.
LONGEST_BACK = 16
# So many characters say something of their own after words that only lead to it.
SAYS = 4
_MARKS = r"[\s，。！？；：、,.!?;:~～…—-]*"
_LETTERS = re.compile(r"[^\w]+")
Pattern = Annotated[str, Field(min_length=1)]
Patterns = Annotated[tuple[Pattern, ...], Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    wants_back: Patterns
    another: Patterns
    misheard: Patterns
    i_mean: Patterns


@dataclass(frozen=True)
class Repairs:
    """The words of the file."""

    back: re.Pattern[str]
    other: re.Pattern[str]
    wrong: re.Pattern[str]

    def wants_back(self, text: str) -> bool:
        """'算了，还是报吧', '接着报刚才那个': what was called off is to go on."""
        return len(text) <= LONGEST_BACK and bool(self.back.search(same(text)))

    def another(self, text: str) -> str | None:
        """What follows '另外还有个事': the other matter in its own words, '' where it is still to come.

        None where the message does not turn to another matter.
        """
        found = self.other.match(text.strip())
        if not found:
            return None
        rest = text.strip()[found.end() :]
        return rest if sum(map(str.isalnum, rest)) >= SAYS else ""

    def meant(self, text: str) -> str:
        """What follows '你没听懂，我说的是': what was meant; '' where that is not said."""
        found = self.wrong.match(text.strip())
        rest = text.strip()[found.end() :] if found else ""
        return rest if sum(map(str.isalnum, rest)) >= SAYS else ""


def same(text: str) -> str:
    """The form in which two messages are the same: no marks, no blanks, narrow, small."""
    return _LETTERS.sub("", folded(text))


def said_before(text: str, told: str) -> bool:
    """Whether a message says again what stands in the report: all of it, or one of its lines."""
    message = same(text)
    return len(message) >= SAYS and message in {same(told), *map(same, told.split("\n"))}


def load(path: Path = FILE) -> Repairs:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    file = as_model(_File, raw, path)

    def either(key: str, patterns: Sequence[str]) -> str:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as wrong:
                raise ContentError(f"{shown(path)}:{raw.line}: {key}: {pattern!r}: {wrong}") from wrong
        return "|".join(f"(?:{pattern})" for pattern in patterns)

    mean = either("i_mean", file.i_mean)
    return Repairs(
        re.compile(either("wants_back", file.wants_back)),
        re.compile(rf"(?:{either('another', file.another)}){_MARKS}"),
        re.compile(rf"(?:(?:{either('misheard', file.misheard)}){_MARKS})+(?:(?:{mean}){_MARKS})?"),
    )


@cache
def shipped() -> Repairs:
    """The file that ships, read once."""
    return load()
