"""Calls that citizens are promised: asked for, made by a clerk, ticked off, and the citizen told."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.services.delivering import deliver
from integrations.services.handover_errors import Refused, Why
from integrations.services.handover_records import CallBack, CallState, Done, What
from integrations.services.handover_speech import HandoverSpeech
from integrations.services.ports import Clock, Messenger, Transaction, UnitOfWork
from kb.handover import windows
from kb.handover.desk import Desk
from kb.handover.states import By, Move, Reason, State, after
from kb.handover.windows import Wanted, Window
from kb.lifecycle import Actor, signed
from kb.text import clean, hide_personal, mask_phone, shortened

log = logging.getLogger(__name__)

# So long a number that was shown to a clerk is theirs to call, and nobody else's.
LEASE = timedelta(minutes=30)
LONGEST_ABOUT, LONGEST_WANTED, LONGEST_NOTE = 200, 60, 500


@dataclass(frozen=True, kw_only=True)
class CallingBack:
    """The use case."""

    unit_of_work: UnitOfWork
    messengers: Mapping[str, Messenger]
    clock: Clock
    desk: Desk
    speech: HandoverSpeech

    # -- the citizen's side ----------------------------------------------------------------------------------

    def known_phone(self, conversation_id: str, draft_phone: str | None = None) -> str | None:
        """The number that the citizen has given before: in the report that is being told, for a call, with a ticket."""
        if draft_phone:
            return draft_phone
        with self.unit_of_work() as tx:
            for call in reversed(tx.call_backs.of_conversation(conversation_id)):
                if phone := tx.call_backs.phone(call.id):
                    return phone
            return _phone_of_tickets(tx, conversation_id)

    def windows(self) -> tuple[Window, ...]:
        """The times that can be offered now."""
        return windows.offered(self.desk, self.clock())

    def read_time(self, text: str) -> Wanted | None:
        """What the words say of a time to be called at."""
        return windows.read(text, self.desk, self.clock())

    def promise(
        self,
        conversation_id: str,
        phone: str,
        *,
        window: Window | None = None,
        wanted: str = "",
        about: str = "",
        reason: Reason = Reason.ASKED,
    ) -> CallBack:
        """Record the call, or another number and time for the open one; who waited for a person waits no more."""
        with self.unit_of_work() as tx:
            now = self.clock()
            handover = tx.handovers.open_of(conversation_id)
            waits = handover if handover and handover.state is State.WAITING else None
            made = self._promised(
                tx, conversation_id, phone, window, wanted, about, waits.reason if waits else reason, By.CITIZEN, now,
                handover_id=waits.id if waits else None,
            )  # fmt: skip
            if waits:
                close_for_call(tx, waits.id, conversation_id, State.WAITING, By.CITIZEN, By.CITIZEN, now)
            return made

    def promised_by_clerk(
        self,
        tx: Transaction,
        conversation_id: str,
        phone: str,
        *,
        handover_id: int,
        wanted: str,
        reason: Reason,
        by: str,
    ) -> CallBack:
        """A clerk promises it in the chat. Raises Refused for a time at which nobody is there."""
        now = self.clock()
        time = windows.read(wanted, self.desk, now) if wanted else None
        if time is not None and time.outside:
            raise Refused(Why.NO_WINDOW, handover_id)
        window = time.window if time else None
        return self._promised(
            tx,
            conversation_id,
            phone,
            window,
            wanted,
            "",
            reason,
            signed(Actor.CLERK, by),
            now,
            handover_id=handover_id,
        )

    def _promised(
        self,
        tx: Transaction,
        conversation_id: str,
        phone: str,
        window: Window | None,
        wanted: str,
        about: str,
        reason: Reason,
        by: str,
        now: datetime,
        *,
        handover_id: int | None,
    ) -> CallBack:
        call = CallBack(
            id=0,
            conversation_id=conversation_id,
            state=CallState.OPEN,
            reason=reason,
            shown=mask_phone(phone),
            asked_at=now,
            about=shortened(hide_personal(clean(about)), LONGEST_ABOUT),
            wanted=shortened(hide_personal(clean(wanted)), LONGEST_WANTED),
            begins=window.begins if window else None,
            ends=window.ends if window else None,
            handover_id=handover_id,
        )
        made = tx.call_backs.promise(call, phone)
        tx.handovers.record(Done(conversation_id, What.PROMISE, by, now, handover_id, made.id))
        log.info("a call is promised: conversation=%s number=%s", conversation_id, made.id)
        return made

    # -- the clerk's side ------------------------------------------------------------------------------------

    def to_make(self) -> Sequence[CallBack]:
        """Calls that are to be made, the earliest first."""
        with self.unit_of_work() as tx:
            return tx.call_backs.to_make()

    def finished(self) -> Sequence[CallBack]:
        """The last ones that are over."""
        with self.unit_of_work() as tx:
            return tx.call_backs.finished()

    def take(self, number: int, *, by: str) -> tuple[CallBack, str]:
        """The call and its whole number, for this clerk alone for half an hour; put on the trail. Raises Refused."""
        with self.unit_of_work() as tx:
            now = self.clock()
            call = _open(tx, number)
            if not tx.call_backs.take(number, by=by, now=now, lease_until=now + LEASE):
                raise Refused(Why.TAKEN, number)
            phone = tx.call_backs.phone(number)
            if phone is None:
                raise Refused(Why.NO_PHONE, number)
            actor = signed(Actor.CLERK, by)
            tx.handovers.record(Done(call.conversation_id, What.CONTACT, actor, now, call.handover_id, number))
            return tx.call_backs.get(number) or call, phone

    def tick_off(self, number: int, *, by: str, reached: bool, note: str = "") -> CallBack:
        """It was made, or tried; the citizen is told. The same tick of the same clerk twice is one. Raises Refused."""
        state = CallState.REACHED if reached else CallState.NOT_REACHED
        with self.unit_of_work() as tx:
            now = self.clock()
            call = tx.call_backs.get(number)
            if call is None:
                raise Refused(Why.UNKNOWN, number)
            if call.state is state and call.done_by == by:
                return call
            if call.state is not CallState.OPEN:
                raise Refused(Why.OVER, number)
            if call.held(now) and call.taken_by != by:
                raise Refused(Why.TAKEN, number)
            said = shortened(hide_personal(clean(note)), LONGEST_NOTE) or None
            if not tx.call_backs.close(number, state, by=by, at=now, note=said):
                raise Refused(Why.OVER, number)
            act = What.REACHED if reached else What.NOT_REACHED
            tx.handovers.record(
                Done(call.conversation_id, act, signed(Actor.CLERK, by), now, call.handover_id, number, text=said)
            )
            if conversation := tx.conversations.get(call.conversation_id):
                deliver(tx, self.messengers, conversation, self.speech.called(reached=reached), at=now)
            return tx.call_backs.get(number) or call


def take_off(tx: Transaction, conversation_id: str, by: str, now: datetime) -> bool:
    """The citizen wants no call any more. False when none was to be made."""
    call = tx.call_backs.open_of(conversation_id)
    if call is None or not tx.call_backs.close(call.id, CallState.WITHDRAWN, by=by, at=now, note=None):
        return False
    tx.handovers.record(Done(conversation_id, What.NO_CALL, by, now, call.handover_id, call.id))
    return True


def close_for_call(
    tx: Transaction, handover_id: int, conversation_id: str, before: State, role: By, by: str, now: datetime
) -> None:
    """The hand-over is over, for the citizen will be called."""
    tx.handovers.close(handover_id, before=before, after=after(Move.CALL_BACK, before, role), at=now)
    tx.handovers.record(Done(conversation_id, What.CALL_BACK, by, now, handover_id))
    tx.conversations.mask(conversation_id, after=0)


def _open(tx: Transaction, number: int) -> CallBack:
    call = tx.call_backs.get(number)
    if call is None:
        raise Refused(Why.UNKNOWN, number)
    if call.state is not CallState.OPEN:
        raise Refused(Why.OVER, number)
    return call


def _phone_of_tickets(tx: Transaction, conversation_id: str) -> str | None:
    conversation = tx.conversations.get(conversation_id)
    tickets = tx.complaints.of_citizen(conversation.citizen_id) if conversation else ()
    return next((phone for one in tickets if (phone := tx.complaints.phone(one.id))), None)
