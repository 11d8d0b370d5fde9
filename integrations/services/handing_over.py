"""Giving a conversation to a person: the queue, and what the citizen says while they wait or while a clerk has it.

Asked before the dialogue hears a message (`hear`): while a clerk has the conversation the assistant is silent, but for
advice on danger to life; every message is stored and shown to the clerk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from integrations.services.calling_back import take_off
from integrations.services.delivering import deliver
from integrations.services.handover_records import Done, Handover, What
from integrations.services.handover_speech import LEAVE, MESSAGE, POSITION, Asked, HandoverSpeech
from integrations.services.ports import Clock, Messenger, Transaction, UnitOfWork
from integrations.services.records import Bubble, Conversation, Line
from integrations.services.resuming import Resuming
from integrations.services.timer_records import TimerRow
from kb.handover.desk import Desk
from kb.handover.states import By, Move, Reason, State, after, graver
from kb.handover.wishes import Wish, Wishes
from kb.text import declines, hide_personal, says_something
from kb.understanding import Alarm

log = logging.getLogger(__name__)

LEASE, CLOSES = "handover_lease", "handover_closes"
"""The timers: whether a clerk is still there; that the desk closes while somebody waits. The subject is the number."""

# How many waits of how long a time make a figure that may be told.
MEASURED, ENOUGH = timedelta(hours=1), 5
_CONTROLS = {POSITION: Wish.HOW_LONG, LEAVE: Wish.LEAVE}
_ASK_PERSON = "/ask_person"


@dataclass(frozen=True, kw_only=True)
class HandingOver:
    """The use case of the citizen's side. `cared`: whether the words are of distress, which is answered elsewhere."""

    unit_of_work: UnitOfWork
    messengers: Mapping[str, Messenger]
    clock: Clock
    desk: Desk
    speech: HandoverSpeech
    resuming: Resuming
    wishes: Wishes
    dangers: Alarm
    cared: Callable[[str], bool] = field(default=lambda _text: False)

    # -- asking ----------------------------------------------------------------------------------------------

    def ask(self, conversation_id: str, context: Mapping[str, Any], *, reason: Reason = Reason.ASKED) -> Asked:
        """Record the wish, once while it is open; gives where it stands. A graver reason moves it to the front."""
        with self.unit_of_work() as tx:
            now = self.clock()
            known = tx.handovers.open_of(conversation_id)
            handover = self._called(tx, conversation_id, context, reason, By.CITIZEN, now)
            return self.where(tx, handover, now, again=known is not None)

    def call(self, tx: Transaction, conversation_id: str, reason: Reason, said: str) -> None:
        """As `ask`, by a rule of ours, in the caller's transaction. Who has a clerk keeps them; they see the reason."""
        self._called(tx, conversation_id, {"said": said}, reason, By.SYSTEM, self.clock())

    def held(self, tx: Transaction, conversation_id: str) -> bool:
        """Whether a clerk has the conversation: the assistant then says nothing of its own."""
        handover = tx.handovers.open_of(conversation_id)
        return handover is not None and handover.held(self.clock())

    def where(self, tx: Transaction, handover: Handover, now: datetime, *, again: bool = True) -> Asked:
        """Where it stands now: told exactly, and only what was measured."""
        state = State.TAKEN if handover.held(now) else State.WAITING
        is_open = self.desk.is_open(now)
        return Asked(
            state,
            tx.handovers.ahead(handover) if state is State.WAITING else 0,
            is_open,
            None if is_open else self.desk.opens(now),
            self._measured(tx, now),
            again,
        )

    def _called(
        self, tx: Transaction, conversation_id: str, context: Mapping[str, Any], reason: Reason, by: By, now: datetime
    ) -> Handover:
        known = tx.handovers.open_of(conversation_id)
        if known is None:
            after(Move.ASK, None, by)
            known = tx.handovers.add(conversation_id, _without_numbers(context), now, reason=reason)
            tx.handovers.record(Done(conversation_id, What.ASK, by, now, known.id, text=reason))
            if closes := self.desk.closes(now):
                tx.timers.set(CLOSES, str(known.id), closes)
            log.info("a person is wanted: conversation=%s number=%s reason=%s", conversation_id, known.id, reason)
        graver_one = graver(known.reason, reason)
        if graver_one is not known.reason:
            tx.handovers.grow(known.id, graver_one)
            tx.handovers.record(Done(conversation_id, What.RAISE, by, now, known.id, text=graver_one))
            known = replace(known, reason=graver_one)
        return known

    def _measured(self, tx: Transaction, now: datetime) -> timedelta | None:
        """The median wait of those who were taken within the last hour, counted while somebody was at the desk."""
        measured = tx.handovers.waits(now - MEASURED)
        waits = [self.desk.between(asked, taken).total_seconds() for asked, taken in measured]
        return timedelta(seconds=median(waits)) if len(waits) >= ENOUGH else None

    # -- hearing ---------------------------------------------------------------------------------------------

    def hear(
        self, tx: Transaction, conversation: Conversation, lines: Sequence[Line], now: datetime
    ) -> Sequence[Bubble] | None:
        """What is answered to the lines of one turn where they are for a person or for the queue, often nothing.

        None: they are for the dialogue.
        """
        said = lines[-1].said
        choice = _choice(said.payload)
        text = "\n".join(line.said.text for line in lines if line.said.text)
        handover = tx.handovers.open_of(conversation.id)
        if handover is None:
            if choice:
                return [self.speech.nobody_waits()]
            return (
                self._no_call(tx, conversation, now) if not said.payload and self._wish(text) is Wish.NO_CALL else None
            )
        if handover.lapsed(now):
            handover = self._lapse(tx, handover, now)
        wish = _CONTROLS.get(choice or "") or (self._wish(text) if not said.payload else None)
        if (said.payload or "").startswith(_ASK_PERSON):
            wish = Wish.PERSON
        if handover.held(now):
            return self._to_clerk(tx, conversation, handover, wish, text, now)
        return self._waits(tx, conversation, handover, wish, choice, text, now)

    def wants_none(self, text: str) -> bool:
        """Whether the words say that no person is wanted: 不用人工了, though nobody was called."""
        return self._wish(text) is Wish.LEAVE

    def _wish(self, text: str) -> Wish | None:
        return self.wishes.read(text) if says_something(text) else None

    def _to_clerk(
        self,
        tx: Transaction,
        conversation: Conversation,
        handover: Handover,
        wish: Wish | None,
        text: str,
        now: datetime,
    ) -> Sequence[Bubble]:
        """A clerk reads it; the assistant keeps out of it."""
        if wish is Wish.LEAVE:
            return self._leave(tx, conversation, handover, now)
        if text and self.cared(text):  # has heard the numbers already
            return []
        if danger := self.dangers.find(text) if text else None:
            self._called(tx, conversation.id, {}, Reason.DANGER, By.SYSTEM, now)
            advice = self.speech.speech.danger(danger)
            before = tx.conversations.lines(conversation.id, after=handover.taken_seq)
            return [] if any(line.bubble.text == advice.text for line in before) else [advice]
        if wish in (Wish.HOW_LONG, Wish.PERSON):
            return [self.speech.asked(self.where(tx, handover, now), now)]
        return []

    def _waits(
        self,
        tx: Transaction,
        conversation: Conversation,
        handover: Handover,
        wish: Wish | None,
        choice: str | None,
        text: str,
        now: datetime,
    ) -> Sequence[Bubble] | None:
        if handover.message_at and not choice:
            return self._message(tx, handover, text, now)
        if choice == MESSAGE:
            tx.handovers.want_message(handover.id, now)
            return [self.speech.ask_message()]
        if choice == LEAVE and handover.message_at:  # no message after all; the place in the queue stays
            tx.handovers.want_message(handover.id, None)
            return [self.speech.position(self.where(tx, handover, now), now)]
        if wish is Wish.LEAVE:
            return self._leave(tx, conversation, handover, now)
        if wish in (Wish.HOW_LONG, Wish.PERSON):
            return [self.speech.position(self.where(tx, handover, now), now)]
        # Their clerk has vanished in the middle of it: what they say is for the next one, while there may be one soon.
        if handover.taken_seq and self.desk.is_open(now) and self.dangers.find(text) is None:
            return []
        return None

    def _message(self, tx: Transaction, handover: Handover, text: str, now: datetime) -> Sequence[Bubble] | None:
        """What they leave for whoever takes it. Danger is no message: the dialogue answers it at once."""
        if not says_something(text):
            return [self.speech.ask_message()]
        tx.handovers.want_message(handover.id, None)
        if self.dangers.find(text):
            return None
        if declines(text) or self._wish(text) is Wish.LEAVE:
            return [self.speech.position(self.where(tx, handover, now), now)]
        return [self.speech.message_kept()]

    def _leave(
        self, tx: Transaction, conversation: Conversation, handover: Handover, now: datetime
    ) -> Sequence[Bubble]:
        """They want no person any more: the assistant goes on where it was."""
        to = after(Move.LEAVE, handover.state, By.CITIZEN)
        tx.handovers.close(handover.id, before=handover.state, after=to, at=now)
        tx.handovers.record(Done(conversation.id, What.LEAVE, By.CITIZEN, now, handover.id))
        tx.conversations.mask(conversation.id, after=0)
        question = self.resuming.question(tx, conversation, handover.context)
        left = self.speech.left(taken=handover.state is State.TAKEN)
        return [left, question] if question else [left]

    def _no_call(self, tx: Transaction, conversation: Conversation, now: datetime) -> Sequence[Bubble] | None:
        """The call that was promised is not wanted any more."""
        return [self.speech.no_call()] if take_off(tx, conversation.id, By.CITIZEN, now) else None

    # -- a clerk who vanishes, a desk that closes ----------------------------------------------------------------

    def requeue(self, tx: Transaction, now: datetime) -> None:
        """Whose clerk was not heard of for too long waits again, in their old place."""
        for handover in tx.handovers.lapsed(now):
            self._lapse(tx, handover, now)

    def _lapse(self, tx: Transaction, handover: Handover, now: datetime) -> Handover:
        to = after(Move.LAPSE, handover.state, By.SYSTEM)
        tx.handovers.requeue(handover.id)
        tx.handovers.record(Done(handover.conversation_id, What.LAPSE, By.SYSTEM, now, handover.id))
        if closes := self.desk.closes(now):
            tx.timers.set(CLOSES, str(handover.id), closes)
        else:  # told below
            tx.timers.cancel(CLOSES, str(handover.id))
        waits = replace(handover, state=to, taken_by=None, taken_at=None, lease_until=None)
        asked = self.where(tx, waits, now)
        told = self.speech.gone(asked.ahead) if asked.open else self.speech.closing(asked.opens, now)
        self.tell(tx, handover.conversation_id, told, now)
        log.warning("a clerk was not heard of any more: number=%s by=%s", handover.id, handover.taken_by)
        return waits

    def lease_rings(self, tx: Transaction, row: TimerRow, now: datetime) -> None:
        """Look whether the clerk is still there; while they are, look again."""
        handover = tx.handovers.get(int(row.subject))
        if handover is None or handover.state is not State.TAKEN or handover.lease_until is None:
            return
        if handover.lapsed(now):
            self._lapse(tx, handover, now)
        else:
            tx.timers.set(LEASE, row.subject, handover.lease_until)

    def closes_rings(self, tx: Transaction, row: TimerRow, now: datetime) -> None:
        """The desk has closed: tell who still waits, and until when."""
        handover = tx.handovers.get(int(row.subject))
        if handover is None or handover.state is not State.WAITING:
            return
        if self.desk.is_open(now):  # the hours were changed in the meantime
            if closes := self.desk.closes(now):
                tx.timers.set(CLOSES, row.subject, closes)
            return
        self.tell(tx, handover.conversation_id, self.speech.closing(self.desk.opens(now), now), now)

    def tell(self, tx: Transaction, conversation_id: str, bubble: Bubble, now: datetime) -> None:
        """Bring it to the citizen on their channel."""
        if conversation := tx.conversations.get(conversation_id):
            deliver(tx, self.messengers, conversation, bubble, at=now)


def _choice(payload: str | None) -> str | None:
    """The choice of a button for the queue, of whatever age."""
    for choice in (POSITION, LEAVE, MESSAGE):
        if payload and f'"{choice}"' in payload:
            return choice
    return None


def _without_numbers(value: Any) -> Any:
    """What is kept of the context: no phone, and no number that may be one."""
    if isinstance(value, Mapping):
        return {str(key): _without_numbers(one) for key, one in value.items() if key != "phone"}
    if isinstance(value, (list, tuple)):
        return [_without_numbers(one) for one in value]
    return hide_personal(value) if isinstance(value, str) else value
