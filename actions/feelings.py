"""Anger: one honest sentence and something to do about it, never a lecture and never a closed door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rasa_sdk.events import FollowupAction, SlotSet

from actions.memory import Memory
from actions.step import Events, Step
from integrations.bootstrap import Services
from integrations.services.following_up import Act
from integrations.services.records import Bubble, Complaint, Ways
from kb.lifecycle import OPEN
from kb.screening import Reason

# The first time it is answered, the second time only the question comes again, the third time a person is offered.
AGAIN, PERSON = 1, 2
ACKNOWLEDGED = "feelings.heard"
# No half-sentence before these: what they say is too grave for it.
_GRAVE = frozenset({"danger", "care"})


class Upset(Step):
    """`action_upset`: what is complained of is taken in; anger alone is answered, and the question comes again."""

    def name(self) -> str:
        return "action_upset"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        if memory.requested is None and self.services.feeling_words.matter(memory.text):
            return (), [FollowupAction("report_form")]
        times = int(memory.slots.get("upset_times") or 0)
        return self._said(memory, times), [SlotSet("upset_times", times + 1)]

    def _said(self, memory: Memory, times: int) -> list[Bubble]:
        speech = self.services.speech
        if times >= PERSON and (times - PERSON) % 2 == 0:
            return [speech.say("feelings.abuse_person", speech.option("repair.ask_person", intent="ask_person"))]
        if memory.requested is not None:
            return [] if times >= AGAIN else [speech.say("feelings.upset_here")]
        if waiting := self._open_tickets(memory):
            return [self._about_a_ticket(waiting)]
        if times >= AGAIN:
            return [speech.say("feelings.abuse_short")]
        return [speech.say("feelings.abuse" if self._abusive(memory.text) else "feelings.upset")]

    def _open_tickets(self, memory: Memory) -> Sequence[Complaint]:
        own = self.services.following_up.own(memory.conversation_id, "", Act.URGE)
        found = own.own or ((own.complaint,) if own.complaint else ())
        return [one for one in found if one.status in OPEN]

    def _about_a_ticket(self, waiting: Sequence[Complaint]) -> Bubble:
        """To urge, to see, or to speak to a person; of several tickets the form asks which one."""
        speech = self.services.speech
        number = waiting[0].number if len(waiting) == 1 else None
        return speech.say(
            "feelings.upset_ticket",
            speech.option("followup.do_urge", number, intent="urge"),
            speech.option("followup.see_progress", number, intent="check_progress"),
            speech.option("repair.ask_person", intent="ask_person"),
        )

    def _abusive(self, text: str) -> bool:
        return any(tag.reason is Reason.ABUSE for tag in self.services.understanding.screening.tag(text))


def softened(services: Services, memory: Memory, bubbles: Sequence[Bubble]) -> list[Bubble]:
    """The answer to a complaint told in anger, with half a sentence about that before it: once in a conversation."""
    told = list(bubbles)
    if not told or any((one.card or {}).get("kind") in _GRAVE for one in told):
        return told
    heard_before = (memory.slots.get("said_times") or {}).get(ACKNOWLEDGED)
    if heard_before or memory.tapped or not services.anger.angry(memory.text):
        return told
    first, *rest = told
    ways = tuple(half + first.text for half in services.speech.words.ways(ACKNOWLEDGED))
    return [replace(first, text=ways[0], ways=Ways(ACKNOWLEDGED, ways)), *rest]
