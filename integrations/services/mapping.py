"""The map on which a citizen shows where the problem is: what it draws, what stands where, what is open there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from integrations.services.incident_ports import Dot
from integrations.services.ports import UnitOfWork
from kb.matching.keys import cells_within
from kb.places import Place
from kb.places.atlas import Atlas
from kb.places.drawing import Box, Drawing
from kb.places.finding import Finding, Hit

MOST_HITS = 10
MOST_INCIDENTS = 100
# Wider than this, some 25 km, dots would say nothing: 0.005 degrees are a cell.
MOST_CELLS = 2_500
LONGEST_LABEL = 100


@dataclass(frozen=True, slots=True)
class Spot:
    """What is known of a point. `label` is how people would name it; empty where nothing is near."""

    inside: bool
    label: str = ""
    district: str = ""
    street: str = ""
    near: str = ""


@dataclass(frozen=True)
class City:
    """What is made once of one atlas."""

    atlas: Atlas

    @cached_property
    def drawing(self) -> Drawing:
        return Drawing(self.atlas)

    @cached_property
    def finding(self) -> Finding:
        return Finding(self.atlas.gazetteer)

    @cached_property
    def divisions(self) -> list[tuple[str, list[str]]]:
        """Each district with its streets, in the order of the city's list."""
        known = self.atlas.gazetteer
        return [
            (one.name, [below.name for below in known.children(one.code) if below.level == "street"])
            for one in known.divisions.values()
            if one.level == "district"
        ]


@dataclass(kw_only=True)
class Mapping:
    """The use case, for one process. `places` gives the atlas in use, which another may take the place of.

    What fewer than `least_citizens` tell of is on nobody's map: it may be one person's home.
    """

    places: Callable[[], Atlas]
    reading: UnitOfWork
    least_citizens: int
    _made: City | None = field(default=None, init=False, repr=False)
    _making: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def city(self) -> City:
        """What is made of the places in use."""
        atlas = self.places()
        with self._making:
            if self._made is None or self._made.atlas is not atlas:
                self._made = City(atlas)
            return self._made

    def features(self, layer: str, box: Box, zoom: int) -> list[dict[str, Any]]:
        """GeoJSON of one layer in a box. Raises KeyError for a layer that is unknown."""
        return self.city().drawing.features(layer, box, zoom)

    def where(self, lat: float, lon: float) -> Spot:
        """What stands at a WGS-84 point, as a pin there would be understood."""
        atlas = self.places()
        found = atlas.pinned(Place("", lat=lat, lon=lon, crs="WGS-84"), None)
        if found.outside:
            return Spot(inside=False)
        place, near = found.place, atlas.at((lat, lon)).near
        label = place.text[:LONGEST_LABEL]
        return Spot(True, label, place.district or "", place.street or "", near or "")

    def search(self, text: str) -> list[Hit]:
        """Places that the words may mean, the likeliest first."""
        return self.city().finding.find(text, MOST_HITS)

    def incidents(self, box: Box) -> list[Dot]:
        """Open incidents in the box, the latest first; none in a box too wide to tell them apart."""
        south_west, north_east = (box.south, box.west), (box.north, box.east)
        cells = cells_within(south_west, north_east, MOST_CELLS)
        with self.reading() as tx:
            found = tx.incidents.dots(
                cells, south_west=south_west, north_east=north_east, least=self.least_citizens, limit=MOST_INCIDENTS
            )
        return list(found)
