"""The dialogue that everybody plays in the bench: an intake in four messages, each about a problem of its own."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, hypot, radians

from kb.places import Place, atlas

# With their full stops: a message that looks unfinished is waited for, which is no question of speed.
OPENING, CONTACT, CONFIRM = "我要反映问题。", "不留电话。", "确认提交。"
PROBLEMS = (
    "{place}门口有一盏路灯坏了三天了，晚上黑得吓人。",
    "{place}门口的垃圾桶满了三天没人收，味道很大。",
    "{place}门口每天早上有人占道摆摊，路都堵了三天了。",
    "{place}门口的井盖响了三天了，吵得睡不着。",
)
TURNS = 4
_KINDS = ("school", "hospital", "market", "compound", "mall", "scenic", "park", "landmark", "station")
# So far apart, in metres, that nobody is asked whether it is the neighbour's problem.
APART = 1200.0


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What one citizen says, in order."""

    lines: tuple[str, ...]


def places() -> list[str]:
    """Names that are understood without asking back, each far from all others."""
    known = atlas.load()
    named = [one for one in known.gazetteer.places if one.kind in _KINDS and len(one.districts) == 1]
    random.Random(20261122).shuffle(named)
    found: list[str] = []
    taken: list[Place] = []
    for one in named:
        text = f"{one.districts[0]}{one.name}"
        reading = known.read(PROBLEMS[0].format(place=text))
        place = reading.place
        if reading.doubt is None and place is not None and place.precise and _far(place, taken):
            found.append(text)
            taken.append(place)
    return found


def _far(place: Place, others: Sequence[Place]) -> bool:
    if place.lat is None or place.lon is None:
        return True
    wide = 111_320 * cos(radians(place.lat))
    return all(
        other.lat is None
        or other.lon is None
        or hypot((place.lat - other.lat) * 110_574, (place.lon - other.lon) * wide) > APART
        for other in others
    )


def dialogues(found: Sequence[str]) -> Iterator[Dialogue]:
    """One after the other, all different, as long as there are places and problems."""
    for problem in PROBLEMS:
        for place in found:
            yield Dialogue((OPENING, problem.format(place=place), CONTACT, CONFIRM))
