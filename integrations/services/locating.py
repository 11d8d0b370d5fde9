"""Finding out where the problem is, together with the citizen: words, a pin, a tap, and what to ask when unsure."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from integrations.services.errors import NeedsPerson, TryLater
from integrations.services.ports import Geocoder
from kb.places import Place, without_flat
from kb.places.atlas import Atlas
from kb.places.layer_facts import Fact
from kb.places.reading import Doubt, Reading
from kb.report import Draft
from kb.text import hide_phones, shortened

# At most so many places are offered; more would be a list to study.
MOST_OFFERED = 3
# Below this our own evidence is weak, and a map service is asked where the city has one.
WEAK = 0.5
# Words that name no place, but a spot at a place that is still to be named.
_HERE = re.compile(
    r"我家|俺家|家里|家门口|楼下|楼上|楼道|门口|院里|院子|小区里?$|我们小区|这里|这儿|那里|那儿|这边|那边|附近|村里|村头|老地方|上次|隔壁|对门|我们楼|单元"
)
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
        if reading.place is None or not _better(reading.place, draft.place):
            return draft
        return self._taken(draft, reading)

    def answered(self, draft: Draft, text: str) -> Draft:
        """The draft after an answer to the question where it is."""
        reading = self.read(f"{draft.place_hint} {text}" if draft.place_hint and not self._names(text) else text)
        draft = replace(draft, elsewhere=None)
        if reading.doubt is Doubt.ELSEWHERE:
            return replace(draft, elsewhere=reading.elsewhere)
        if reading.place is not None:
            if option := _one_of(draft.place_options, reading.place):
                return _moved(draft, option)
            place = reading.place
            if draft.place_hint and draft.place_hint not in place.text:  # 翠湖花园（我家楼下）
                place = replace(place, text=f"{place.text}（{draft.place_hint}）")
            return replace(self._taken(draft, _at(reading, place)), place_hint=None)
        words = shortened(without_flat(hide_phones(text)), 80)
        if _HERE.search(text) and draft.place_hint is None:
            hint = shortened(words, 20)
            kept = draft.place or Place(text="")
            return replace(
                draft, place_hint=hint, place_options=(), place=replace(kept, text=f"{kept.text} {hint}".strip())
            )
        if draft.place_hint and draft.place_hint not in words:
            words = f"{words}（{draft.place_hint}）"
        said = Place(text=words, spot=shortened(words, 40), confidence=0.1)
        return _moved(draft, _completed(self._asked_outside(said), draft.place))

    def corrected(self, draft: Draft, text: str) -> Draft | None:
        """The draft with the place that a correction names; None when it names none."""
        reading = self.read(text)
        if reading.place is None:
            return None
        return self._taken(draft, reading)

    def pinned(self, draft: Draft, pin: Place) -> tuple[Draft, tuple[str, ...]]:
        """The draft after a pin, and what to remark."""
        found = self.places().pinned(pin, draft.place)
        if found.outside:
            return draft, ("report.pin_outside",)
        if found.said and found.shown:
            return replace(draft, place_options=(found.said, found.shown), elsewhere=None), ()
        return replace(_moved(draft, found.place), place_hint=None, elsewhere=None), ()

    def chosen(self, draft: Draft, value: str) -> Draft | None:
        """The draft after a tap on one of the offered places; None for a button of before."""
        if value == "none":
            return replace(draft, place_options=(), elsewhere=None, place=_roughly(draft.place))
        if value.isdigit() and int(value) < len(draft.place_options):
            return _moved(draft, draft.place_options[int(value)])
        return None

    def names_a_place(self, text: str) -> bool:
        """Whether the words name a place, or words that answer where it is."""
        return self._names(text) or bool(_HERE.search(text) and len(text) <= 12)

    def read(self, text: str) -> Reading:
        """As `Atlas.read`; where our own evidence is weak, with what the city's map service knows."""
        reading = self.places().read(text)
        first = reading.candidates[0] if reading.candidates else None
        if first is None or reading.doubt is Doubt.VAGUE or first.confidence >= WEAK or first.place.lat is not None:
            return reading
        found = self._asked_outside(first.place)
        if found == first.place:
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

    def facts(self, place: Place) -> tuple[Fact, ...]:
        """What the city's own layers say of the place."""
        return self.places().facts(place)

    def _names(self, text: str) -> bool:
        reading = self.places().read(text)
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
        """The place with the point and the divisions that the map service gives; as it is where that knows nothing."""
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
        if shown.outside:
            return place
        district = place.district or shown.place.district
        same = shown.place.district == district
        return replace(
            place,
            lat=found.lat,
            lon=found.lon,
            crs="WGS-84",
            district=district,
            district_code=place.district_code or shown.place.district_code,
            street=place.street or (shown.place.street if same else None),
            street_code=place.street_code or (shown.place.street_code if same else None),
            confidence=max(place.confidence, round(found.confidence * 0.9, 3)),
        )


def _options(reading: Reading) -> tuple[Place, ...]:
    """The places to ask between: where one name lies in several districts, or the words contradict each other."""
    if reading.doubt is not Doubt.WHICH:
        return ()
    placed = [one.place for one in reading.candidates if one.place.district]
    return tuple(placed) if 2 <= len(placed) <= MOST_OFFERED else ()


def _at(reading: Reading, place: Place) -> Reading:
    """The reading with its first place in these words."""
    first, *others = reading.candidates
    return replace(reading, candidates=(replace(first, place=place), *others))


def _one_of(options: tuple[Place, ...], said: Place) -> Place | None:
    """The offered place that an answer such as 市北区的 means."""
    if said.precise or not said.district:
        return None
    meant = [place for place in options if place.district == said.district]
    return meant[0] if len(meant) == 1 else None


def _moved(draft: Draft, place: Place) -> Draft:
    """The draft at another place: what was found at the old one no longer counts."""
    return replace(
        draft, place=place, place_options=(), known_issue=None, similar=(), join=None, place_hint=draft.place_hint
    )


def _better(place: Place, known: Place | None) -> bool:
    return known is None or (place.precise and not known.precise) or place.confidence > known.confidence


def _completed(place: Place, known: Place | None) -> Place:
    """The newly told place; what was told before stays where the new words leave it open."""
    if known is None:
        return place
    if known.district and not place.district:
        place = replace(
            place,
            district=known.district,
            district_code=known.district_code,
            street=place.street or known.street,
            street_code=place.street_code or known.street_code,
        )
    same = known.district is None or place.district is None or known.district == place.district
    if place.lat is None and known.lat is not None and same and not known.spot:
        place = replace(place, lat=known.lat, lon=known.lon, crs=known.crs)
    return place


def _roughly(place: Place | None) -> Place | None:
    """What is left of a place when none of the offered ones is right: its words, without a district."""
    return Place(text=place.text, road=None, spot=None, confidence=0.1) if place else None
