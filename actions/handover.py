"""Giving the conversation to a person, and a call that is to be made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from rasa_sdk.events import SlotSet

from actions.memory import Memory, keep_draft
from actions.step import Events, Step
from integrations.services.handover_speech import ANY_TIME, OTHER_NUMBER
from integrations.services.records import Bubble
from kb.contact_wishes import Wish
from kb.handover import windows
from kb.handover.states import Reason
from kb.handover.windows import Wanted
from kb.report import Contact
from kb.text import declines, find_phone, mask_phone
from kb.urgency import Danger

PHONE, WINDOW = "call_back_phone", "call_back_window"
QUESTIONS = (PHONE, WINDOW)
CALL = "call:"
# So many digits are a number that was mistyped, not something else that is said.
DIGITS = 6
# How often the same thing is asked.
MOST = 2


def context(memory: Memory) -> dict[str, Any]:
    """What is known when a person is called."""
    form = memory.requested.partition("_")[0] + "_form" if memory.requested else None
    draft = memory.draft
    return {"said": memory.text, "form": form, "asked": memory.requested, "draft": draft.as_dict() if draft else None}


class AskPerson(Step):
    """`action_ask_person`: record the wish with what is filled in so far. Danger is answered first."""

    def name(self) -> str:
        return "action_ask_person"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        services = self.services
        if memory.freshly_said and services.handing_over.wants_none(memory.text):
            return [services.speech.say("handover.left_person")], []
        danger, just_said = self._danger(memory)
        reason = Reason.NOT_UNDERSTOOD if memory.option == Reason.NOT_UNDERSTOOD else Reason.ASKED
        if danger:
            reason = Reason.DANGER
        asked = services.handing_over.ask(memory.conversation_id, context(memory), reason=reason)
        bubbles = [services.handover_speech.asked(asked, services.clock())]
        if danger and (just_said or not asked.open):
            bubbles.insert(0, services.speech.danger(danger))
        return bubbles, []

    def _danger(self, memory: Memory) -> tuple[Danger | None, bool]:
        """The danger that is spoken of, and whether in this message."""
        alarm = self.services.understanding.dangers
        if memory.text and not memory.tapped and (danger := alarm.find(memory.text)):
            return danger, True
        draft = memory.draft
        return (alarm.find(draft.description) if draft and draft.description else None), False


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is known so far: the number, the words in which a time was wished, how often the open question was put."""

    phone: str | None = None
    said: str = ""
    times: int = 0

    def kept(self) -> dict[str, Any]:
        return {"phone": self.phone, "said": self.said, "times": self.times}


class HearCallBack(Step):
    """`validate_call_back_form`: the number where it is not known, the time, and the promise."""

    def name(self) -> str:
        return "validate_call_back_form"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        asked = memory.requested if memory.requested in QUESTIONS else None
        if asked and memory.interrupts("call_back_form") and not self._answers(memory):
            return (), []
        wish = self._wish(memory, asked)
        if asked and not memory.freshly_said:
            return self._ask(asked, replace(wish, times=wish.times - 1))
        if asked is None:
            return self._begun(memory)
        if asked == PHONE:
            return self._phone_told(memory, wish)
        return self._time_told(memory, wish)

    def _answers(self, memory: Memory) -> bool:
        """A number or a time is the answer, whatever else it sounds like."""
        if memory.tapped:
            return (memory.option or "").startswith(CALL)
        return find_phone(memory.text) is not None or self.services.calling_back.read_time(memory.text) is not None

    @staticmethod
    def _wish(memory: Memory, asked: str | None) -> _Wish:
        kept = memory.slots.get("call_back_wish") or {}
        return _Wish(kept.get("phone"), kept.get("said") or "", int(kept.get("times") or 0)) if asked else _Wish()

    # -- what was said ---------------------------------------------------------------------------------------

    def _begun(self, memory: Memory) -> tuple[list[Bubble], Events]:
        calling, draft = self.services.calling_back, memory.draft
        words = "" if memory.tapped else memory.text
        if Wish.HERE in self.services.intake.wishes.heard(words) and find_phone(words) is None:
            return self._given_up()  # 不用给我回电话 sounds like 给我回电话
        given = draft.phone if draft and draft.contact is Contact.PHONE else None
        phone = find_phone(words) or calling.known_phone(memory.conversation_id, given)
        time = calling.read_time(words) if words else None
        wish = _Wish(phone, words if time else "")
        if phone is None:
            return self._ask(PHONE, wish)
        return self._with_time(memory, wish, time)

    def _phone_told(self, memory: Memory, wish: _Wish) -> tuple[list[Bubble], Events]:
        if phone := find_phone(memory.text):
            known = replace(wish, phone=phone, times=0)
            said = memory.text if self.services.calling_back.read_time(memory.text) else wish.said
            time = self.services.calling_back.read_time(said) if said else None
            return self._with_time(memory, replace(known, said=said), time)
        if memory.intent in ("deny", "unsure") or declines(memory.text):
            return self._given_up()
        mistyped = sum(c.isdigit() for c in memory.text) >= DIGITS
        if wish.times >= MOST:
            return self._given_up()
        return self._ask(PHONE, wish, again=mistyped)

    def _time_told(self, memory: Memory, wish: _Wish) -> tuple[list[Bubble], Events]:
        calling = self.services.calling_back
        option = memory.option or ""
        if option == OTHER_NUMBER:
            return self._ask(PHONE, _Wish(None, wish.said))
        if option == ANY_TIME:
            return self._promise(memory, wish, Wanted(anytime=True))
        if window := windows.chosen(option.removeprefix(CALL), self.services.clock()):
            return self._promise(memory, wish, Wanted(window))
        time = calling.read_time(memory.text) if memory.text and not memory.tapped else None
        if (phone := find_phone(memory.text)) and not memory.tapped:
            return self._with_time(memory, replace(wish, phone=phone, times=0), time)
        if time:
            return self._with_time(memory, replace(wish, said=memory.text), time)
        if memory.intent in ("affirm", "unsure"):
            return self._promise(memory, wish, Wanted(anytime=True))
        if memory.intent == "deny" or declines(memory.text):
            return self._given_up()
        if wish.times >= MOST:  # their own words will do for whoever calls
            return self._promise(memory, replace(wish, said=memory.text), Wanted(anytime=True))
        return self._ask(WINDOW, wish)

    def _with_time(self, memory: Memory, wish: _Wish, time: Wanted | None) -> tuple[list[Bubble], Events]:
        if time is None:
            return self._ask(WINDOW, replace(wish, times=0))
        if time.outside and wish.times < MOST:
            return self._ask(WINDOW, wish, outside=True)
        return self._promise(memory, wish, time)

    # -- asking and ending -----------------------------------------------------------------------------------

    def _ask(
        self, question: str, wish: _Wish, *, again: bool = False, outside: bool = False
    ) -> tuple[list[Bubble], Events]:
        tell = self.services.handover_speech
        if question == PHONE:
            bubble = tell.ask_phone(again=again)
        else:
            offered = self.services.calling_back.windows()
            bubble = tell.ask_window(mask_phone(wish.phone or ""), offered, self.services.clock(), outside=outside)
        kept = replace(wish, times=wish.times + 1).kept()
        return [bubble], [SlotSet("call_back_wish", kept), SlotSet("requested_slot", question)]

    def _promise(self, memory: Memory, wish: _Wish, time: Wanted) -> tuple[list[Bubble], Events]:
        services, draft = self.services, memory.draft
        assert wish.phone is not None, "asked before"
        call = services.calling_back.promise(
            memory.conversation_id,
            wish.phone,
            window=time.window,
            wanted=wish.said,
            about=draft.description if draft else "",
        )
        events = _forget()
        if draft and draft.contact is None:  # what was said is not asked again
            events = [*keep_draft(replace(draft, contact=Contact.PHONE, phone=wish.phone)), *events]
        return [services.handover_speech.promised(call, services.clock())], events

    def _given_up(self) -> tuple[list[Bubble], Events]:
        return [self.services.handover_speech.no_call()], _forget()


def _forget() -> Events:
    return [SlotSet("call_back_wish", None), SlotSet("requested_slot", None)]
