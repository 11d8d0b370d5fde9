"""Whether something of one citizen stands where another one, or a reader of logs, sees it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from tests.conversations.fuzzing import markers
from tests.conversations.fuzzing.markers import Markers

# Cards that tell of a ticket. On others a number that was said stands in the citizen's own words.
OWN_WORDS = "问题"
_OF_TICKETS = ("ticket", "progress")
_NUMBER = re.compile(r"(?<!\d)\d{4}[\u00a0 ]?\d{4}[\u00a0 ]?\d{4}(?!\d)")


@dataclass
class Ledger:
    """Whose each marker and each ticket is. Several threads may use it at once."""

    citizens: Mapping[int, Markers]
    _words: dict[str, int] = field(default_factory=dict)
    _personal: dict[str, int] = field(default_factory=dict)
    _tickets: dict[str, int] = field(default_factory=dict)
    _said: dict[int, set[str]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        for citizen, mine in self.citizens.items():
            self._words[mine.word] = citizen
            self._personal |= dict.fromkeys(mine.personal, citizen)

    # -- tickets ---------------------------------------------------------------------------------------------

    def filed(self, citizen: int, number: str) -> None:
        """That ticket, however it is written, was shown to its citizen when it was filed."""
        with self._lock:
            self._tickets.setdefault(re.sub(r"\D", "", number), citizen)

    def somebody_elses(self, citizen: int, part: float) -> str | None:
        """A ticket number of another citizen, by a part of 1, and from now on one that this citizen says."""
        with self._lock:
            numbers = [number for number, owner in self._tickets.items() if owner != citizen]
            if not numbers:
                return None
            chosen = numbers[int(part * len(numbers))]
            self._said.setdefault(citizen, set()).add(chosen)
            return chosen

    @property
    def tickets(self) -> int:
        """How many have been filed."""
        return len(self._tickets)

    # -- looking ---------------------------------------------------------------------------------------------

    def foreign(self, citizen: int, text: str, *, personal_only: bool = False) -> Iterator[str]:
        """Markers of others in a text; with `personal_only` their words do not count."""
        for marker in markers.found(text):
            owner = self._personal.get(marker)
            if owner is None and not personal_only:
                owner = self._words.get(marker)
            if owner not in (None, citizen):
                yield f"{marker} of citizen {owner}"

    def foreign_tickets(self, citizen: int, text: str, *, said_is_fine: bool) -> Iterator[str]:
        """Ticket numbers of others in a text; those that the citizen has said may be repeated in words."""
        with self._lock:
            said = self._said.get(citizen, set()) if said_is_fine else set()
            for hit in _NUMBER.finditer(text):
                number = re.sub(r"\D", "", hit.group())
                if self._tickets.get(number, citizen) != citizen and number not in said:
                    yield f"ticket {number} of citizen {self._tickets[number]}"

    def in_message(self, citizen: int, message: Mapping[str, Any]) -> Iterator[str]:
        """What of others stands in a message as this citizen sees it, or as its line is stored.

        The title of an incident is in its first reporter's words, and open to everybody; nothing personal is.
        """
        card = dict(message.get("card") or {})
        if card.get("kind") == "incidents":
            items = [dict(one) for one in card.get("items") or ()]
            for item in items:
                yield from self.foreign(citizen, str(item.pop("title", "")), personal_only=True)
            card["items"] = items
        own = [row for row in card.get("rows") or () if row.get("label") == OWN_WORDS]
        if own:  # the citizen's own words, which may name any number
            card["rows"] = [row for row in card["rows"] if row.get("label") != OWN_WORDS]
            yield from self.foreign(citizen, str(own))
            yield from self.foreign_tickets(citizen, str(own), said_is_fine=True)
        shown = json.dumps(card, ensure_ascii=False)
        words = json.dumps({k: v for k, v in message.items() if k != "card"}, ensure_ascii=False)
        for text, fine in ((shown, card.get("kind") not in _OF_TICKETS), (words, True)):
            yield from self.foreign(citizen, text)
            yield from self.foreign_tickets(citizen, text, said_is_fine=fine)

    def anybodys(self, text: str) -> Iterator[str]:
        """Markers of anybody in a text that none belongs into, such as a log line."""
        for marker in markers.found(text):
            if marker in self._personal or marker in self._words:
                yield marker
