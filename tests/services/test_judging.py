"""Sentence vectors of incidents: nobody waits for them, the worker makes them, and what cannot be made is left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from integrations.bootstrap import Services
from kb.matching.meaning import Meaning
from kb.vectors import DIMENSIONS, Array, Space, Unavailable
from tests.builders import filed
from tests.conftest import wait_until
from tests.services.test_worker import working

EVERYWHERE = Space("counted", np.zeros(DIMENSIONS, np.float32), np.eye(DIMENSIONS, dtype=np.float32))


class CountingEmbedder:
    """Gives every text the same vector, unless it is away."""

    name = "counted"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False

    def embed(self, texts: Sequence[str]) -> Array:
        self.asked += texts
        if self.away:
            raise Unavailable("away")
        return np.ones((len(texts), DIMENSIONS), np.float32)


def counting(services: Services) -> CountingEmbedder:
    embedder = CountingEmbedder()
    services.replacements["meaning"] = Meaning(embedder, EVERYWHERE)
    return embedder


def vector(services: Services, incident_id: str) -> bytes | None:
    with services.reading() as tx:
        found = tx.incidents.recent(incident_id)
    assert found is not None
    return found.vector


def test_who_tells_and_files_something_that_nobody_near_has_told_waits_for_no_vector(services: Services) -> None:
    embedder = counting(services)

    complaint = filed(services)

    assert embedder.asked == []
    assert vector(services, complaint.incident_id) is None


def test_the_worker_makes_it(services: Services) -> None:
    counting(services)
    complaint = filed(services)

    with working(services):
        wait_until(lambda: vector(services, complaint.incident_id) is not None, 5)

    assert services.judging.without_vector() == ()


def test_what_the_embedder_does_not_answer_is_left_for_another_time(services: Services) -> None:
    embedder = counting(services)
    complaint = filed(services)
    embedder.away = True
    waiting = services.judging.without_vector()
    assert services.judging.vectors(waiting) == {}

    embedder.away = False
    services.judging.keep(services.judging.vectors(services.judging.without_vector()))

    assert vector(services, complaint.incident_id) is not None


def test_two_workers_at_once_leave_one_vector(services: Services) -> None:
    counting(services)
    complaint = filed(services)
    first = services.judging.vectors(services.judging.without_vector())

    services.judging.keep(first)
    services.judging.keep({complaint.incident_id: b"another"})

    assert vector(services, complaint.incident_id) == first[complaint.incident_id]


def test_a_closed_incident_needs_none_and_without_an_embedder_nothing_waits(services: Services) -> None:
    complaint = filed(services)
    services.replacements["meaning"] = None
    assert services.judging.without_vector() == ()
    counting(services)
    services.__dict__.pop("meaning", None)

    with services.unit_of_work() as tx:
        tx.incidents.close(complaint.incident_id, services.clock())

    assert services.judging.without_vector() == ()
