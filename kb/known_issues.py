"""What the city is already dealing with: planned outages, road works, campaigns.

An entry answers a citizen before any form: category × area × period → what is being done, until when, by whom.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kb.content_files import CONTENT, ContentError, as_model, read_yaml, shown
from kb.places import Place
from kb.taxonomy import Taxonomy

FOLDER = CONTENT / "known_issues"
Text = Annotated[str, Field(min_length=1)]


class KnownIssue(BaseModel):
    """One entry. `category` is a code of any level; empty area lists mean the whole city."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Text
    title: Text
    category: Annotated[str, Field(pattern=r"^\d{2}(\d{2}){0,2}$")]
    districts: tuple[str, ...] = ()
    streets: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    starts: date
    ends: date
    lead_unit: Text
    say: Text
    source: Text
    advice: str | None = None
    still_file: bool = True

    @model_validator(mode="after")
    def _in_order(self) -> KnownIssue:
        if self.ends < self.starts:
            raise ValueError(f"ends {self.ends} before it starts {self.starts}")
        return self

    def applies(self, *, code: str, place: Place | None, on: date) -> bool:
        """Whether a report of this category at this place on this day is about it."""
        if not (self.starts <= on <= self.ends and code.startswith(self.category)):
            return False
        if not (self.districts or self.streets or self.places):
            return True
        if place is None:
            return False
        named = " ".join(part for part in (place.text, place.road, place.spot, place.community) if part)
        if self.places:
            return any(name in named for name in self.places) and self._district_fits(place)
        if self.streets:
            return place.street in self.streets and self._district_fits(place)
        return place.district in self.districts

    def _district_fits(self, place: Place) -> bool:
        return not self.districts or place.district is None or place.district in self.districts


def load(taxonomy: Taxonomy, folder: Path = FOLDER) -> tuple[KnownIssue, ...]:
    """Every entry of every file. Raises ContentError naming file, line, key and value."""
    found: dict[str, KnownIssue] = {}
    for path in sorted(folder.glob("*.yml")):
        for raw in read_yaml(path) or ():
            issue = as_model(KnownIssue, raw, path)
            if issue.category not in taxonomy.names:
                raise ContentError(f"{shown(path)}:{raw.line}: category: no category {issue.category!r}")
            if issue.id in found:
                raise ContentError(f"{shown(path)}:{raw.line}: id: {issue.id} is given twice")
            found[issue.id] = issue
    return tuple(found.values())


def applying(issues: tuple[KnownIssue, ...], *, code: str, place: Place | None, on: date) -> KnownIssue | None:
    """The most particular issue that applies: named places before streets before districts before the whole city."""
    fitting = [issue for issue in issues if issue.applies(code=code, place=place, on=on)]
    return max(
        fitting,
        key=lambda i: (bool(i.places), bool(i.streets), bool(i.districts), len(i.category)),
        default=None,
    )
