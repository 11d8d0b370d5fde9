"""What a citizen hears about speaking to a person, and about a call: position, hours, who is there, who has gone."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from integrations.services.handover_records import CallBack
from integrations.services.records import Bubble, Option
from integrations.services.speech import Speech, payload
from kb.handover.states import State
from kb.handover.windows import EVENING, NOON, Window, as_choice
from kb.working_time import CITY_TIME

# The choice of a button for the queue: 'handover:position'. The gateway hears it before anybody else.
POSITION, LEAVE, MESSAGE = "handover:position", "handover:leave", "handover:message"
ANY_TIME, OTHER_NUMBER = "call:any", "call:phone"


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a wish to speak to a person stands.

    `ahead` are those before it. `open`: somebody is at the desk now; `opens`: else when. `wait`: how long the people
    of the last hour waited, where there were enough of them. `again`: it was asked for before.
    """

    state: State
    ahead: int
    open: bool
    opens: datetime | None = None
    wait: timedelta | None = None
    again: bool = False


@dataclass(frozen=True)
class HandoverSpeech:
    """All bubbles about it. They carry a card of the kind 'handover', so that none is taken for a form's question."""

    speech: Speech

    # -- the queue -------------------------------------------------------------------------------------------

    def asked(self, asked: Asked, now: datetime) -> Bubble:
        """The answer to asking for a person, for the first time or once more."""
        if asked.state is State.TAKEN:
            return _ours(self.speech.say("handover.taken_already", self._leave()))
        if not asked.open:
            return self._closed(asked, now)
        if asked.again:
            return self.position(asked, now)
        options = (self._how_long(), self._leave())
        if not asked.ahead:
            return _ours(self.speech.say("handover.first", *options))
        bubble = self.speech.say("handover.recorded", *options, ahead=asked.ahead)
        return _ours(self._measured(bubble, asked))

    def position(self, asked: Asked, now: datetime) -> Bubble:
        """Where one stands, told exactly."""
        if asked.state is State.TAKEN or not asked.open:
            return self.asked(asked, now)
        options = (self._how_long(), self._leave(), self._call())
        if not asked.ahead:
            return _ours(self.speech.say("handover.next", *options))
        bubble = self.speech.say("handover.still", *options, ahead=asked.ahead)
        return _ours(self._measured(bubble, asked))

    def _closed(self, asked: Asked, now: datetime) -> Bubble:
        options = (self._call(), self.speech.option("handover.leave_message", MESSAGE))
        if asked.opens is None:
            return _ours(self.speech.say("handover.never_open", options[1]))
        opens = self.when(asked.opens, now)
        return _ours(
            self.speech.say("handover.still_closed" if asked.again else "handover.closed", *options, opens=opens)
        )

    def _measured(self, bubble: Bubble, asked: Asked) -> Bubble:
        if asked.wait is None:
            return bubble
        minutes = max(1, math.ceil(asked.wait.total_seconds() / 60))
        return replace(bubble, text=bubble.text + self.speech.words.say("handover.measured", minutes=minutes))

    def closing(self, opens: datetime | None, now: datetime) -> Bubble:
        """The desk closes and it was not their turn."""
        options = (self._call(), self.speech.option("handover.leave_message", MESSAGE))
        if opens is None:
            return _ours(self.speech.say("handover.never_open", options[1]))
        return _ours(self.speech.say("handover.closing", *options, opens=self.when(opens, now)))

    def nobody_waits(self) -> Bubble:
        """A button of a queue in which they do not stand any more."""
        return _ours(
            self.speech.say("handover.not_waiting", self.speech.option("chat.menu_person", intent="ask_person"))
        )

    # -- a message -------------------------------------------------------------------------------------------

    def ask_message(self) -> Bubble:
        """Their next words will be a message."""
        return _ours(self.speech.say("handover.ask_message", self.speech.option("handover.no_message", LEAVE)))

    def message_kept(self) -> Bubble:
        return _ours(self.speech.say("handover.message_kept"))

    # -- somebody is there -----------------------------------------------------------------------------------

    def joined(self) -> Bubble:
        return _ours(self.speech.say("handover.joined"))

    def gone(self, ahead: int) -> Bubble:
        """Their clerk was not heard of any more."""
        if ahead:
            return _ours(self.speech.say("handover.clerk_gone_ahead", self._leave(), ahead=ahead))
        return _ours(self.speech.say("handover.clerk_gone", self._leave()))

    def given_back(self, *, form: bool) -> Bubble:
        return _ours(self.speech.say("handover.given_back_form" if form else "handover.given_back"))

    def left(self, *, taken: bool) -> Bubble:
        """The citizen wants no person any more."""
        return _ours(self.speech.say("handover.left_person" if taken else "handover.left_queue"))

    def ended(self, *, form: bool) -> Bubble:
        if not form:
            return _ours(self.speech.say("handover.ended"))
        go_on = self.speech.option("handover.go_on", intent="repeat")
        return _ours(
            self.speech.say("handover.ended_form", go_on, self.speech.option("handover.no_more", intent="cancel"))
        )

    def staff(self, text: str) -> Bubble:
        """What a clerk says."""
        return Bubble(text, (), {"kind": "staff", "rows": []})

    # -- a call ----------------------------------------------------------------------------------------------

    def ask_phone(self, *, again: bool = False) -> Bubble:
        return self.speech.say("handover.ask_phone_again" if again else "handover.ask_phone")

    def ask_window(self, shown: str, windows: tuple[Window, ...], now: datetime, *, outside: bool = False) -> Bubble:
        """When to call; `outside`: nobody is at the desk at the time that was wished."""
        options = [Option(self.window(one, now), payload("choose", f"call:{as_choice(one)}")) for one in windows]
        options.append(self.speech.option("handover.any_time", ANY_TIME))
        options.append(self.speech.option("handover.other_number", OTHER_NUMBER))
        if outside:
            return self.speech.say("handover.ask_window_again", *options)
        return self.speech.say("handover.ask_window", *options, phone=shown)

    def promised(self, call: CallBack, now: datetime) -> Bubble:
        """What was promised: the time that was understood, or working hours."""
        if call.begins and call.ends:
            window = Window(call.begins.astimezone(CITY_TIME), call.ends.astimezone(CITY_TIME))
            return _ours(self.speech.say("handover.promised", when=self.window(window, now), phone=call.shown))
        return _ours(self.speech.say("handover.promised_any", phone=call.shown))

    def no_call(self) -> Bubble:
        return _ours(self.speech.say("handover.no_call"))

    def called(self, *, reached: bool) -> Bubble:
        """A clerk has called, or tried to."""
        if reached:
            return _ours(self.speech.say("handover.reached"))
        again = self.speech.option("handover.call_again", intent="call_back")
        return _ours(self.speech.say("handover.not_reached", again))

    # -- times -----------------------------------------------------------------------------------------------

    def when(self, at: datetime, now: datetime) -> str:
        """'明天8:30'."""
        here = at.astimezone(CITY_TIME)
        return f"{self._day(here, now)}{here.hour}:{here:%M}"

    def window(self, window: Window, now: datetime) -> str:
        """'明天上午8:30到12:00'."""
        begins, ends = window.begins, window.ends
        part = (begins.time() >= NOON) + (begins.time() >= EVENING)
        last = (ends - timedelta(minutes=1)).time()
        whole = part == (last >= NOON) + (last >= EVENING)
        half = (
            self.speech.words.say(("handover.morning", "handover.afternoon", "handover.evening")[part]) if whole else ""
        )
        until = "24:00" if ends.date() > begins.date() else f"{ends.hour}:{ends:%M}"
        return self.speech.words.say(
            "handover.window", day=self._day(begins, now), half=half, begins=f"{begins.hour}:{begins:%M}", ends=until
        )

    def _day(self, here: datetime, now: datetime) -> str:
        words = self.speech.words
        match (here.date() - now.astimezone(CITY_TIME).date()).days:
            case 0:
                return words.say("handover.today")
            case 1:
                return words.say("handover.tomorrow")
        weekday = words.say("handover.weekdays")[here.weekday()]
        return words.say("handover.day", month=here.month, day=here.day, weekday=weekday)

    # -- buttons ---------------------------------------------------------------------------------------------

    def _how_long(self) -> Option:
        return self.speech.option("handover.how_long", POSITION)

    def _leave(self) -> Option:
        return self.speech.option("handover.no_person", LEAVE)

    def _call(self) -> Option:
        return self.speech.option("handover.call_me", intent="call_back")


def _ours(bubble: Bubble) -> Bubble:
    return replace(bubble, card={"kind": "handover", "rows": []})
