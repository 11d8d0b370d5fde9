"""Reporting a problem: the form's one step, and what follows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet

from actions.memory import Memory, keep_draft
from actions.step import Events, Step
from integrations.services.comparing import Offer
from integrations.services.intake import Heard, Outcome, Utterance, new_draft
from integrations.services.records import Bubble
from kb import ticket_number
from kb.report import Ask, Draft
from kb.screening import Reason
from kb.text import find_phone
from kb.which_ticket import speaks_of_a_former_one

# Opening words that ask to report but say nothing of the problem.
OPENERS = frozenset({"start_report", "report_again", "start_over"})
# Said without naming a ticket while a report is being told, these are about that report.
OF_A_TICKET = frozenset({"supplement", "withdraw"})
LONGEST_CALL_OFF = 12
# Buttons that take up what was said before, as a complaint or as a question for the unit to answer.
REPEATED = ("said_before", "pass_on")


class HearReport(Step):
    """`validate_report_form`: hear what was said, remember it, ask the next thing."""

    def name(self) -> str:
        return "validate_report_form"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        intake = self.services.intake
        draft = memory.draft
        if draft is not None and memory.interrupts("report_form") and not self._answers(memory):
            return (), []  # nothing extracted: Rasa lets the interrupting rule speak
        if draft is not None and memory.freshly_said and memory.intent == "withdraw" and self._calls_it_off(memory):
            gone = [*keep_draft(None), SlotSet("said_before", None), SlotSet("requested_slot", None)]
            return [self.services.speech.say("report.dropped")], gone
        if draft is None and not memory.tapped and (answer := self.services.answering.surely(memory.text)):
            kept = [SlotSet("said_before", memory.text), SlotSet("requested_slot", None)]
            return [self.services.speech.answer(answer, alone=True)], kept
        heard = Heard(draft or new_draft())
        if draft is None:  # the form has just begun
            if memory.option in REPEATED and memory.slots.get("said_before"):
                fresh = replace(heard.draft, question=memory.option == "pass_on")
                heard = intake.hear(fresh, Ask.DESCRIPTION, Utterance(str(memory.slots["said_before"])))
            elif memory.intent not in OPENERS and not memory.option:
                heard = intake.hear(heard.draft, Ask.DESCRIPTION, memory.utterance)
        elif memory.freshly_said and not (memory.tapped and memory.intent != "choose"):
            heard = intake.hear(draft, memory.asked, memory.utterance)
        bubbles = [self.services.speech.remark(key, heard.draft) for key in heard.remarks]
        match heard.outcome:
            case Outcome.FILE:
                return bubbles, [*keep_draft(heard.draft), SlotSet("requested_slot", None)]
            case Outcome.DROP if after := intake.next_problem(heard.draft):
                announced = self.services.speech.remark("report.next_problem", after)
                return self._ask_next(after, [*bubbles, announced], memory.conversation_id)
            case Outcome.DROP:
                return bubbles, [*keep_draft(None), SlotSet("said_before", None), SlotSet("requested_slot", None)]
        return self._ask_next(heard.draft, bubbles, memory.conversation_id)

    def _answers(self, memory: Memory) -> bool:
        """A message that names a place or a phone number is an answer, whatever else it sounds like.

        So is abuse in place of a description: it sounds like a question who we are.
        """
        said = memory.text if not memory.tapped else ""
        if memory.intent in OF_A_TICKET:
            return bool(said) and not (ticket_number.find(said) or speaks_of_a_former_one(said))
        if memory.asked is Ask.DESCRIPTION:
            return self.services.understanding.empty_words(said) is Reason.MALICE
        if memory.asked is Ask.PLACE:
            return self.services.locating.names_a_place(said)
        return memory.asked is Ask.CONTACT and find_phone(said) is not None

    def _calls_it_off(self, memory: Memory) -> bool:
        """'撤了吧' while a report is being told means that report; a longer message is an answer."""
        return not memory.tapped and len(memory.text) <= LONGEST_CALL_OFF

    def _ask_next(self, draft: Draft, bubbles: list[Bubble], conversation_id: str) -> tuple[list[Bubble], Events]:
        intake, speech = self.services.intake, self.services.speech
        leaf = intake.category(draft)
        if leaf and not draft.advice_given and (advice := speech.advice(leaf, intake.danger(draft))):
            bubbles.insert(0, advice)
            draft = replace(draft, advice_given=True)
        ask = intake.next_question(draft)
        if ask is None:
            return bubbles, [*keep_draft(draft), SlotSet("requested_slot", None)]
        if ask is Ask.KNOWN_ISSUE and intake.issue(draft.known_issue) is None:  # over since it was found
            return self._ask_next(replace(draft, known_issue=None), bubbles, conversation_id)
        offers: tuple[Offer, ...] = ()
        if ask is Ask.SIMILAR:
            offers = intake.offers(draft, conversation_id)
            if not offers:  # closed or gone since they were found
                return self._ask_next(replace(draft, similar_answered=True), bubbles, conversation_id)
            draft = replace(draft, similar_shown=intake.shown(draft, offers))
        bubbles.append(
            speech.question(ask, draft, duty=intake.duty(draft), issue=intake.issue(draft.known_issue), offers=offers)
        )
        return bubbles, [*keep_draft(draft.counted(ask)), SlotSet("requested_slot", ask.value)]


class SubmitReport(Step):
    """`action_submit_report`: file, show the ticket, go on with the next problem. Run twice, it files once."""

    def name(self) -> str:
        return "action_submit_report"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        if memory.draft is None:  # the form ended because the citizen dropped it, and has said so
            return (), []
        complaint = self.services.filing.submit(memory.draft, memory.conversation_id)
        facts = self.services.locating.told(complaint.place, complaint.category)
        done = self.services.informing.with_ticket(code=complaint.category, place=complaint.place)
        added = complaint.draft_id != memory.draft.id
        ticket = self.services.speech.ticket(complaint, facts, done=done, added=added)
        if after := self.services.intake.next_problem(memory.draft):
            announced = self.services.speech.remark("report.next_problem", after)
            return [ticket, announced], [*keep_draft(after), FollowupAction("report_form")]
        return [ticket], [*keep_draft(None), SlotSet("said_before", None)]


class DropReport(Step):
    """`action_drop_report`: the citizen calls it off."""

    def name(self) -> str:
        return "action_drop_report"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        key = "report.dropped" if memory.draft else "report.nothing_to_drop"
        events = [*keep_draft(None), ActiveLoop(None), SlotSet("requested_slot", None)]
        return [self.services.speech.say(key)], events


class RestartReport(Step):
    """`action_restart_report`: from the beginning, with an empty draft."""

    def name(self) -> str:
        return "action_restart_report"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        bubbles = [self.services.speech.say("report.restarted")] if memory.draft else []
        return bubbles, [*keep_draft(None), ActiveLoop(None), SlotSet("requested_slot", None)]


class ResumeReport(Step):
    """`action_resume_report`: after a look-up or a rating, go on with the report that was being told, if any."""

    def name(self) -> str:
        return "action_resume_report"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        if memory.draft is None:
            return (), []
        return [self.services.speech.say("report.again")], [FollowupAction("report_form")]
