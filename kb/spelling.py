"""One spelling for what citizens write in several: traditional characters and usual slips of the input method."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown

FILE = CONTENT / "spelling.yml"
Pair = Annotated[str, Field(min_length=2, max_length=2)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    traditional: tuple[Pair, ...]
    slips: dict[str, str]


@dataclass(frozen=True)
class Spelling:
    """Characters and words by what they stand for, each pair equally long."""

    characters: dict[int, str]
    slips: dict[str, str]

    def level(self, text: str) -> str:
        """The text in one spelling and just as long, so that a place in it is a place in the original."""
        half = "".join(_narrow(c) for c in text).translate(self.characters)
        return self._slip.sub(lambda found: self.slips[found.group()], half) if self.slips else half

    @cached_property
    def _slip(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, sorted(self.slips, key=len, reverse=True))))


def load(path: Path = FILE) -> Spelling:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    entry = as_model(_File, raw, path)
    for wrong, right in entry.slips.items():
        if not wrong or len(wrong) != len(right):
            line = getattr(raw["slips"], "line", raw.line)
            raise ContentError(f"{shown(path)}:{line}: slips: {wrong!r} and {right!r} are not equally long")
    return Spelling({ord(pair[0]): pair[1] for pair in entry.traditional}, entry.slips)


def _narrow(c: str) -> str:
    plain = unicodedata.normalize("NFKC", c).lower()
    return plain if len(plain) == 1 else c
