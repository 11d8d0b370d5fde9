"""Everything the city knows of its places, as one thing: names, boundaries, what is near, layers, and reading them.

An atlas is loaded from one folder, is never changed, and is safe to use from several threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from kb.places import areas as areas_file
from kb.places import gazetteer as tables
from kb.places import layers as layers_folder
from kb.places.areas import Areas
from kb.places.coordinates import Point, to_wgs84
from kb.places.distances import metres
from kb.places.gazetteer import FOLDER, Gazetteer
from kb.places.layer_facts import Fact
from kb.places.layers import Layers
from kb.places.nearby import Located, Nearby, where
from kb.places.place import Place
from kb.places.reading import Candidate, Reader, Reading

# A pin speaks against the words where it is at least so sure of its district: by a boundary, by what is near.
SURE = {"inside": 0.8, "near": 0.95}
# So far from where the words say, a pin shows another place: people pin the road in front, not the house.
APART_M = 1_500.0
# A pin within so many metres of a known place is said by its name: 五四广场附近.
BESIDE_M = 400.0


@dataclass(frozen=True, slots=True)
class Pinned:
    """A pin with what the words said. `said` and `shown` are two places where they do not agree."""

    place: Place
    outside: bool = False
    said: Place | None = None
    shown: Place | None = None

    @property
    def disagree(self) -> bool:
        return self.said is not None and self.shown is not None


@dataclass(frozen=True)
class Atlas:
    """One city's places."""

    gazetteer: Gazetteer
    areas: Areas
    layers: Layers

    @cached_property
    def nearby(self) -> Nearby:
        return Nearby.of(self.gazetteer)

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.gazetteer)

    def read(self, text: str) -> Reading:
        """Where the problem is that the text tells of; what a known coordinate adds is filled in."""
        reading = self.reader.read(text)
        if not reading.candidates:
            return reading
        filled = tuple(replace(one, place=self._filled(one.place)) for one in reading.candidates)
        return replace(reading, candidates=filled)

    def spelt(self, syllables: Sequence[str]) -> list[str]:
        """Names that are written so in pinyin, without tones."""
        return self.reader.spelt(syllables)

    def at(self, point: Point) -> Located:
        """In which divisions a WGS-84 point lies."""
        return where(point, self.areas, self.nearby, self.gazetteer)

    def pinned(self, pin: Place, told: Place | None) -> Pinned:
        """The place of a pin (with `lat`, `lon`, `crs`) together with the words told before, if any."""
        point = point_of(pin)
        if point is None:
            raise ValueError("a pin needs a coordinate")
        found = self.at(point)
        if found.outside:
            return Pinned(pin, outside=True)
        if pin.spot and pin.spot == self._words(replace(pin, text="", spot=None), found):
            pin = replace(pin, spot=None)  # our own words for the point, which the map showed, are no name of it
        shown = _with_divisions(replace(pin, text=self._words(pin, found), pinned=True), found)
        # A pin alone says nothing that a later one could contradict: who sends two corrects the first.
        if told is None or not (told.district or told.precise) or _only_shown(told, pin):
            return Pinned(shown)
        if self._apart(told, point, found):
            return Pinned(shown, said=told, shown=shown)
        sure = max(told.confidence, shown.confidence)
        both = replace(told, lat=pin.lat, lon=pin.lon, crs=pin.crs, pinned=True, confidence=sure)
        return Pinned(_with_divisions(both, found))

    def facts(self, place: Place) -> tuple[Fact, ...]:
        """What the city's own layers say of the place: grid, companies, zones."""
        return self.layers.of(place)

    def _apart(self, told: Place, point: Point, found: Located) -> bool:
        sure = found.district_confidence >= SURE[found.how or "near"]
        if sure and told.district_code and found.district_code and told.district_code != found.district_code:
            return True
        known = None if told.pinned else point_of(told)
        return known is not None and metres(known, point) > APART_M

    def _words(self, pin: Place, found: Located) -> str:
        if pin.spot or found.near is None or found.metres is None or found.metres > BESIDE_M:
            return pin.text
        return f"{found.near}附近"

    def _filled(self, place: Place) -> Place:
        point = point_of(place)
        if point is None or (place.street_code and place.district_code):
            return place
        found = self.at(point)
        if place.district_code and found.district_code != place.district_code:
            return place
        return _with_divisions(place, found)


def load(folder: Path = FOLDER) -> Atlas:
    """Everything in the folder, ready to be asked. Raises ContentError naming file, line, key and value."""
    gazetteer = tables.load(folder)
    atlas = Atlas(
        gazetteer,
        areas_file.load(folder / "areas.geojson", gazetteer),
        layers_folder.load(folder / "layers", gazetteer),
    )
    # Made here, in the one thread that loads: nobody who asks first waits for it, and no two threads make it at once.
    _ = atlas.reader, atlas.nearby
    return atlas


def best(reading: Reading) -> Candidate | None:
    """The likeliest candidate."""
    return reading.candidates[0] if reading.candidates else None


def point_of(place: Place) -> Point | None:
    """The place's coordinate in WGS-84."""
    if place.lat is None or place.lon is None:
        return None
    return to_wgs84((place.lat, place.lon), place.crs or "WGS-84")


def _only_shown(told: Place, pin: Place) -> bool:
    """Whether all that was told is an earlier pin, by its label if it had one."""
    labelled = told.spot is not None and told.text == told.spot and pin.spot is not None
    return bool(told.pinned) and not told.road and (told.spot is None or labelled)


def _with_divisions(place: Place, found: Located) -> Place:
    """The place with the divisions of its point, where the words named none and the point is sure enough."""
    changed = place
    if changed.district is None and found.district and found.district_confidence >= 0.5:
        changed = replace(changed, district=found.district, district_code=found.district_code)
        changed = replace(changed, confidence=max(changed.confidence, found.district_confidence))
    same = changed.district_code is not None and changed.district_code == found.district_code
    if same and changed.street is None and found.street and found.confidence >= 0.5:
        changed = replace(changed, street=found.street, street_code=found.street_code)
    if changed.street_code and changed.street_code == found.street_code and changed.community is None:
        changed = replace(changed, community=found.community, community_code=found.community_code)
    return changed
