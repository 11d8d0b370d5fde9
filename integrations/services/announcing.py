"""News of a conversation, and how it stands: for whoever follows it while it goes on.

What a transaction changed is announced after its commit, to every process. News may be lost, and nothing depends on
it: followers also look on their own every so often.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from integrations.services.ports import UnitOfWork
from integrations.services.records import Line


class News(Protocol):
    """Carries the ids of conversations that have changed from any process to all that listen."""

    def tell(self, conversations: Collection[str]) -> None:
        """Announce them. Never fails and never keeps the caller waiting for long."""

    def listen(self) -> AsyncIterator[frozenset[str]]:
        """What is announced from now on; first an empty set, when it is heard. Raises TryLater when it ends."""


@dataclass(frozen=True)
class Standing:
    """How a conversation stands: the lines asked for, the last one's number, whether an answer is on its way."""

    conversation: str
    lines: Sequence[Line]
    latest: int
    pending: bool


@dataclass(frozen=True, kw_only=True)
class Following:
    """What followers read."""

    reading: UnitOfWork

    def look(self, conversation_id: str, after: int) -> Standing | None:
        """How it stands, with at most 200 lines after that number; None for one that is gone or erased.

        Where it goes on in another conversation, that one from its first line; and from the first where the number is
        higher than any.
        """
        with self.reading() as tx:
            found = tx.conversations.get(conversation_id)
            if found is None:
                return None
            latest = tx.conversations.last_seq(found.id)
            anew = found.id != conversation_id or latest < after
            # before the lines: an answer that comes in between is then shown at the next look
            pending = bool(tx.conversations.pending(found.id))
            lines = tx.conversations.lines(found.id, after=0 if anew else after)
            if not lines and not tx.conversations.lines(found.id, limit=1):
                return None  # erased: every other one has a greeting
            return Standing(found.id, lines, latest, pending)

    def changed(self, known: Mapping[str, int]) -> Collection[str]:
        """Those of the conversations, given with the last number known of each, that may stand otherwise now."""
        with self.reading() as tx:
            standing = tx.conversations.numbers(list(known))
        return [one for one, latest in known.items() if standing.get(one) != latest]
