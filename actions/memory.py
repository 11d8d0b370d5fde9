"""The conversation's memory as typed values: the only place that knows the names of slots and of metadata."""

from __future__ import annotations

from dataclasses import dataclass
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
# What interrupts a form: the form steps back, and the rule of that intent in `bot/rules` takes over.
INTERRUPTIONS = {
    "report_form": frozenset(
        {"ask_person", "cancel", "start_over", "repeat", "check_progress", "urge", "withdraw", "supplement", "rate"}
        | {"greet", "thanks", "ask_identity", "ask_menu", "ask_question"}
    ),
    "progress_form": frozenset({"ask_person", "cancel", "report", "start_report", "report_again", "rate"}),
    "feedback_form": frozenset(
        {"ask_person", "cancel", "report", "start_report", "report_again"}
        | {"check_progress", "urge", "withdraw", "supplement"}
    ),
}
# A short answer is short: "不对，是海尔路那边的路灯" says more than no.
LONGEST_STANCE = 9


@dataclass(frozen=True, slots=True)
class Memory:
    """One action call's view of the conversation."""

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

    @property
    def utterance(self) -> Utterance:
        """The citizen's message as a use case takes it."""
        stance = STANCE_OF_INTENT.get(self.intent, Stance.OTHER)
        if len(self.text) > LONGEST_STANCE:
            stance = Stance.OTHER
        return Utterance("" if self.option else self.text, self.option, self.pin, stance)

    def interrupts(self, form: str) -> bool:
        """Whether this message is meant for something else than the form's question."""
        return self.freshly_said and self.requested is not None and self.intent in INTERRUPTIONS[form]

    @property
    def draft(self) -> Draft | None:
        """The report being told, if one is."""
        value = self.slots.get("report_draft")
        return Draft.from_dict(value) if value else None

    @property
    def asked(self) -> Ask | None:
        """The question of the report that waits for an answer."""
        return Ask(self.requested) if self.requested in set(Ask) else None


def recall(tracker: Tracker) -> Memory:
    """Read everything an action may need."""
    message = tracker.latest_message
    metadata = message.get("metadata") or {}
    entities = {one["entity"]: one["value"] for one in message.get("entities") or () if "entity" in one}
    text = str(message.get("text") or "")
    option = entities.get("option")
    return Memory(
        conversation_id=str(metadata.get("conversation_id") or tracker.sender_id.partition(":")[2]),
        text=str(metadata.get("title") or "") if text.startswith("/") else text,
        intent=str((message.get("intent") or {}).get("name") or ""),
        option=str(option) if option is not None else None,
        pin=_pin(metadata.get("location")),
        requested=tracker.get_slot("requested_slot"),
        slots=dict(tracker.slots),
        freshly_said=_freshly_said(tracker),
        tapped=text.startswith("/"),
        message_id=str(metadata.get("message_id") or "") or _count(tracker),
    )


def _count(tracker: Tracker) -> str:
    """What tells this message apart from all others of the conversation, where the channel has not said it."""
    said = sum(event.get("event") == "user" for event in tracker.events)
    return f"{tracker.sender_id}#{said}"


def _freshly_said(tracker: Tracker) -> bool:
    """True while nothing but a form has run since the citizen spoke: a form that is come back to only asks again."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return True
        name = str(event.get("name"))
        if event.get("event") == "action" and name != "action_listen" and not name.endswith("_form"):
            return False
    return True


def keep_draft(draft: Draft | None) -> list[dict[str, Any]]:
    """The events that put the draft into the conversation's memory."""
    return [SlotSet("report_draft", draft.as_dict() if draft else None)]


def _pin(location: Any) -> Place | None:
    if not isinstance(location, dict):
        return None
    label = str(location.get("label") or "")
    return Place(
        text=label or "地图上的定位",
        spot=label or None,
        lat=float(location["lat"]),
        lon=float(location["lon"]),
        crs=str(location.get("crs") or "WGS-84"),
        confidence=0.6,
    )
