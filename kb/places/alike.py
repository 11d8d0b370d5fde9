"""Characters that are taken for each other, and how some sound in names, from `content/places/alike.yml`."""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, as_model, read_mapping

FILE = CONTENT / "places/alike.yml"
Character = Annotated[str, Field(min_length=1, max_length=1)]
Group = Annotated[str, Field(min_length=2, pattern=r"^\S+$")]
Sound = Annotated[str, Field(pattern=r"^[a-z]+$")]


class Alike(BaseModel):
    """`shapes`: groups of characters that look alike. `sounds`: pinyin without tones of a character in names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shapes: tuple[Group, ...]
    sounds: dict[Character, Sound]

    @cached_property
    def by_character(self) -> dict[str, frozenset[str]]:
        """For each character those of its groups, itself among them."""
        found: dict[str, set[str]] = {}
        for group in self.shapes:
            for one in group:
                found.setdefault(one, set()).update(group)
        return {one: frozenset(others) for one, others in found.items()}


def load(path: Path = FILE) -> Alike:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    return as_model(Alike, read_mapping(path), path)


@cache
def citys() -> Alike:
    """The city's own, read once in a process."""
    return load()
