"""Which incidents a report may be about: found by the index, weighed by `kb.matching`, shown to the citizen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from integrations.services.incident_ports import Alike
from integrations.services.judging import Judged, Judging
from integrations.services.ports import Clock, Transaction, UnitOfWork
from kb import matching
from kb.lifecycle import OPEN, Status
from kb.matching import OpenIncident, Similar
from kb.matching.keys import asked_keys, cells_around, point_of
from kb.matching.promising import MOST
from kb.places.coordinates import Point
from kb.report import Draft

# Who is shown one incident answers sooner than who is shown five; with none likely enough, so many.
SHOWN_FIRST = 3


class _Here(TypedDict):
    """Where and since when other incidents are looked for, as `Incidents.candidates` is asked."""

    branches: Sequence[str]
    cells: Sequence[str]
    keys: Sequence[str]
    point: Point | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Offer:
    """An incident as a citizen is shown it. `own` is the number of the citizen's own open ticket about it."""

    match: Similar
    status: Status | None
    own: str | None


@dataclass(frozen=True, kw_only=True)
class Comparing:
    """The use case. It changes nothing."""

    reading: UnitOfWork
    clock: Clock
    judging: Judging

    def similar(self, draft: Draft) -> tuple[Similar, ...]:
        """At most five incidents, the likeliest first; open ones, and those closed so lately that they may be back."""
        if not (draft.category and draft.place and draft.place.precise):
            return ()
        policy = matching.shipped()
        kind, place, now = policy.of(draft.category), draft.place, self.clock()
        point = point_of(place)
        here: _Here = {
            "branches": policy.branches(draft.category),
            "cells": cells_around(point, kind.radius) if point else (),
            "keys": asked_keys(place, draft.description),
            "point": point,
            "since": now - kind.recurs if kind.recurs else None,
        }
        with self.reading() as tx:
            if not tx.incidents.candidates(**here, limit=1):
                return ()
        judged = self.judging.judge(draft.description)  # between the two: an embedder may take its time
        with self.reading() as tx:
            candidates = tx.incidents.candidates(**here, alike=Alike(draft.category, judged.vector, now), limit=MOST)
            beside = _of_one_message(tx, draft)
        return self._weighed(draft, (one for one in candidates if one.id not in beside), judged)

    def offers(self, draft: Draft, conversation_id: str) -> tuple[Offer, ...]:
        """Those found before that are still there, best first, with what stands of each."""
        if not (draft.similar and draft.place and draft.category):
            return ()
        judged = self.judging.judge(draft.description)  # before the transaction: an embedder may take its time
        with self.reading() as tx:
            found = [tx.incidents.recent(incident) for incident in draft.similar]
            there = {incident.id: incident for incident in found if incident}
            weighed = self._weighed(draft, there.values(), judged)
            conversation = tx.conversations.get(conversation_id)
            offers = []
            for one in weighed:
                first = tx.complaints.first_of_incident(one.incident.id)
                if first and first.status is Status.WITHDRAWN:
                    continue  # everybody has taken it back
                mine = (
                    tx.complaints.first_of_incident(one.incident.id, conversation.citizen_id) if conversation else None
                )
                own = mine.number if mine and mine.status in OPEN else None
                offers.append(Offer(one, first.status if first else None, own))
        return tuple(offers)

    def shown(self, draft: Draft, offers: Sequence[Offer]) -> int:
        """How many of them the citizen is to see: one where that alone is surely the same, else a few, or all."""
        bar = matching.shipped().bars.same
        sure = [one.match.automatic for one in offers if one.match.score >= bar] == [True]
        return min(len(offers), max(draft.similar_shown, 1 if sure else SHOWN_FIRST))

    def _weighed(self, draft: Draft, incidents: Iterable[OpenIncident], judged: Judged) -> tuple[Similar, ...]:
        return matching.similar(
            code=draft.category or "",
            place=draft.place,
            text=draft.description,
            now=self.clock(),
            incidents=incidents,
            vector=judged.vector,
            likely=() if draft.category_confidence == 1.0 else judged.likely,
        )


def _of_one_message(tx: Transaction, draft: Draft) -> frozenset[str]:
    """The incidents of the problems that the citizen told beside this one: they said themselves that it is another."""
    base, _, nth = draft.id.partition("-")
    former = (base, *(f"{base}-{n}" for n in range(2, int(nth)))) if nth.isdecimal() else ()
    found = [tx.complaints.by_draft(one) for one in former]
    return frozenset(one.incident_id for one in found if one)
