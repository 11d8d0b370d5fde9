"""The kinds of values that an entry is made of, as people and feeds write them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from kb.places import shapes
from kb.places.coordinates import Point, checked, to_wgs84
from kb.places.distances import metres

FARTHEST_M = 50_000.0
SHORTEST_NAME = 2
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


def _printable(value: str) -> str:
    """Refuses what no database keeps and no page shows."""
    for letter in value:
        if unicodedata.category(letter) in ("Cc", "Cs", "Cf") and letter != "\n":
            raise ValueError(f"has the character {letter!r}, which is not to be seen; take it out")
    return value


def _day(value: object) -> object:
    """A number would be taken for seconds since 1970."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    found = _DAY.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        raise ValueError("not a day; write it as 2026-11-30")
    try:
        return date(*map(int, found.groups()))
    except ValueError as wrong:
        raise ValueError(f"no such day ({wrong})") from wrong


def _one_line(value: str) -> str:
    if "\n" in value:
        raise ValueError("has more than one line")
    return value


Line = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_printable), AfterValidator(_one_line)]
Words = Annotated[str, Field(min_length=1, max_length=400), AfterValidator(_printable)]
Name = Annotated[
    str, Field(min_length=SHORTEST_NAME, max_length=40), AfterValidator(_printable), AfterValidator(_one_line)
]
Id = Annotated[str, Field(pattern=r"^[\w.:/-]{1,64}$")]
Code = Annotated[str, Field(pattern=r"^\d{2}(\d{2}){0,2}$")]
Day = Annotated[date, BeforeValidator(_day)]


class Strict(BaseModel):
    """Frozen, without blanks at the ends of texts, and with no key that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


class Circle(Strict):
    """Everything within `metres` of a WGS-84 point, the edge included."""

    lat: float
    lon: float
    metres: Annotated[float, Field(gt=0, le=FARTHEST_M)]

    @model_validator(mode="after")
    def _on_earth(self) -> Circle:
        checked(self.lat, self.lon)
        return self

    def contains(self, point: Point) -> bool:
        """Whether a WGS-84 point lies inside."""
        return metres((self.lat, self.lon), point) <= self.metres

    def from_crs(self, crs: str) -> Circle:
        """The same circle where its middle was given in `crs`. Raises ValueError for an unknown system."""
        lat, lon = to_wgs84((self.lat, self.lon), crs)
        return Circle(lat=round(lat, 7), lon=round(lon, 7), metres=self.metres)


class Polygon(Strict):
    """A GeoJSON Polygon or MultiPolygon in WGS-84; `coordinates` are nested tuples of (longitude, latitude)."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: tuple[Any, ...]

    @model_validator(mode="before")
    @classmethod
    def _usable(cls, value: Any) -> Any:
        if not isinstance(value, dict) or value.get("type") not in ("Polygon", "MultiPolygon"):
            return value
        given = {**value, "coordinates": _as_lists(value.get("coordinates"))}
        shapes.polygon(given)  # raises ValueError that says what is wrong
        return given

    @field_validator("coordinates", mode="before")
    @classmethod
    def _frozen(cls, value: Any) -> Any:
        return _as_tuples(value)

    def shape(self) -> shapes.Geometry:
        """As shapely knows it, sound."""
        return shapes.polygon({"type": self.type, "coordinates": _as_lists(self.coordinates)})

    def from_crs(self, crs: str) -> Polygon:
        """The same polygon where its corners were given in `crs`. Raises ValueError for an unknown system."""
        return Polygon(type=self.type, coordinates=_moved(self.coordinates, crs))


def _as_lists(value: Any) -> Any:
    return [_as_lists(one) for one in value] if isinstance(value, list | tuple) else value


def _as_tuples(value: Any) -> Any:
    return tuple(_as_tuples(one) for one in value) if isinstance(value, list | tuple) else value


def _moved(value: Any, crs: str) -> Any:
    if value and not isinstance(value[0], tuple):
        lat, lon = to_wgs84((float(value[1]), float(value[0])), crs)
        return (round(lon, 7), round(lat, 7))
    return tuple(_moved(one, crs) for one in value)
