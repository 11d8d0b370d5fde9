"""Words that only open a conversation: what is left of a message without them, its place and its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown
from kb.text import folded, hide_phones

FILE = CONTENT / "openers.yml"
# So many letters beside the opening words tell what it is about.
SAYS = 2
_LETTERS = re.compile(r"[^\w]+")
Pattern = Annotated[str, Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    empty: Annotated[tuple[Pattern, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Openers:
    """The words of the file, the longer ones first."""

    empty: tuple[re.Pattern[str], ...]

    def beside(self, text: str, *places: str) -> str:
        """What the message says beside opening words, numbers and these places; '' for nothing of substance."""
        rest = folded(hide_phones(text))
        for place in sorted(filter(None, map(folded, places)), key=len, reverse=True):
            rest = rest.replace(place, "，")
        for pattern in self.empty:
            rest = pattern.sub("，", rest)
        rest = _LETTERS.sub("", rest)
        return rest if len(rest) >= SAYS else ""


def load(path: Path = FILE) -> Openers:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    made = []
    for pattern in as_model(_File, raw, path).empty:
        try:
            made.append(re.compile(pattern))
        except re.error as wrong:
            raise ContentError(f"{shown(path)}:{raw.line}: empty: {pattern!r} is no pattern ({wrong})") from wrong
    return Openers(tuple(made))


@cache
def shipped() -> Openers:
    """The file that ships, read once."""
    return load()
