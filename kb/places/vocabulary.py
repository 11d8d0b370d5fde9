"""The words by which places are read from text, from `content/places/reading.yml`."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from kb.content_files import CONTENT, as_model, read_mapping

FILE = CONTENT / "places/reading.yml"
Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class Vocabulary(BaseModel):
    """Endings of names, and the patterns that stand before or after a name that is not the problem's place."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    road_endings: Words
    street_endings: Words
    community_endings: Words
    bare_village_endings: Words
    spot_endings: Words
    institutions: Words
    short_spot_endings: Words
    common: Words
    leads: Words
    home_before: Words
    home_after: Words
    work_before: Words
    work_after: Words
    route_before: Words
    route_after: Words
    visit_before: Words
    visit_after: Words
    ours_before: Words
    comparison_before: Words
    comparison_after: Words
    negation_before: Words
    past_before: Words
    past_after: Words
    organisation_after: Words
    product_after: Words
    organisation_place_after: str
    city: str
    elsewhere: Words

    @field_validator("*", mode="after")
    @classmethod
    def _patterns_are_valid(cls, value: tuple[str, ...] | str) -> tuple[str, ...] | str:
        for one in (value,) if isinstance(value, str) else value:
            try:
                re.compile(one)
            except re.error as wrong:
                raise ValueError(f"{one!r} is no pattern: {wrong}") from wrong
        return value

    def before(self, name: str) -> re.Pattern[str]:
        """The pattern of `name` (a key without `_before`) that must end where a name begins."""
        return re.compile(f"(?:{'|'.join(getattr(self, f'{name}_before'))})$")

    def after(self, name: str) -> re.Pattern[str]:
        """The pattern of `name` (a key without `_after`) that must begin where a name ends."""
        return re.compile(f"(?:{'|'.join(getattr(self, f'{name}_after'))})")

    @cached_property
    def stops(self) -> frozenset[str]:
        """Words that are never part of a name."""
        return frozenset((*self.common, *self.leads))


def load(path: Path = FILE) -> Vocabulary:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    return as_model(Vocabulary, read_mapping(path), path)
