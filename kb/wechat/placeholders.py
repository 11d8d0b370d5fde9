"""Words of WeChat's own that stand in place of something that it does not pass on, such as a sticker."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, as_model, read_mapping
from kb.text import folded

FILE = CONTENT / "wechat" / "placeholders.yml"
Text = Annotated[str, Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    unsupported: Annotated[tuple[Text, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Placeholders:
    """The placeholders, folded."""

    unsupported: frozenset[str]

    def stands_for(self, text: str) -> bool:
        """Whether the whole text is one of them: who quotes one within a sentence says something."""
        return folded(text) in self.unsupported


def load(path: Path = FILE) -> Placeholders:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    return Placeholders(frozenset(map(folded, as_model(_File, read_mapping(path), path).unsupported)))


@cache
def shipped() -> Placeholders:
    """The file that ships, read once."""
    return load()
