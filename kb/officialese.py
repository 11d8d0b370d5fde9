"""Words of offices that no citizen should be spoken to with, and what to say instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from kb.content_files import CONTENT, ContentError, read_mapping, shown

FILE = CONTENT / "officialese.yml"


@dataclass(frozen=True, slots=True)
class Stiff:
    """A stiff word that was found, and what to say in its place."""

    found: str
    instead: str


@dataclass(frozen=True)
class Officialese:
    """The list: patterns with what to say instead."""

    entries: tuple[tuple[re.Pattern[str], str], ...]

    def find(self, text: str) -> list[Stiff]:
        """Every stiff word of the text, in the order of the list."""
        return [Stiff(hit.group(), instead) for stiff, instead in self.entries if (hit := stiff.search(text))]


def load(path: Path = FILE) -> Officialese:
    """Read and check the file. Raises ContentError naming file and key."""
    raw = read_mapping(path)
    entries = []
    for key, instead in raw.items():
        if not isinstance(key, str) or not isinstance(instead, str) or not instead.strip():
            raise ContentError(f"{shown(path)}:{raw.line}: {key}: expected what to say instead, found {instead!r}")
        try:
            entries.append((re.compile(key), instead.strip()))
        except re.error as wrong:
            raise ContentError(f"{shown(path)}:{raw.line}: {key}: {wrong}") from wrong
    return Officialese(tuple(entries))
