"""Which unit a complaint goes to, and which help: the category's, by the names of the district and street it lies in.

What the category marks `street_direct` goes straight to the street (直派) once it is known, without a detour over the
bureau: enforcement to the street's team, the rest to its office. The unit that the category names then helps.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import as_model, read_yaml
from kb.places import Place
from kb.taxonomy import Category

CONTENT = Path(__file__).parent / "content" / "units.yml"
# How the categories name what depends on the place, and what is put there.
_STREET, _DISTRICT = "所在街道", "所在区"
_OFFICE = "所在街道办事处"
_ENFORCEMENT = "城管执法"


class _Units(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    street_team: Annotated[str, Field(min_length=2, max_length=40)]


@lru_cache(maxsize=1)
def street_team() -> str:
    """How the enforcement team of a street is called. Raises ContentError."""
    return as_model(_Units, read_yaml(CONTENT), CONTENT).street_team


def main_unit(leaf: Category, place: Place | None) -> str:
    """The unit that answers to the citizen until somebody else takes it on."""
    if not _is_direct(leaf, place):
        return _named(leaf.entry.unit, place)
    return _named(street_team() if leaf.domain == _ENFORCEMENT else _OFFICE, place)


def helping_units(leaf: Category, place: Place | None) -> tuple[str, ...]:
    """The units that help, each once and never the main one."""
    entry = leaf.entry
    replaced = (entry.unit,) if _is_direct(leaf, place) and entry.unit != _OFFICE else ()
    named = [_named(unit, place) for unit in (*replaced, *entry.co_units)]
    return tuple(unit for unit in dict.fromkeys(named) if unit != main_unit(leaf, place))


def _is_direct(leaf: Category, place: Place | None) -> bool:
    return leaf.entry.street_direct and place is not None and place.street is not None


def _named(unit: str, place: Place | None) -> str:
    """'所在区城市管理局' in 崂山区: '崂山区城市管理局'. What is not known stays as it is."""
    if place and place.street and unit.startswith(_STREET):
        return place.street + unit.removeprefix(_STREET)
    if place and place.district and unit.startswith(_DISTRICT):
        return place.district + unit.removeprefix(_DISTRICT)
    return unit
