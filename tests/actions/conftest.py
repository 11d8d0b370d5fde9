"""A citizen and the steps of the dialogue, as Rasa would call them: a message in, slots and bubbles out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.report import HearReport, SubmitReport
from actions.step import Step
from integrations.bootstrap import Services
from integrations.services.records import Bubble
from kb.report import Draft
from tests.builders import conversation


def message(text: str = "", intent: str = "report", *, option: str | None = None, **metadata: Any) -> dict[str, Any]:
    """Rasa's latest message. With an option it is a tapped button, whose title is `text`."""
    entities = [{"entity": "option", "value": option}] if option else []
    return {
        "text": f"/{intent}" if option else text,
        "intent": {"name": intent, "confidence": 0.9},
        "entities": entities,
        "metadata": {**metadata, **({"title": text} if option else {})},
    }


def tracker_dict(said: dict[str, Any], slots: dict[str, Any] | None = None, events: Any = None) -> dict[str, Any]:
    """What Rasa sends with an action call."""
    return {
        "sender_id": "web:v1",
        "slots": slots or {},
        "latest_message": said,
        "events": [{"event": "user", "text": said.get("text")}] if events is None else events,
        "paused": False,
        "followup_action": None,
        "active_loop": {},
        "latest_action_name": None,
    }


def tracker(said: dict[str, Any], slots: dict[str, Any] | None = None, events: Any = None) -> Tracker:
    return Tracker.from_dict(tracker_dict(said, slots, events))


class AnyWay(str):
    """A sentence that equals every way in which it can be said."""

    ways: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return other in self.ways if isinstance(other, str) else False

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


def any_way(services: Services, key: str, **gaps: object) -> AnyWay:
    """What the assistant says, in whichever words."""
    ways = services.speech.words.ways(key, **gaps)
    said = AnyWay(ways[0])
    said.ways = ways
    return said


@dataclass
class Citizen:
    """One citizen's conversation: takes steps and remembers what Rasa would remember."""

    services: Services
    run: Callable[..., Any]
    address: str = "citizen-1"
    slots: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def conversation_id(self) -> str:
        return conversation(self.services, self.address).id

    @property
    def draft(self) -> Draft | None:
        kept = self.slots.get("report_draft")
        return Draft.from_dict(kept) if kept else None

    @property
    def asked(self) -> str | None:
        return self.slots.get("requested_slot")

    def take(self, kind: type[Step], said: dict[str, Any] | None = None) -> list[Bubble]:
        """One action call, after `said` or (None) with nothing new said."""
        if said is not None:
            said["metadata"]["conversation_id"] = self.conversation_id
            said["metadata"].setdefault("message_id", f"{self.conversation_id}:{len(self.events)}")
            self.last = said
            self.events.append(
                {"event": "user", "text": said["text"], "metadata": said["metadata"], "parse_data": said}
            )
        step, dispatcher = kind(self.services), CollectingDispatcher()
        heard = tracker(self.last, self.slots, list(self.events))
        happened = self.run(step.run(dispatcher, heard, {}))
        if step.name().startswith("validate_") and not happened and self.asked:
            self.events.append({"event": "action_execution_rejected", "name": step.name().removeprefix("validate_")})
        else:
            self.events += [{"event": "bot"} for _ in dispatcher.messages]
            self.events.append({"event": "action", "name": step.name()})
        self.slots |= {one["name"]: one["value"] for one in happened if one["event"] == "slot"}
        self.happened = happened
        return [Bubble.from_json(one["custom"]) for one in dispatcher.messages]

    def say(self, text: str, intent: str = "report", **how: Any) -> list[Bubble]:
        """A turn of the report: the form hears, and files when it has nothing more to ask."""
        bubbles = self.take(HearReport, message(text, intent, **how))
        if self.asked is None and self.draft is not None:
            bubbles += self.take(SubmitReport)
            if any(one["event"] == "followup" and one["name"] == "report_form" for one in self.happened):
                bubbles += self.take(HearReport)
        return bubbles

    def tap(self, option: str, title: str = "好", intent: str = "choose") -> list[Bubble]:
        return self.say(title, intent, option=option)

    def tapped(self, bubble: Bubble, title: str) -> list[Bubble]:
        """Tap the button with this title of a bubble that was shown."""
        (payload,) = (one.payload for one in bubble.options if one.title == title)
        intent, _, rest = payload.removeprefix("/").partition("{")
        return self.tap(rest.split('"')[3], title, intent)


@pytest.fixture
def citizen(services: Services, run: Callable[..., Any]) -> Citizen:
    return Citizen(services, run)


@pytest.fixture
def neighbour(services: Services, run: Callable[..., Any]) -> Citizen:
    return Citizen(services, run, "citizen-2")
