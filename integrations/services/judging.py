"""What is kept of a text so that others can be compared with it: its meaning, and the categories it may be about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.services.ports import UnitOfWork
from kb.matching import Likely, OpenIncident, likely_categories
from kb.understanding import Understanding

if TYPE_CHECKING:
    from kb.matching.meaning import Meaning

# So many incidents get their vectors before they are written down: about half a second of a core.
AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """`vector` as `kb.matching.meaning.packed` writes it, None without an embedder; `likely` as in an incident."""

    vector: bytes | None = None
    likely: Likely = ()


@dataclass(frozen=True, kw_only=True)
class Judging:
    """The use case. `meaning` gives the maker of vectors, or None; it is asked for when the first text comes.

    A vector takes some forty milliseconds of a core, ten times as long as all else in a turn. So it is made while
    somebody waits only where there is something to compare with, and for a new incident by the worker.
    """

    understanding: Understanding
    unit_of_work: UnitOfWork
    reading: UnitOfWork
    meaning: Callable[[], Meaning | None] = lambda: None

    def judge(self, text: str) -> Judged:
        """A text of any length; its beginning counts."""
        maker = self.meaning()
        return Judged(maker.of([text])[0] if maker else None, self.likely(text))

    def likely(self, text: str) -> Likely:
        """The categories that a text may be about; takes no vector."""
        return likely_categories(self.understanding.classify(text))[1]

    def without_vector(self) -> Sequence[OpenIncident]:
        """Open incidents that wait for a vector, the latest first; nothing where nobody makes vectors here."""
        with self.reading() as tx:
            waiting = tx.incidents.without_vector(AT_ONCE)
        return waiting if waiting and self.meaning() else ()

    def vectors(self, incidents: Sequence[OpenIncident]) -> dict[str, bytes]:
        """Their vectors by id: the slow part, without a transaction. Left out is what the embedder does not answer."""
        maker = self.meaning()
        made = {one.id: maker.of([one.summary])[0] for one in incidents} if maker else {}
        return {incident_id: vector for incident_id, vector in made.items() if vector}

    def keep(self, vectors: Mapping[str, bytes]) -> None:
        """Write them down. Any number of workers may do so; what is there already stays."""
        with self.unit_of_work() as tx:
            for incident_id, vector in vectors.items():
                tx.incidents.give_vector(incident_id, vector)
