"""Putting a conversation right: why something is asked, waiting, taking back, old buttons, a look-up that is left."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet

from actions.followup import forget
from actions.keeping import turns
from actions.memory import Memory
from actions.step import Events, Step
from actions.unclear import taken_in
from integrations.services.intake import new_draft
from integrations.services.records import Bubble
from kb import ticket_number, undoing
from kb.report import Ask

# So long after filing "刚才那句不算" means the ticket.
JUST_FILED = timedelta(hours=1)
# Who only takes back a sentence says so in fewer characters.
ONLY_A_COMMAND = 14


class WhyAsked(Step):
    """`action_why_asked`: what the open question is for, in one sentence."""

    def name(self) -> str:
        return "action_why_asked"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        key = f"repair.why_{memory.requested}"
        return [self.services.speech.say(key if self.services.speech.words.has(key) else "repair.why_other")], []


class HoldOn(Step):
    """`action_hold_on`: no hurry; the open question stays open and is not asked again."""

    def name(self) -> str:
        return "action_hold_on"

    def take(self, _memory: Memory) -> tuple[Iterable[Bubble], Events]:
        return [self.services.speech.say("repair.hold_on")], []


class Undo(Step):
    """`action_undo`: the report as it was before the last turn, which is named; the form then asks on."""

    def name(self) -> str:
        return "action_undo"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        speech, kept = self.services.speech, turns(memory)
        told = memory.slots.get("report_draft")
        in_report = memory.requested is None or memory.asked is not None
        if not (told and kept and in_report):
            # 找他退他不给退: a complaint in which something is to be taken back
            beside = len(memory.text) > ONLY_A_COMMAND and told is None and memory.requested is None
            if beside and (found := taken_in(self, memory.text, memory.said)):
                return found
            filed = self._just_filed(memory) if told is None else None
            if filed:
                return [speech.say("repair.filed_already", number=ticket_number.display(filed))], []
            return [speech.say("repair.nothing_to_take_back")], []
        last = kept.pop()
        before = undoing.taken_back(told, last) or new_draft().as_dict()
        asked = last.asked if last.asked in set(Ask) else Ask.DESCRIPTION.value
        events = [
            SlotSet("report_draft", before),
            SlotSet("undo_log", undoing.kept(kept) or None),
            SlotSet("requested_slot", asked),
        ]
        return [speech.say("repair.taken_back", said=last.said or speech.words.say("repair.place_sent"))], events

    def _just_filed(self, memory: Memory) -> str | None:
        with self.services.unit_of_work() as tx:
            mine = tx.conversations.get(memory.conversation_id)
            latest = tx.complaints.of_citizen(mine.citizen_id, limit=1) if mine else ()
        just = [one for one in latest if self.services.clock() - one.filed_at <= JUST_FILED]
        return just[0].number if just else None


class OldButton(Step):
    """`action_old_button`: a button of a step that is over. A second tap on submit files nothing."""

    def name(self) -> str:
        return "action_old_button"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        speech = self.services.speech
        kind, _, draft_id = (memory.option or "").partition(":")
        if kind == "confirm":
            with self.services.unit_of_work() as tx:
                complaint = tx.complaints.by_draft(draft_id)
            if complaint and complaint.conversation_id == memory.conversation_id:
                return [speech.say("repair.old_submit", number=ticket_number.display(complaint.number))], []
        return [speech.say("repair.old_button")], []


class LeaveForm(Step):
    """`action_leave_form`: no look-up or rating after all; a report that was being told goes on."""

    def name(self) -> str:
        return "action_leave_form"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        events: Events = [ActiveLoop(None), *forget(), SlotSet("rating_number", None)]
        if memory.draft is not None:
            return [self.services.speech.say("report.again")], [*events, FollowupAction("report_form")]
        return [self.services.speech.say("repair.left")], events
