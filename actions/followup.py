"""What a citizen wants of a ticket that is filed: to see it, to urge, to add something, to withdraw it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rasa_sdk.events import SlotSet

from actions.memory import Memory
from actions.step import Events, Step
from integrations.services.errors import Rejected
from integrations.services.following_up import Act, Found, Lookup
from integrations.services.records import Bubble
from integrations.services.withdrawing import TakenBack
from kb import ticket_number
from kb.addition import said_with_it
from kb.text import find_nth, find_phone

NUMBER, PHONE, TEXT, SURE = "progress_number", "progress_phone", "progress_text", "progress_sure"
QUESTIONS = (NUMBER, PHONE, TEXT, SURE)
ACTS = frozenset(act.value for act in Act)
# A longer message is no command: "快点，灯杆也要倒了" is something to add.
LONGEST_COMMAND = 8
# Words for one of the tickets of a list are short: a longer message tells of a new problem.
LONGEST_CHOICE = 15


@dataclass(frozen=True, slots=True)
class _Want:
    """What is known so far: what is wanted, of which ticket, and the words in which it was said first."""

    act: Act
    number: str | None
    said: str


class HearProgress(Step):
    """`validate_progress_form`: find the ticket, do what is wanted, ask for what that needs."""

    def name(self) -> str:
        return "validate_progress_form"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        asked = memory.requested if memory.requested in QUESTIONS else None
        want = self._want(memory, asked)
        if memory.interrupts("progress_form") and not self._answers(memory, asked, want):
            return (), []
        if asked and not memory.freshly_said:
            return self._again(memory, asked, want)
        if asked == SURE or (memory.option or "").endswith(":no"):
            return self._decided(memory, want)
        if asked == TEXT and not self._commands(memory):
            return self._add(memory, want, memory.text)
        if asked == PHONE and want.number and not memory.option and not self._other_number(memory, want):
            return self._with_tail(memory, want)
        return self._find(memory, asked, want)

    # -- what is wanted --------------------------------------------------------------------------------------

    def _want(self, memory: Memory, asked: str | None) -> _Want:
        """From the message where it says so, else from what was remembered while a question is open."""
        intent = Act(memory.intent) if memory.intent in ACTS and memory.freshly_said else None
        if asked is None:
            said = "" if memory.tapped else memory.text
            return _Want(intent or Act.CHECK, None, said)
        act = Act(str(memory.slots.get("progress_act") or Act.CHECK))
        number = memory.slots.get("progress_ticket")
        want = _Want(act, str(number) if number else None, str(memory.slots.get("progress_said") or ""))
        if intent and asked != SURE and (memory.tapped or (intent is not Act.CHECK and self._commands(memory))):
            return _Want(intent, want.number, "" if memory.tapped else memory.text)
        return want

    def _commands(self, memory: Memory) -> bool:
        """Whether the message wants something of a ticket, and is not the words that were asked for."""
        return memory.intent in ACTS and (memory.tapped or len(memory.text) <= LONGEST_COMMAND)

    def _answers(self, memory: Memory, asked: str | None, want: _Want) -> bool:
        """Whether what sounds like something else is the answer that was asked for."""
        if memory.tapped:
            return False
        if asked == TEXT:
            return memory.intent in ("report", "report_again", "ask_question")
        if ticket_number.find(memory.text):
            return True
        if asked == SURE:  # "已经修好了" is no new problem, and no yes either
            return memory.intent == "report" and len(memory.text) <= LONGEST_CHOICE
        if asked == NUMBER and len(memory.text) <= LONGEST_CHOICE:
            if find_nth(memory.text):
                return True
            return self.services.following_up.own(memory.conversation_id, memory.text, want.act).found is Found.TICKET
        return False

    def _other_number(self, memory: Memory, want: _Want) -> bool:
        found = ticket_number.find(memory.text)
        return found is not None and found != want.number

    # -- finding the ticket ----------------------------------------------------------------------------------

    def _find(self, memory: Memory, asked: str | None, want: _Want) -> tuple[list[Bubble], Events]:
        following_up = self.services.following_up
        number = (memory.option or "").partition(":")[0] or ticket_number.find(memory.text)
        if number:
            return self._found(memory, want, following_up.by_number(memory.conversation_id, number), number)
        listed = following_up.own(memory.conversation_id, want.said, want.act)
        if asked == NUMBER and (nth := find_nth(memory.text)) and nth <= len(listed.own):
            number = listed.own[nth - 1].number
            return self._found(memory, want, following_up.by_number(memory.conversation_id, number), number)
        lookup = listed if asked is None else following_up.own(memory.conversation_id, memory.text, want.act)
        if lookup.found is Found.NONE_YET:
            if asked == NUMBER:
                return self._end(self.services.progress_speech.mistyped(Lookup(Found.MISTYPED), want.act))
            return self._ask(self._none_yet(), want, NUMBER)
        if lookup.found is Found.LIST:
            choose = self.services.progress_speech.own_tickets(lookup, want.act)
            return self._end(choose) if asked == NUMBER else self._ask(choose, want, NUMBER)
        return self._found(memory, want, lookup, None)

    def _with_tail(self, memory: Memory, want: _Want) -> tuple[list[Bubble], Events]:
        phone = find_phone(memory.text)
        tail = phone[-ticket_number.TAIL :] if phone else ticket_number.find_tail(memory.text)
        if tail is None:
            return self._ask(self.services.speech.say("followup.need_phone_again"), want, PHONE)
        number = str(want.number)
        lookup = self.services.following_up.by_number(memory.conversation_id, number, tail)
        return self._found(memory, want, lookup, number)

    def _found(self, memory: Memory, want: _Want, lookup: Lookup, number: str | None) -> tuple[list[Bubble], Events]:
        speech = self.services.speech
        match lookup.found:
            case Found.TICKET if lookup.complaint:
                return self._do(memory, _Want(want.act, lookup.complaint.number, want.said), lookup)
            case Found.NEED_PHONE:
                return self._ask(speech.say("followup.need_phone"), _Want(want.act, number, want.said), PHONE)
            case Found.MISTYPED | Found.TOO_SHORT | Found.TOO_LONG:
                return self._end(self.services.progress_speech.mistyped(lookup, want.act))
        return self._end(speech.say(f"followup.{lookup.found}"))

    # -- doing it --------------------------------------------------------------------------------------------

    def _do(self, memory: Memory, want: _Want, lookup: Lookup) -> tuple[list[Bubble], Events]:
        services, tell = self.services, self.services.progress_speech
        number, conversation_id = str(want.number), memory.conversation_id
        try:
            match want.act:
                case Act.URGE:
                    said = want.said if len(want.said) > LONGEST_COMMAND else ""
                    urged = services.urging.urge(conversation_id, number, key=memory.message_id, text=said)
                    return self._end(tell.urged(urged))
                case Act.SUPPLEMENT:
                    if words := said_with_it(want.said):
                        return self._add(memory, want, words)
                    look = lookup.complaint
                    assert look is not None, "found before"
                    return self._ask(tell.ask_addition(look), want, TEXT)
                case Act.WITHDRAW:
                    ahead = services.withdrawing.look(conversation_id, number)
                    if ahead.taken is not TakenBack.DONE:
                        return self._end(tell.withdrawn(ahead))
                    return self._ask(tell.ask_withdraw(ahead), want, SURE)
        except Rejected:
            return self._end(services.speech.say("followup.gone"))
        return self._end(tell.progress(lookup, now=services.clock()))

    def _add(self, memory: Memory, want: _Want, words: str) -> tuple[list[Bubble], Events]:
        if not (words.strip() or memory.pin):
            return self._again(memory, TEXT, want)
        try:
            added = self.services.supplementing.add(
                memory.conversation_id,
                str(want.number),
                key=memory.message_id,
                text="" if memory.pin else words,
                place=memory.pin,
            )
        except Rejected:
            return self._end(self.services.speech.say("followup.gone"))
        return self._end(self.services.progress_speech.added(added))

    def _decided(self, memory: Memory, want: _Want) -> tuple[list[Bubble], Events]:
        """Asked back once: whatever is no yes leaves everything as it is, and says so."""
        services = self.services
        named, _, choice = (memory.option or "").partition(":")
        number = want.number or named
        yes = choice == "yes" and named == number if memory.tapped else memory.intent in ("affirm", "withdraw")
        try:
            if yes:
                why = want.said if len(want.said) > LONGEST_COMMAND else ""
                done = services.withdrawing.withdraw(memory.conversation_id, number, key=memory.message_id, why=why)
                return self._end(services.progress_speech.withdrawn(done))
            kept = services.following_up.again(memory.conversation_id, number).complaint
        except Rejected:
            return self._end(services.speech.say("followup.gone"))
        said = [services.progress_speech.not_withdrawn(kept)] if kept else []
        if memory.intent in ACTS - {Act.WITHDRAW.value}:
            bubbles, events = self._find(
                memory, None, _Want(Act(memory.intent), None, "" if memory.tapped else memory.text)
            )
            return [*said, *bubbles], events
        return said, forget()

    # -- asking and ending -----------------------------------------------------------------------------------

    def _again(self, memory: Memory, asked: str, want: _Want) -> tuple[list[Bubble], Events]:
        """The form is come back to, or what was said is no answer: the open question once more."""
        services, tell = self.services, self.services.progress_speech
        if asked == PHONE:
            return self._ask(services.speech.say("followup.need_phone"), want, PHONE)
        if asked == NUMBER or not want.number:
            lookup = services.following_up.own(memory.conversation_id, want.said, want.act)
            ask = tell.own_tickets(lookup, want.act) if lookup.own else self._none_yet()
            return self._ask(ask, want, NUMBER)
        try:
            if asked == SURE:
                look = services.withdrawing.look(memory.conversation_id, want.number)
                return self._ask(tell.ask_withdraw(look), want, SURE)
            lookup = services.following_up.again(memory.conversation_id, want.number)
        except Rejected:
            return self._end(services.speech.say("followup.gone"))
        assert lookup.complaint is not None, "a ticket that was looked up again"
        return self._ask(tell.ask_addition(lookup.complaint), want, TEXT)

    def _none_yet(self) -> Bubble:
        report = self.services.speech.option("followup.report_new", intent="start_report")
        return self.services.speech.say("followup.none_yet", report)

    def _ask(self, bubble: Bubble, want: _Want, question: str) -> tuple[list[Bubble], Events]:
        kept = {"progress_act": want.act.value, "progress_ticket": want.number, "progress_said": want.said}
        return [bubble], [*(SlotSet(name, value) for name, value in kept.items()), SlotSet("requested_slot", question)]

    @staticmethod
    def _end(bubble: Bubble) -> tuple[list[Bubble], Events]:
        return [bubble], forget()


def forget() -> Events:
    """Nothing is wanted of any ticket any more."""
    return [SlotSet(name, None) for name in ("progress_act", "progress_ticket", "progress_said", "requested_slot")]
