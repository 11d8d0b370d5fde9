"""A citizen and two clerks at the desk, with what the dialogue would remember."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.handover_records import Handover
from integrations.services.handover_speech import Asked
from integrations.services.records import Bubble, Line, Option, Said, Sender
from kb.handover.states import Reason
from kb.working_time import CITY_TIME
from tests.builders import conversation
from tests.fakes import FakeListener

WANG, LI = "王芳", "李强"
QUESTION = Bubble("请问这件事在什么地方？", (Option("说不清地方", '/choose{"option": "place:unknown"}'),))
PHONE = "13812345678"


def at(day: int, clock: str) -> datetime:
    """A moment of November 2026 in the city; the 21st is a Saturday."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=CITY_TIME)


class MemoryTrackers:
    """The `Trackers` port as far as somebody looks into it: the events of each sender."""

    def __init__(self) -> None:
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.fault: Exception | None = None

    def remembered(self, sender: str) -> list[dict[str, Any]]:
        if self.fault:
            raise self.fault
        return self.events.get(sender, [])

    def forget(self, senders: Sequence[str]) -> int:
        return sum(len(self.events.pop(sender, [])) for sender in senders)


@dataclass
class Desk:
    """The use cases, and one citizen who talks through the gateway."""

    services: Services
    listener: FakeListener
    trackers: MemoryTrackers
    run: Callable[..., Any]
    sent: int = field(default=0)

    # -- the citizen -----------------------------------------------------------------------------------------

    def says(self, text: str, address: str = "citizen-1", *, payload: str | None = None) -> list[Bubble]:
        """One message through the gateway; gives what is answered to it."""
        mine = conversation(self.services, address)
        self.sent += 1
        line = self.services.conversing.accept(mine.id, f"message-{self.sent:05}", Said(text, payload))
        self.run(self.services.conversing.drive(mine))
        after = self.services.conversing.history(mine.id, line.seq)
        return [one.bubble for one in after if one.sender is Sender.ASSISTANT]

    def taps(self, choice: str, address: str = "citizen-1") -> list[Bubble]:
        return self.says("按钮", address, payload=f'/choose{{"option": "{choice}"}}')

    def asks(self, address: str = "citizen-1", reason: Reason = Reason.ASKED, **context: Any) -> Asked:
        """As the dialogue's step does it."""
        mine = conversation(self.services, address)
        return self.services.handing_over.ask(mine.id, {"said": "转人工", **context}, reason=reason)

    def told(self, address: str = "citizen-1") -> list[str]:
        """All notices and answers of ours, in order, without the greeting."""
        return [line.bubble.text for line in self.lines(address) if line.sender is not Sender.CITIZEN]

    def lines(self, address: str = "citizen-1") -> list[Line]:
        return list(self.services.conversing.history(conversation(self.services, address).id, after=1))

    def filling_in(self, address: str = "citizen-1", **draft: Any) -> None:
        """The dialogue has asked its question and waits for the answer."""
        mine = conversation(self.services, address)
        told = {"id": "draft-1", "description": "路灯坏了", **draft}
        self.trackers.events[mine.sender] = [
            {"event": "active_loop", "name": "report_form"},
            {"event": "slot", "name": "report_draft", "value": told},
            {"event": "slot", "name": "requested_slot", "value": "report_place"},
        ]
        with self.services.unit_of_work() as tx:
            body = QUESTION.as_json()
            tx.conversations.append(mine.id, sender=Sender.ASSISTANT, body=body, at=self.services.clock())

    # -- the clerks ------------------------------------------------------------------------------------------

    @property
    def numbers(self) -> list[int]:
        """Who waits, the next one first."""
        with self.services.unit_of_work() as tx:
            return [one.id for one in tx.handovers.waiting()]

    def taken(self, by: str = WANG, address: str = "citizen-1") -> int:
        """The citizen asks and that clerk takes it."""
        self.asks(address)
        mine = conversation(self.services, address).id
        with self.services.unit_of_work() as tx:
            known = tx.handovers.open_of(mine)
        assert known is not None
        return self.services.attending.take(known.id, by=by).id

    def read(self, number: int) -> Handover:
        with self.services.unit_of_work() as tx:
            found = tx.handovers.get(number)
        assert found is not None
        return found

    def say(self, key: str, **gaps: object) -> str:
        return self.services.speech.words.say(key, **gaps)


@pytest.fixture
def desk(services: Services, listener: FakeListener, run: Callable[..., Any]) -> Desk:
    """The system with an empty memory of the dialogue, on a Saturday at ten, when the desk is open."""
    trackers = MemoryTrackers()
    services.replacements["trackers"] = trackers
    return Desk(services, listener, trackers, run)
