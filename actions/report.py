"""Reporting a problem: the form's one step, and what follows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet

from actions.feelings import softened
from actions.memory import Memory, keep_draft
from actions.step import Events, Step
from integrations.services.comparing import Offer
from integrations.services.intake import Heard, Outcome, Utterance, new_draft
from integrations.services.records import Bubble
from kb import ticket_number
from kb.report import Ask, Draft
from kb.screening import Reason
from kb.text import agrees, find_phone, hide_personal, shortened
from kb.which_ticket import names_a_ticket, speaks_of_a_former_one

# Opening words that ask to report but say nothing of the problem.
OPENERS = frozenset({"start_report", "report_again", "start_over"})
# Said without naming a ticket while a report is being told, these are about that report.
OF_A_TICKET = frozenset({"supplement", "withdraw"})
LONGEST_CALL_OFF = 12
# So sounds, too, who only wants help fast, or says for how long nobody has come.
HURRIES = frozenset({"urge", "check_progress"})
# These ask for what is to be said next: no question follows them, only its buttons.
ASKING = frozenset(
    {"report.phone_short", "report.phone_long", "report.phone_prefix", "report.phone_landline"}
    | {"report.phone_looks_wrong", "report.phone_please"}
    | {"report.time_is_ahead", "report.say_what_is_wrong", "report.similar_which"}
)
# These ask what it is about.
ASKING_WHAT = frozenset({"report.nothing_said", "report.angry"})
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
        if draft is None and not memory.tapped and (changed := self._put_right(memory)):
            return [changed], [SlotSet("requested_slot", None)]
        if draft is None and memory.photos and (added := self._to_ticket(memory)):
            return [added], [SlotSet("requested_slot", None)]
        heard, again = Heard(draft or new_draft()), None if memory.freshly_said else memory.asked
        if draft is None:  # the form has just begun
            if memory.option in REPEATED and memory.slots.get("said_before"):
                fresh = replace(heard.draft, question=memory.option == "pass_on")
                heard = intake.hear(fresh, Ask.DESCRIPTION, Utterance(str(memory.slots["said_before"])))
            elif memory.intent in OPENERS and not memory.tapped:
                heard = intake.opened(heard.draft, memory.utterance)
            elif memory.intent not in OPENERS and not memory.option:  # 重新说 on a button tells nothing
                heard = intake.hear(heard.draft, Ask.DESCRIPTION, memory.utterance)
        elif memory.freshly_said and (memory.photos or not (memory.tapped and memory.intent != "choose")):
            aside = self.services.repairing.before_intake(draft, memory.asked, memory.utterance)
            heard = aside or intake.hear(draft, self._answered(memory), memory.utterance)
            # what answers nothing leaves the question open
            again = memory.asked if aside and aside.draft.id == draft.id else None
        bubbles = [self.services.speech.remark(key, heard.draft, **heard.gaps) for key in heard.remarks]
        match heard.outcome:
            case Outcome.FILE:
                return bubbles, [*keep_draft(heard.draft), SlotSet("requested_slot", None)]
            case Outcome.DROP if after := intake.next_problem(heard.draft):
                announced = self.services.speech.remark("report.next_problem", after)
                return self._ask_next(after, [*bubbles, announced], memory.conversation_id)
            case Outcome.DROP:
                return bubbles, [*keep_draft(None), SlotSet("said_before", None), SlotSet("requested_slot", None)]
        asked, events = self._ask_next(heard.draft, bubbles, memory.conversation_id, again)
        return (softened(self.services, memory, asked) if draft is None else asked), events

    def _put_right(self, memory: Memory) -> Bubble | None:
        """A correction after filing goes to the ticket of just now; None where there is none, or it is a new report."""
        after = self.services.after_filing
        if memory.intent in OPENERS or not after.is_correction(memory.text):
            return None
        if not after.says_what_is_right(memory.text):
            latest = after.latest(memory.conversation_id)
            return self.services.report_speech.correct_how(latest) if latest else None
        added = after.correct(memory.conversation_id, memory.text, key=memory.message_id)
        return self.services.report_speech.corrected(added) if added else None

    def _to_ticket(self, memory: Memory) -> Bubble | None:
        """Pictures after filing belong to the ticket of just now."""
        after = self.services.after_filing
        added = after.photos(memory.conversation_id, memory.photos, memory.text, key=memory.message_id)
        if added is None:
            return None
        problem = shortened(hide_personal(added.complaint.description), 20)
        return self.services.speech.say("attached.to_ticket", problem=problem)

    def _answers(self, memory: Memory) -> bool:
        """A message that names a place or a phone, or puts something right, is one, whatever else it sounds like.

        So is abuse in place of a description: it sounds like a question who we are.
        """
        said = memory.text if not memory.tapped else ""
        if memory.asked and self.services.intake.puts_right(said):
            return True
        if memory.intent in OF_A_TICKET:
            return bool(said) and not (ticket_number.find(said) or speaks_of_a_former_one(said))
        if memory.asked is Ask.CONFIRMATION and agrees(said):
            return True
        if memory.intent in HURRIES and self._of_this_one(memory):
            return True
        if memory.intent == "upset" and self.services.feeling_words.matter(said):
            return True
        if memory.asked is Ask.DESCRIPTION and memory.intent != "upset":
            return self.services.understanding.empty_words(said) is Reason.MALICE
        if memory.asked is Ask.PLACE and memory.intent == "ask_question":  # 家里暖气多少度才算达标 names no place
            return self.services.locating.read(said).place is not None
        if memory.asked is Ask.PLACE:
            return self.services.locating.names_a_place(said)
        return memory.asked is Ask.CONTACT and find_phone(said) is not None

    def _of_this_one(self, memory: Memory) -> bool:
        """快来人啊, 坏了好几天了没人修: said of what is being told, not of a ticket."""
        said = memory.text if not memory.tapped else ""
        if not said or ticket_number.find(said) or names_a_ticket(said):
            return False
        urgent = bool(memory.draft and self.services.intake.danger(memory.draft))
        return not speaks_of_a_former_one(said) and (urgent or self.services.feeling_words.matter(said))

    def _answered(self, memory: Memory) -> Ask | None:
        """The question to which the message is an answer; None for words that only press for help."""
        hurries = memory.intent in HURRIES and memory.asked is not Ask.CONFIRMATION
        return None if hurries and not self.services.locating.names_a_place(memory.text) else memory.asked

    def _calls_it_off(self, memory: Memory) -> bool:
        """'撤了吧' while a report is being told means that report; a longer message is an answer."""
        return not memory.tapped and len(memory.text) <= LONGEST_CALL_OFF

    def _ask_next(
        self, draft: Draft, bubbles: list[Bubble], conversation_id: str, again: Ask | None = None
    ) -> tuple[list[Bubble], Events]:
        """The next question after these bubbles; `again` is one that is still open, which is not counted anew."""
        intake, speech = self.services.intake, self.services.speech
        leaf, danger = intake.category(draft), intake.danger(draft)
        open_yet = bool(draft.category_options) and danger is None  # one of several: no advice for the wrong one
        if leaf and not (draft.advice_given or open_yet) and (advice := speech.advice(leaf, danger)):
            bubbles.insert(0, advice)
            draft = replace(draft, advice_given=True)
        ask = again or intake.next_question(draft)
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
        question = self.services.report_speech.question(
            ask,
            draft,
            duty=intake.duty(draft),
            issue=intake.issue(draft.known_issue),
            offers=offers,
            more=intake.asked_more(draft),
            answers=intake.answers(draft),
        )
        bubbles = _with_question(bubbles, question, ask)
        return bubbles, [*keep_draft(draft if again else draft.counted(ask)), SlotSet("requested_slot", ask.value)]


def _with_question(bubbles: list[Bubble], question: Bubble, ask: Ask) -> list[Bubble]:
    """The bubbles and the question; where the last of them asks already, that one with the question's buttons."""
    asking = ASKING | ASKING_WHAT if ask is Ask.DESCRIPTION else ASKING
    if not bubbles or bubbles[-1].key not in asking:
        return [*bubbles, question]
    card = None if ask in (Ask.CONTACT, Ask.CONFIRMATION) else question.card
    return [*bubbles[:-1], replace(bubbles[-1], options=question.options, card=card)]


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
        ticket = self.services.report_speech.ticket(complaint, facts, done=done, added=added)
        if after := self.services.intake.next_problem(memory.draft):
            announced = self.services.speech.remark("report.next_problem", after)
            return [ticket, announced], [*keep_draft(after), FollowupAction("report_form")]
        return [ticket], [*keep_draft(None), SlotSet("said_before", None)]


class KeepSecret(Step):
    """`action_keep_secret`: a wish to stay unknown while nothing is told: for the ticket of just now, or explained."""

    def name(self) -> str:
        return "action_keep_secret"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        guarded = self.services.after_filing.guard(memory.conversation_id, memory.text)
        return [self.services.report_speech.guarded(guarded)], []


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
