"""The conversation's memory as typed values: the only place that knows the names of slots and of metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from integrations.services.intake import Stance, Utterance
from kb.places import Place
from kb.report import Ask, Draft

STANCE_OF_INTENT = {
    "affirm": Stance.YES,
    "deny": Stance.NO,
    "unsure": Stance.UNSURE,
}
# What puts a conversation right again, wherever it is.
REPAIRS = frozenset({"undo", "misheard", "why_asked", "hold_on"})
# What is answered in between.
_IN_BETWEEN = frozenset({"greet", "thanks", "ask_identity", "ask_menu", "ask_question", "upset"})
# What interrupts a form: the form steps back, and the rule of that intent in `bot/rules` takes over.
INTERRUPTIONS = {
    "report_form": frozenset(
        {"ask_person", "call_back", "cancel", "start_over", "check_progress", "urge", "withdraw", "supplement", "rate"}
        | REPAIRS
        | _IN_BETWEEN
    ),
    "progress_form": frozenset(
        {"ask_person", "call_back", "cancel", "report", "start_report", "report_again", "rate"} | REPAIRS | _IN_BETWEEN
    ),
    "feedback_form": frozenset(
        {"ask_person", "call_back", "cancel", "report", "start_report", "report_again"}
        | {"check_progress", "urge", "withdraw"}
        | {"supplement"}
        | REPAIRS
        | _IN_BETWEEN
    ),
    "call_back_form": frozenset(
        {"ask_person", "cancel", "report", "start_report", "report_again", "check_progress"} | REPAIRS | _IN_BETWEEN
    ),
}
# A short answer is short: "不对，是海尔路那边的路灯" says more than no.
LONGEST_STANCE = 9
# Letters that say yes or no: what has none of them says neither, whatever it is likest to.
_READABLE = re.compile(r"[\u4e00-\u9fffA-Za-z0-9]")
# How many of the likeliest intents are looked at.
LIKELY = 5
# Where somebody stood with the camera is near the problem, not always at it.
FROM_PHOTO = 0.4


@dataclass(frozen=True, slots=True)
class Memory:
    """One action call's view of the conversation.

    `text` is what is heard, in plain spelling; `said` the citizen's own words where they are others, in `language`.
    `ranking`: the likeliest intents with their confidence, best first; `former`: the message before this one, its id
    and the ranking of its intents. `spoken`: something has been said to this message already. `quiet`: what has just
    been said stands in place of the form's question.
    """

    conversation_id: str
    text: str
    intent: str
    option: str | None
    pin: Place | None
    requested: str | None
    slots: dict[str, Any]
    freshly_said: bool
    tapped: bool
    message_id: str = ""
    said: str = ""
    language: str = "zh"
    silent_hours: float = 0.0
    ranking: tuple[tuple[str, float], ...] = ()
    former_id: str = ""
    former_ranking: tuple[tuple[str, float], ...] = ()
    former_text: str = ""
    spoken: bool = False
    quiet: bool = field(default=False)
    photos: tuple[str, ...] = ()
    noted: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def utterance(self) -> Utterance:
        """The citizen's message as a use case takes it."""
        stance = STANCE_OF_INTENT.get(self.intent, Stance.OTHER)
        if len(self.text) > LONGEST_STANCE or not _READABLE.search(self.text):
            stance = Stance.OTHER
        if self.option:
            return Utterance("", self.option, self.pin, stance, photos=self.photos)
        return Utterance(
            self.text, None, self.pin, stance, self.said, self.photos, _pin(self.noted, FROM_PHOTO), _moment(self.noted)
        )

    def interrupts(self, form: str) -> bool:
        """Whether this message is meant for something else than the form's question."""
        return self.freshly_said and self.requested is not None and self.intent in INTERRUPTIONS[form]

    @property
    def asks_again(self) -> bool:
        """Whether a form's question is to be said again: 再说一遍."""
        return self.intent == "repeat" and self.freshly_said and self.requested is not None and not self.tapped

    @property
    def draft(self) -> Draft | None:
        """The report being told, if one is."""
        value = self.slots.get("report_draft")
        return Draft.from_dict(value) if value else None

    @property
    def asked(self) -> Ask | None:
        """The question of the report that waits for an answer."""
        return Ask(self.requested) if self.requested in set(Ask) else None


def recall(tracker: Tracker, form: str = "") -> Memory:
    """Read everything an action may need; `form`: the form whose step asks."""
    message = tracker.latest_message
    metadata = message.get("metadata") or {}
    entities = {one["entity"]: one["value"] for one in message.get("entities") or () if "entity" in one}
    text = str(message.get("text") or "")
    option = entities.get("option")
    tapped = text.startswith("/")
    former = _former(tracker.events)
    since = _since(tracker.events)
    return Memory(
        conversation_id=str(metadata.get("conversation_id") or tracker.sender_id.partition(":")[2]),
        text=str(metadata.get("title") or "") if tapped else text,
        intent=str((message.get("intent") or {}).get("name") or ""),
        option=str(option) if option is not None else None,
        pin=_pin(metadata.get("location")),
        requested=tracker.get_slot("requested_slot"),
        slots=dict(tracker.slots),
        freshly_said=_freshly_said(since, form),
        tapped=tapped,
        message_id=str(metadata.get("message_id") or "") or _count(tracker),
        said="" if tapped else str(metadata.get("said") or ""),
        photos=tuple(str(one) for one in metadata.get("photos") or ()),
        noted=metadata.get("noted") or {},
        language=str(metadata.get("language") or "zh"),
        silent_hours=float(metadata.get("silent_hours") or 0.0),
        ranking=_ranking(message),
        former_id=str((former.get("metadata") or {}).get("message_id") or ""),
        former_ranking=_ranking(former.get("parse_data") or {}),
        former_text=str(former.get("text") or ""),
        spoken=any(event.get("event") == "bot" for event in since),
        quiet=_quiet(since, tracker, metadata),
    )


def _quiet(since: Sequence[Mapping[str, Any]], tracker: Tracker, metadata: Mapping[str, Any]) -> bool:
    """Whether the form's question stays as it stands: the citizen wants time, or was asked in its place."""
    last = next((event.get("name") for event in since if _is_action(event)), None)
    asked_instead = (tracker.slots.get("trouble") or {}).get("message") == metadata.get("message_id")
    return last == "action_hold_on" or (last == "action_misheard" and asked_instead)


def _count(tracker: Tracker) -> str:
    """What tells this message apart from all others of the conversation, where the channel has not said it."""
    said = sum(event.get("event") == "user" for event in tracker.events)
    return f"{tracker.sender_id}#{said}"


def _since(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What happened since the citizen spoke, the latest first."""
    found = []
    for event in reversed(events):
        if event.get("event") == "user":
            break
        found.append(event)
    return found


def _former(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The citizen's message before the latest one; empty when there is none."""
    said = (event for event in reversed(events) if event.get("event") == "user")
    return next(islice(said, 1, 2), {})


def _ranking(message: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    ranking = message.get("intent_ranking") or ()
    found = [(str(one.get("name")), float(one.get("confidence") or 0.0)) for one in ranking]
    return tuple(one for one in found if one[0] != "nlu_fallback")[:LIKELY]


def _is_action(event: Mapping[str, Any]) -> bool:
    return event.get("event") == "action" and event.get("name") != "action_listen"


def _freshly_said(since: Sequence[Mapping[str, Any]], form: str) -> bool:
    """True while nothing but a form has run since the citizen spoke: a form that is come back to only asks again.

    The same holds for a form that has stepped back and is called a second time without anything between.
    """
    for event in since:
        if event.get("event") == "action_execution_rejected" and form and event.get("name") == form:
            return False
        if _is_action(event) and not str(event.get("name")).endswith("_form"):
            return False
    return True


def keep_draft(draft: Draft | None) -> list[dict[str, Any]]:
    """The events that put the draft into the conversation's memory."""
    return [SlotSet("report_draft", draft.as_dict() if draft else None)]


def _moment(noted: Mapping[str, Any]) -> datetime | None:
    """When a picture was taken."""
    at = noted.get("taken_at")
    return datetime.fromisoformat(at) if at else None


def _pin(location: Any, confidence: float = 0.6) -> Place | None:
    if not isinstance(location, dict) or location.get("lat") is None:
        return None
    label = str(location.get("label") or "")
    return Place(
        text=label or "地图上的定位",
        spot=label or None,
        lat=float(location["lat"]),
        lon=float(location["lon"]),
        crs=str(location.get("crs") or "WGS-84"),
        confidence=confidence,
    )
