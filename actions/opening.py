"""What is said around a step: where we were after a long silence, in which language we talk, and the open question
once more, shorter, after something else was answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rasa_sdk.events import SlotSet

from actions.keeping import dropped
from actions.memory import Memory
from integrations.bootstrap import Services
from integrations.services.records import Bubble
from kb.report import Ask, Draft
from kb.text import hide_personal, shortened

Events = list[dict[str, Any]]
# Danger and distress are answered before anything else.
_FIRST = frozenset({"danger", "care"})
# A question of its own words each time: it is asked again as it is.
_WHOLE = frozenset({"rating_survey", "report_more"})
_LANGUAGES = {"en": "repair.english", "pinyin": "repair.pinyin"}
LONGEST = 30
# The button that takes up a report that was called off.
BRING_BACK = "dropped"
# How these are asked for the first time.
_AGAIN = {
    Ask.DESCRIPTION: "ask_description",
    Ask.DETAIL: "ask_detail",
    Ask.CATEGORY: "ask_category",
    Ask.PLACE: "ask_place",
    Ask.SINCE: "ask_since",
    Ask.CONTACT: "ask_contact",
}
_OTHER_FORMS = frozenset({"validate_progress_form", "validate_feedback_form", "validate_call_back_form"})


def opened(services: Services, memory: Memory, bubbles: list[Bubble], events: Events) -> tuple[list[Bubble], Events]:
    """The bubbles with what is to be said before them, once for each message, and the events with what it changes."""
    before, events = list[Bubble](), list(events)
    if memory.spoken or not bubbles:
        return bubbles, events
    told = list(memory.slots.get("told_language") or ())
    if (key := _LANGUAGES.get(memory.language)) and memory.language not in told:
        before.append(services.speech.say(key, services.speech.option("repair.ask_person", intent="ask_person")))
        events.append(SlotSet("told_language", [*told, memory.language]))
    in_report = memory.requested is None or memory.asked is not None
    draft = memory.draft if in_report else None
    if memory.silent_hours >= services.settings.pause_hours and draft and draft.description and memory.freshly_said:
        before.append(_where_we_were(services, draft))
    first = next((n for n, one in enumerate(bubbles) if (one.card or {}).get("kind") not in _FIRST), len(bubbles))
    return [*bubbles[:first], *before, *bubbles[first:]], events


def _where_we_were(services: Services, draft: Draft) -> Bubble:
    speech = services.speech
    return speech.say(
        "repair.where_we_were",
        speech.option("repair.go_on", intent="repeat"),
        speech.option("repair.begin_anew", intent="start_over"),
        problem=problem(draft.description),
    )


def back_again(services: Services, draft: Mapping[str, Any]) -> Bubble:
    """That a report which was called off goes on."""
    return services.speech.say("repair.back_again", problem=problem(str(draft.get("description") or "")))


def problem(description: str) -> str:
    """The beginning of a description, for telling which report is meant; nothing personal of it."""
    return shortened(hide_personal(description), LONGEST)


def come_back(
    services: Services, step: str, memory: Memory, bubbles: list[Bubble], events: Events
) -> tuple[list[Bubble], Events]:
    """A form's open question after something else was answered: the same one, shorter, and not counted again.

    A report that is left for another form keeps its question, which is asked when it is come back to.
    """
    if memory.asked and step in _OTHER_FORMS:
        return bubbles, [*events, SlotSet("report_asked", memory.requested)]
    if any(one.get("event") == "followup" and one.get("name") == "report_form" for one in events):
        left = memory.slots.get("report_asked")
        back = [SlotSet("requested_slot", left), SlotSet("report_asked", None)] if left else []
        return bubbles, [*events, *back]
    if not step.startswith("validate_") or memory.requested is None or not bubbles:
        return bubbles, events
    if memory.freshly_said:
        return _asked_again(services, memory, bubbles), events
    requested = next((one.get("value") for one in reversed(events) if one.get("name") == "requested_slot"), None)
    if requested != memory.requested:
        return bubbles, events
    events = [_not_counted(one, memory) for one in events]
    if memory.quiet:
        return bubbles[:-1], events
    if (
        memory.intent == "repeat"
        or memory.requested in _WHOLE
        or not services.speech.words.has(f"repair.again_{requested}")
    ):
        return bubbles, events
    short = services.speech.say(f"repair.again_{requested}")
    return [*bubbles[:-1], replace(bubbles[-1], text=short.text, ways=short.ways)], events


def _asked_again(services: Services, memory: Memory, bubbles: list[Bubble]) -> list[Bubble]:
    """An answer after which the same thing is still to be asked is not followed by the very same words."""
    question = f"report.{_AGAIN[memory.asked]}" if memory.asked in _AGAIN else None
    last = bubbles[-1]
    if question is None or last.key != question:
        return bubbles
    short = services.speech.say(f"repair.again_{memory.requested}")
    return [*bubbles[:-1], replace(last, text=short.text, ways=short.ways)]


def _not_counted(event: Mapping[str, Any], memory: Memory) -> dict[str, Any]:
    told = memory.slots.get("report_draft")
    if event.get("name") != "report_draft" or not event["value"] or not told:
        return dict(event)
    value = {name: kept for name, kept in event["value"].items() if name != "asked"}
    return {**event, "value": {**value, "asked": told["asked"]} if told.get("asked") else value}


def offered_back(services: Services, memory: Memory, bubbles: list[Bubble], events: Events) -> list[Bubble]:
    """The first question of a new report, with a button for one that was called off today."""
    begins = any(
        one.get("name") == "requested_slot" and one.get("value") == Ask.DESCRIPTION.value for one in events
    ) and not memory.slots.get("report_draft")
    if not (begins and bubbles and dropped(memory, services.clock())):
        return bubbles
    button = services.speech.option("repair.bring_back", BRING_BACK, intent="start_report")
    return [*bubbles[:-1], replace(bubbles[-1], options=(*bubbles[-1].options, button))]
