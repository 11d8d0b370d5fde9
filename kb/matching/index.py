"""Open incidents in memory, found by where they are and what they are about, never by looking at all of them.

By cell of the map and by name of the place, each together with the branch of the category; by the very same words; and,
for those whose place nobody said, by the nearest sentence vectors among the latest of each branch.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice

import numpy as np

from kb.matching.incident import OpenIncident
from kb.matching.keys import asked_keys, cell_of, cells_around, place_keys, point_of
from kb.matching.meaning import unpacked
from kb.matching.policy import Policy, shipped
from kb.matching.sides import side
from kb.matching.texts import letters, plainly
from kb.matching.weighing import Report
from kb.places import Place
from kb.vectors import DIMENSIONS, Array

# Of so many incidents without a place in each branch the vectors are compared, and so many of them are looked at.
MOST_VECTORS = 4_000
NEAREST = 40
# Names are looked for in the words of a report up to this length.
_NAMES = range(3, 9)
_MOST_WORDS = 200
# Under one key no more than so many of each branch are looked at: a road may have thousands.
MOST_UNDER = 200
# Of branches that are not near, so many: people tell of one matter in ways that the categories hold far apart.
MOST_FAR = 10
# A category that is less likely is not looked for.
MAYBE = 0.08
# Of so many further reports of an incident the words are remembered.
MOST_TELLINGS = 4
_LONG = ("路", "街", "大道", "巷")
_NOWHERE = Place(text="")
# A place from a list may be so much farther away than the radius.
_LISTED_M = 400.0


class Vectors:
    """The latest vectors of one branch; the oldest makes room for the next."""

    def __init__(self, most: int = MOST_VECTORS) -> None:
        self._most, self._next = most, 0
        self._rows: Array = np.zeros((0, DIMENSIONS), dtype=np.float32)
        self._ids: list[str] = []

    def add(self, incident: str, vector: bytes | None) -> None:
        """Remember the vector; what is none is left out."""
        row = unpacked(vector)
        if row is None:
            return
        if len(self._ids) < self._most:
            if len(self._ids) == len(self._rows):
                grown = np.zeros((max(64, 2 * len(self._rows)), DIMENSIONS), dtype=np.float32)
                grown[: len(self._rows)] = self._rows
                self._rows = grown
            self._rows[len(self._ids)] = row
            self._ids.append(incident)
        else:
            self._rows[self._next], self._ids[self._next] = row, incident
            self._next = (self._next + 1) % self._most

    def nearest(self, vector: bytes | None, most: int) -> list[str]:
        """The ids with the nearest vectors, nearest first."""
        row = unpacked(vector)
        count = len(self._ids)
        if not count or row is None:
            return []
        likeness = self._rows[:count] @ row
        best = np.argpartition(-likeness, min(most, count) - 1)[:most]
        return [self._ids[n] for n in sorted(best, key=lambda n: -likeness[n])]


class MemoryIndex:
    """Incidents that a report may be about. Not safe to use from several threads at once."""

    def __init__(self, incidents: Iterable[OpenIncident] = (), policy: Policy | None = None) -> None:
        self._policy = policy or shipped()
        self._all: dict[str, OpenIncident] = {}
        self._told: dict[str, deque[OpenIncident]] = {}
        # By cell, name, rare run of characters or the whole words: the incidents of each branch, in order of arrival.
        self._at: dict[str, dict[str, dict[str, None]]] = {}
        self._vectors: dict[str, Vectors] = defaultdict(Vectors)
        for incident in incidents:
            self.put(incident)

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, incident: str) -> OpenIncident:
        return self._all[incident]

    def put(self, incident: OpenIncident) -> None:
        """Add an incident, or what is new of one that is there: its category, place and words stay as they were."""
        known = incident.id in self._all
        self._all[incident.id] = incident
        if known:
            return
        self._remember(incident)

    def tellings(self, incident: str) -> tuple[OpenIncident, ...]:
        """The incident as it was first told and as it was told lately, all as it is now. Raises KeyError."""
        now = self._all[incident]
        again = (
            replace(now, category=o.category, place=o.place, summary=o.summary, vector=o.vector, likely=o.likely)
            for o in self._told.get(incident, ())
        )
        return (now, *again)

    def _remember(self, incident: OpenIncident) -> None:
        branch = incident.category[:2]
        for key in _keys_of(incident):
            self._at.setdefault(key, {}).setdefault(branch, {})[incident.id] = None
        if not side(incident.place, incident.summary).placed:
            self._vectors[branch].add(incident.id, incident.vector)

    def tell(self, incident: str, report: Report) -> None:
        """Add what a further report says of an incident: found by that too, and compared with it. Raises KeyError."""
        told = self._all[incident]
        place = report.place or _NOWHERE
        telling = replace(
            told, category=report.category, place=place, summary=report.text, vector=report.vector, likely=report.likely
        )
        self._remember(telling)
        self._told.setdefault(incident, deque(maxlen=MOST_TELLINGS)).append(telling)

    def drop(self, incident: str) -> None:
        """Forget an incident; one that is not there is forgotten already."""
        gone = self._all.pop(incident, None)
        for telling in (gone, *self._told.pop(incident, ())):
            for key in _keys_of(telling) if telling else ():
                by_branch = self._at.get(key, {})
                for ids in by_branch.values():
                    ids.pop(incident, None)

    def candidates(self, report: Report) -> list[OpenIncident]:
        """Those that may be the same problem, the likeliest kind of evidence first, each once."""
        found = dict.fromkeys(self._found(report))
        return [self._all[one] for one in found if one in self._all]

    def _found(self, report: Report) -> Iterator[str]:
        codes = (report.category, *(code for code, chance in report.likely if chance >= MAYBE))
        branches = dict.fromkeys(branch for code in codes for branch in self._policy.branches(code))
        place = report.place or _NOWHERE
        yield from self._under(f"={plainly(report.text)}", None)
        for key in asked_keys(place, report.text):
            # At a house, a spot or a crossing all problems are few; along a road they are not.
            yield from self._under(key, branches if key.endswith(_LONG) else None)
        if (point := point_of(place)) is not None:
            radius = self._policy.of(report.category).radius + (0.0 if place.pinned else _LISTED_M)
            for cell in cells_around(point, radius):
                yield from self._under(f"@{cell}", branches)
                yield from self._under(f"@{cell}", None, MOST_FAR)
        for name in _names_in(report.text):
            yield from self._under(f"*/{name}", branches)
        for run in sorted(letters(report.text).rare):
            yield from self._under(f"~{run}", branches)
            yield from self._few(f"~{run}")
        if report.vector is not None:
            for branch in branches:
                if branch in self._vectors:
                    yield from self._vectors[branch].nearest(report.vector, NEAREST)

    def _few(self, key: str) -> Iterator[str]:
        """All incidents under a key that only few have, whatever their branches: a name, not a way of speaking."""
        by_branch = self._at.get(key, {})
        if sum(map(len, by_branch.values())) <= MOST_FAR:
            yield from chain.from_iterable(by_branch.values())

    def _under(self, key: str, branches: Iterable[str] | None, most: int = MOST_UNDER) -> Iterator[str]:
        """The latest incidents under a key, of these branches or of all."""
        by_branch = self._at.get(key)
        if by_branch:
            for branch in by_branch if branches is None else branches:
                yield from islice(reversed(by_branch.get(branch, {})), most)


def _keys_of(incident: OpenIncident) -> Iterator[str]:
    if (point := point_of(incident.place)) is not None:
        yield f"@{cell_of(point)}"
    yield from place_keys(incident.place, incident.summary)
    yield f"={plainly(incident.summary)}"
    for run in letters(incident.summary).rare:
        yield f"~{run}"


def _names_in(text: str) -> Iterator[str]:
    """What in the words may be a name that an incident is stored under: runs that no example has."""
    told = letters(text)
    plain = told.plain[:_MOST_WORDS]
    for start in range(len(plain) - 2):
        if plain[start : start + 3] in told.rare:
            for length in _NAMES:
                if start + length <= len(plain):
                    yield plain[start : start + length]
