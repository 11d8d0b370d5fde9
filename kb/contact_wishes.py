"""How somebody wants to be reached, in words: not at all, only by the one who deals with it, or right here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown
from kb.phones import Local
from kb.text import folded

FILE = CONTENT / "contact.yml"

Pattern = Annotated[str, Field(min_length=1)]


class Wish(StrEnum):
    """What is wished."""

    DELETE = "delete"
    CONFIDENTIAL = "confidential"
    ANONYMOUS = "anonymous"
    HERE = "here"
    # willing to leave a number, which is still to come
    LEAVE = "leave"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    area_code: Annotated[str, Field(pattern=r"^0\d{2,3}$")]
    local_digits: Annotated[int, Field(ge=7, le=8)]
    here: tuple[Pattern, ...]
    leave: tuple[Pattern, ...]
    anonymous: tuple[Pattern, ...]
    confidential: tuple[Pattern, ...]
    delete: tuple[Pattern, ...]


@dataclass(frozen=True)
class ContactWishes:
    """The patterns of the file, and the city's landlines."""

    local: Local
    patterns: tuple[tuple[Wish, re.Pattern[str]], ...]

    def heard(self, text: str) -> frozenset[Wish]:
        """Everything that is wished; anonymous and secret may both be."""
        plain = folded(text)
        return frozenset(wish for wish, pattern in self.patterns if pattern.search(plain))


def load(path: Path = FILE) -> ContactWishes:
    """Read the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    entry = as_model(_File, raw, path)
    patterns = []
    for wish in Wish:
        given = getattr(entry, wish.value)
        for one in given:
            try:
                re.compile(one)
            except re.error as wrong:
                raise ContentError(f"{shown(path)}:{raw.line}: {wish}: {one!r} is no pattern ({wrong})") from wrong
        patterns.append((wish, re.compile("|".join(f"(?:{one})" for one in given))))
    return ContactWishes(Local(entry.area_code, entry.local_digits), tuple(patterns))


@lru_cache(maxsize=1)
def shipped() -> ContactWishes:
    """The project's own. Raises ContentError."""
    return load()
