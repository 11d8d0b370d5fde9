"""One known issue: whom it concerns, and which of several is told first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import shapely
from pydantic import model_validator

from kb.known_issues.fields import Circle, Code, Day, Id, Line, Name, Polygon, Strict, Words
from kb.matching.numerals import with_digits
from kb.places import Place
from kb.places.atlas import point_of
from kb.places.coordinates import Point
from kb.text import folded

_CITY, _DISTRICT, _STREET, _SPOT = range(4)


@dataclass(frozen=True, slots=True)
class _Told:
    """A place as it is compared with many issues: its words normalised once, its point in WGS-84."""

    district: str | None
    street: str | None
    words: tuple[str, ...]
    point: Point | None

    @classmethod
    def of(cls, place: Place | None) -> _Told | None:
        if place is None:
            return None
        said = (place.text, place.road, place.spot, place.community)
        words = tuple(dict.fromkeys(_plain(part) for part in said if part))
        return cls(place.district, place.street, words, _point(place))


class KnownIssue(Strict):
    """One entry. `category` is a code of any level; without any area it is about the whole city.

    `compounds`, `places`, `circle` and `polygon` say exactly where: one of them is enough, and `districts` then only
    keeps namesakes of other districts out. Without them it is about `streets`, without those about `districts`.
    `ends` is its last day. `with_ticket`: it is told with the ticket and does not hold up the report.
    """

    id: Id
    title: Line
    category: Code
    districts: tuple[Name, ...] = ()
    streets: tuple[Name, ...] = ()
    compounds: tuple[Name, ...] = ()
    places: tuple[Name, ...] = ()
    circle: Circle | None = None
    polygon: Polygon | None = None
    starts: Day
    ends: Day
    lead_unit: Line
    say: Words
    source: Line
    advice: Words | None = None
    still_file: bool = True
    with_ticket: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> KnownIssue:
        if self.ends < self.starts:
            raise ValueError(f"ends {self.ends} before it starts {self.starts}")
        if self.with_ticket and not self.still_file:
            raise ValueError("with_ticket needs still_file: without a complaint there is no ticket to tell it with")
        return self

    def holds(self, on: date) -> bool:
        """Whether the day is one of its days."""
        return self.starts <= on <= self.ends

    def applies(self, *, code: str, place: Place | None, on: date) -> bool:
        """Whether a report of this category at this place on this day is about it."""
        return self._fits(code, _Told.of(place), on)

    @property
    def reach(self) -> int:
        """How particular its area is, from 0 (the whole city) to 3 (a spot)."""
        if self._exact:
            return _SPOT
        return _STREET if self.streets else _DISTRICT if self.districts else _CITY

    def from_crs(self, crs: str) -> KnownIssue:
        """The same entry where its circle and polygon were given in `crs`. Raises ValueError."""
        moved = {key: one.from_crs(crs) for key in ("circle", "polygon") if (one := getattr(self, key))}
        return self.model_copy(update=moved) if moved else self

    def as_json(self) -> dict[str, Any]:
        """The entry in JSON's own types, without what is not said; `KnownIssue.model_validate` reads it back."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @property
    def _exact(self) -> bool:
        return bool(self.compounds or self.places or self.circle or self.polygon)

    def _fits(self, code: str, told: _Told | None, on: date) -> bool:
        return self.holds(on) and code.startswith(self.category) and self._concerns(told)

    def _concerns(self, told: _Told | None) -> bool:
        reach = self.reach
        if told is None or reach == _CITY:
            return reach == _CITY
        if reach == _SPOT:
            return self._around(told.point) or (self._named(told.words) and self._district_fits(told))
        if reach == _STREET:
            return told.street in self.streets and self._district_fits(told)
        return told.district in self.districts

    def _around(self, point: Point | None) -> bool:
        if point is None:
            return False
        if self.circle and self.circle.contains(point):
            return True
        return self.polygon is not None and bool(shapely.intersects_xy(self._shape, point[1], point[0]))

    def _named(self, words: tuple[str, ...]) -> bool:
        return any(_stands_in(name, part) for name in self._names for part in words)

    def _district_fits(self, told: _Told) -> bool:
        return not self.districts or told.district is None or told.district in self.districts

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(map(_plain, (*self.compounds, *self.places)))

    @cached_property
    def _shape(self) -> Any:
        return self.polygon.shape() if self.polygon else None


def all_applying(issues: Iterable[KnownIssue], *, code: str, place: Place | None, on: date) -> tuple[KnownIssue, ...]:
    """Every issue that applies, the most particular first: spots before streets before districts before the city.

    Of equals the one with the longer category comes first, then the one that began later, then the lower id.
    """
    told = _Told.of(place)
    fitting = [issue for issue in issues if issue._fits(code, told, on)]
    return tuple(sorted(fitting, key=lambda i: (-i.reach, -len(i.category), -i.starts.toordinal(), i.id)))


def applying(issues: Iterable[KnownIssue], *, code: str, place: Place | None, on: date) -> KnownIssue | None:
    """The most particular issue that applies."""
    return next(iter(all_applying(issues, code=code, place=place, on=on)), None)


def _point(place: Place) -> Point | None:
    """None, too, for a coordinate of a system that is not known."""
    try:
        return point_of(place)
    except ValueError:
        return None


def _plain(name: str) -> str:
    return with_digits(folded(name))


def _stands_in(name: str, text: str) -> bool:
    """Whether the name is in the text and no number goes on at its ends: 浮山后1小区 is not 浮山后11小区."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        before = at > 0 and name[0].isdigit() and text[at - 1].isdigit()
        after = end < len(text) and name[-1].isdigit() and text[end].isdigit()
        if not (before or after):
            return True
        at = text.find(name, at + 1)
    return False
