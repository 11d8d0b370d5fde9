"""When something else was meant: words not understood, an old button, a look-up that is left."""

from __future__ import annotations

from collections.abc import Iterable

from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet

from actions.followup import forget
from actions.memory import Memory, keep_draft
from actions.step import Events, Step
from integrations.services.intake import Utterance, new_draft
from integrations.services.records import Bubble
from kb import ticket_number
from kb.report import Ask
from kb.verdict import Decision


class NotUnderstood(Step):
    """`action_not_understood`: answer what was surely asked, take in what is surely a complaint, else ask."""

    def name(self) -> str:
        return "action_not_understood"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        services = self.services
        if len(memory.text) >= 4 and (answer := services.answering.surely(memory.text)):
            return [services.speech.answer(answer, alone=True)], [SlotSet("said_before", memory.text)]
        clear = (Decision.FILE, Decision.REFER)
        if len(memory.text) >= 4 and services.understanding.classify(memory.text).decision in clear:
            heard = services.intake.hear(new_draft(), Ask.DESCRIPTION, Utterance(memory.text))
            return (), [*keep_draft(heard.draft), FollowupAction("report_form")]
        speech = services.speech
        ask = speech.say(
            "repair.not_understood",
            speech.option("repair.report_this", "said_before", intent="start_report"),
            speech.option("repair.see_progress", intent="check_progress"),
            speech.option("repair.ask_person", intent="ask_person"),
        )
        return [ask], [SlotSet("said_before", memory.text)]


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
