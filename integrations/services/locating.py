"""Finding out where the problem is, together with the citizen: words, a pin, a tap, and what to ask when unsure."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from integrations.services.errors import NeedsPerson, TryLater
from integrations.services.ports import Geocoder
from kb.normalising import plain
from kb.places import Place, without_flat
from kb.places.atlas import Atlas
from kb.places.layer_facts import Fact, concerns
from kb.places.reading import Doubt, Reading
from kb.report import Draft
from kb.text import shortened

# At most so many places are offered; more would be a list to study.
MOST_OFFERED = 3
# Below this our own evidence is weak, and a map service is asked where the city has one.
WEAK = 0.5
# Words that name no place, but a spot at a place that is still to be named.
_HERE = re.compile(
    r"我家|俺家|家里|家门口|楼下|楼上|楼道|门口|院里|院子|小区里?$|我们小区|这里|这儿|那里|那儿|这边|那边|附近|村里|村头|老地方|上次|隔壁|对门|我们楼|单元"
)
# A house number: with one a map service can tell which of several roads of that name is meant.
_HOUSE = re.compile(r"\d+(?:[-－]\d+)?号(?![楼线])")
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Locating:
    """The use case. `places` gives the atlas in use; `geocoder` is there only where the city has one."""

    places: Callable[[], Atlas]
    geocoder: Callable[[], Geocoder | None] = lambda: None

    def heard(self, draft: Draft, text: str) -> Draft:
        """The draft with the place that the words tell, where it is better than the one known."""
        reading = self.read(text)
        if reading.doubt is Doubt.ELSEWHERE and draft.place is None:
            return replace(draft, elsewhere=reading.elsewhere)
        if reading.place is None:
            return draft
        if draft.place and _only_pinned(draft.place) and reading.place.precise:  # the pin came first
            return self.pinned(replace(draft, place=reading.place), draft.place)[0]
        return self._taken(draft, reading) if _better(reading.place, draft.place) else draft

    def answered(self, draft: Draft, text: str) -> Draft:
        """The draft after an answer to the question where it is."""
        hint = draft.place_hint
        reading = self.read(f"{hint} {text}" if hint and not self._names(text) else text)
        draft = replace(draft, elsewhere=None)
        if reading.doubt is Doubt.ELSEWHERE:
            return replace(draft, elsewhere=reading.elsewhere)
        if reading.place is not None:
            if option := _one_of(draft.place_options, reading.place):
                return _moved(draft, option)
            return self._taken(draft, _hinted(reading, hint))
        words = shortened(without_flat(text), 80)
        if not words:  # nothing but a flat or a telephone
            return draft
        if _HERE.search(text) and hint is None:
            hint = shortened(words, 20)
            kept = draft.place or Place(text="")
            return replace(
                draft, place_hint=hint, place_options=(), place=replace(kept, text=f"{kept.text} {hint}".strip())
            )
        said = _completed(Place(text=words, spot=shortened(words, 40), confidence=0.1), draft.place)
        if said.lat is None:
            said = self._asked_outside(said)
        return _moved(draft, replace(said, text=_joined(said.text, hint)))

    def corrected(self, draft: Draft, text: str) -> Draft | None:
        """The draft with the place that a correction names; None when it names none."""
        reading = self.read(text)
        if reading.place is None:
            return None
        return self._taken(draft, reading)

    def pinned(self, draft: Draft, pin: Place) -> tuple[Draft, tuple[str, ...]]:
        """The draft after a pin, and what to remark."""
        label = without_flat(pin.spot or "") or None
        found = self.places().pinned(replace(pin, text=without_flat(pin.text), spot=label), draft.place)
        if found.outside:
            return draft, ("report.pin_outside",)
        if found.said and found.shown:
            return replace(draft, place_options=(found.said, found.shown), pinned=True, elsewhere=None), ()
        place = replace(found.place, text=_joined(found.place.text, draft.place_hint))
        return replace(_moved(draft, place), elsewhere=None), ()

    def chosen(self, draft: Draft, value: str) -> Draft | None:
        """The draft after a tap on one of the offered places; None for a button of before."""
        if value == "none" and draft.place_options:
            return replace(_moved(draft, _roughly(draft.place)), elsewhere=None)
        offered = {str(number): place for number, place in enumerate(draft.place_options)}
        return _moved(draft, offered[value]) if value in offered else None

    def names_a_place(self, text: str) -> bool:
        """Whether the words name a place, or words that answer where it is."""
        return self._names(text) or bool(_HERE.search(text) and len(text) <= 12)

    def read(self, text: str) -> Reading:
        """As `Atlas.read`; where our own evidence is weak, with what the city's map service knows.

        Which of several places of one name is meant, the service decides only by a house number: asked for 合肥路 it
        names any of them, and the citizen knows better.
        """
        reading = self._heard(text)
        first = reading.candidates[0] if reading.candidates else None
        if first is None or reading.doubt is Doubt.VAGUE or first.confidence >= WEAK or first.place.lat is not None:
            return reading
        several = {one.place.district for one in reading.candidates[1:]} if reading.doubt is Doubt.WHICH else set()
        if several and (first.place.district or not _HOUSE.search(first.place.text)):
            return reading
        found = self._asked_outside(first.place)
        if found == first.place or (several and found.district not in several):
            return reading
        return Reading((replace(first, place=found, confidence=found.confidence),), None)

    def with_layers(self, place: Place | None) -> Place | None:
        """The place with what the city's own layers say of it, for the ticket and the department."""
        facts = self.facts(place) if place else ()
        if place is None or not facts:
            return place
        values: dict[str, list[str]] = {}
        for fact in facts:
            values.setdefault(fact.kind, []).append(fact.value)
        return replace(place, layers=tuple((kind, "；".join(said)) for kind, said in values.items()))

    def told(self, place: Place | None, category: str) -> tuple[Fact, ...]:
        """What of it concerns a citizen with a problem of that category and may be told."""
        return tuple(
            fact for fact in (self.facts(place) if place else ()) if fact.tell and concerns(fact.kind, category)
        )

    def facts(self, place: Place) -> tuple[Fact, ...]:
        """What the city's own layers say of the place."""
        return self.places().facts(place)

    def _heard(self, text: str) -> Reading:
        """What the words say of the place, in whatever spelling, pinyin and English too."""
        places = self.places()
        return places.read(plain(text, places.spelt).text)

    def _names(self, text: str) -> bool:
        reading = self._heard(text)
        return reading.place is not None or reading.doubt is Doubt.ELSEWHERE

    def _taken(self, draft: Draft, reading: Reading) -> Draft:
        """The draft at the place that was read; a district told before decides between places of one name."""
        known = draft.place.district if draft.place else None
        there = [one.place for one in reading.candidates if known and one.place.district == known]
        if there and reading.place and not reading.place.district:
            return replace(_moved(draft, _completed(there[0], draft.place)), elsewhere=None)
        options = _options(reading)
        if known and options and known not in {place.district for place in options}:
            options = ()
        place = _completed(reading.candidates[0].place, None if options else draft.place)
        return replace(_moved(draft, place), place_options=options, elsewhere=None)

    def _asked_outside(self, place: Place) -> Place:
        """The place with the point and the divisions that the map service gives.

        As it is where that knows nothing, or a point outside the city or in another district than was said.
        """
        geocoder = self.geocoder()
        if geocoder is None:
            return place
        try:
            found = geocoder.find(place.text, district=place.district)
        except (TryLater, NeedsPerson) as wrong:
            log.warning("the map service was no help: %s", wrong)
            return place
        if found is None:
            return place
        pin = Place(text=place.text, spot=place.spot, lat=found.lat, lon=found.lon, crs="WGS-84")
        shown = self.places().pinned(pin, None)
        theirs = self.places().gazetteer.district(found.district or shown.place.district or "")
        if shown.outside or (place.district and theirs and theirs.name != place.district):
            return place
        sure = max(place.confidence, round(found.confidence * 0.9, 3))
        place = replace(place, lat=found.lat, lon=found.lon, crs="WGS-84", confidence=sure)
        if theirs and not place.district:
            place = replace(place, district=theirs.name, district_code=theirs.code)
        if place.street or not place.district or shown.place.district != place.district:
            return place
        return replace(place, street=shown.place.street, street_code=shown.place.street_code)


def _options(reading: Reading) -> tuple[Place, ...]:
    """The places to ask between: where one name lies in several districts, or the words contradict each other."""
    if reading.doubt is not Doubt.WHICH:
        return ()
    placed = [one.place for one in reading.candidates if one.place.district]
    return tuple(placed) if 2 <= len(placed) <= MOST_OFFERED else ()


def _joined(text: str, hint: str | None) -> str:
    """翠湖花园（我家楼下）"""
    if not hint or hint in text:
        return text
    return f"{text}（{hint}）" if text else hint


def _hinted(reading: Reading, hint: str | None) -> Reading:
    """The reading with the hint in the words of every place."""
    places = [replace(one.place, text=_joined(one.place.text, hint)) for one in reading.candidates]
    hinted = [replace(one, place=place) for one, place in zip(reading.candidates, places, strict=True)]
    return replace(reading, candidates=tuple(hinted))


def _only_pinned(place: Place) -> bool:
    return bool(place.pinned) and not (place.road or place.spot)


def _one_of(options: tuple[Place, ...], said: Place) -> Place | None:
    """The offered place that an answer such as 市北区的 means."""
    if said.precise or not said.district:
        return None
    meant = [place for place in options if place.district == said.district]
    return meant[0] if len(meant) == 1 else None


def _moved(draft: Draft, place: Place | None) -> Draft:
    """The draft at another place: what was found and asked at the old one no longer counts."""
    asked = replace(draft, place_options=(), pinned=False, place_hint=None)
    return replace(asked, place=place, known_issue=None, similar=(), join=None)


def _better(place: Place, known: Place | None) -> bool:
    return known is None or (place.precise and not known.precise) or place.confidence > known.confidence


def _completed(place: Place, known: Place | None) -> Place:
    """The newly told place; what was told before stays where the new words leave it open."""
    if known is None:
        return place
    if known.district and not place.district:
        place = replace(place, district=known.district, district_code=known.district_code)
        if not (place.street or known.road or known.spot):  # of another road or spot it is no street of this one
            place = replace(place, street=known.street, street_code=known.street_code)
    same = known.district is None or place.district is None or known.district == place.district
    if place.lat is None and known.pinned and same and not known.spot:
        place = replace(place, lat=known.lat, lon=known.lon, crs=known.crs, pinned=True)
    return place


def _roughly(place: Place | None) -> Place | None:
    """What is left of a place when none of the offered ones is right: its words, without a district."""
    return Place(text=place.text, road=None, spot=None, confidence=0.1) if place else None
