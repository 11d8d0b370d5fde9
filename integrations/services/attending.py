"""A clerk's side of a hand-over: who waits, take, read, say, note, give back, end.

A clerk who is not heard of for the time of the lease has lost it; whatever they do renews it. Phones and words are for
the clerk who has taken it alone, and what was shown to whom is on the trail.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.services.calling_back import CallingBack, close_for_call
from integrations.services.delivering import deliver
from integrations.services.handing_over import LEASE, HandingOver
from integrations.services.handover_errors import Refused, Why
from integrations.services.handover_records import CallBack, Done, Handover, What
from integrations.services.media_records import Medium
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Bubble, Conversation, Line, Sender
from kb import ticket_number
from kb.handover.states import By, Move, Reason, State, after
from kb.lifecycle import Actor, Status, signed
from kb.report import Contact, Draft
from kb.taxonomy import Taxonomy
from kb.text import clean, find_phone

log = logging.getLogger(__name__)

LONGEST_SAID, LONGEST_NOTE = 1_000, 1_000
MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Queued:
    """One row of the list: nothing by which the citizen could be known. `ahead` counts those before who wait."""

    id: int
    state: State
    reason: Reason
    asked_at: datetime
    ahead: int
    channel: str
    category: str | None
    district: str | None
    street: str | None
    taken_by: str | None
    interrupted: bool
    new_lines: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket of the citizen, as the clerk may name it."""

    number: str
    status: Status
    category: str
    filed_at: datetime


@dataclass(frozen=True, slots=True)
class Filled:
    """What is filled so far, in readable words; `asked` is the question that waits for its answer."""

    description: str = field(default="", repr=False)
    category: str = ""
    place: str = field(default="", repr=False)
    since: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    anonymous: bool = False
    asked: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """Everything that the clerk who has it is shown. `more`: further lines follow the last one."""

    handover: Handover
    channel: str
    lines: Sequence[Line] = field(repr=False)
    filled: Filled | None
    tickets: Sequence[Ticket]
    notes: Sequence[Done]
    calls: Sequence[CallBack]
    latest: int

    @property
    def more(self) -> bool:
        return bool(self.lines) and self.lines[-1].seq < self.latest


@dataclass(frozen=True, kw_only=True)
class Attending:
    """The use case. `lease` is how long a clerk may be silent."""

    unit_of_work: UnitOfWork
    clock: Clock
    handing_over: HandingOver
    calling_back: CallingBack
    taxonomy: Taxonomy
    lease: timedelta

    # -- the list --------------------------------------------------------------------------------------------

    def standing(self) -> Sequence[Queued]:
        """Who waits, the next one first, then those whom somebody has."""
        with self.unit_of_work() as tx:
            self.handing_over.requeue(tx, self.clock())
            waiting, taken = tx.handovers.waiting(), tx.handovers.taken()
            rows = [(one, ahead) for ahead, one in enumerate(waiting)] + [(one, 0) for one in taken]
            return [self._queued(tx, one, ahead) for one, ahead in rows]

    def _queued(self, tx: Transaction, one: Handover, ahead: int) -> Queued:
        conversation = tx.conversations.get(one.conversation_id)
        draft = one.context.get("draft")
        place = (draft.get("place") or {}) if isinstance(draft, Mapping) else {}
        leaf = self.taxonomy.leaves.get(str(draft.get("category"))) if isinstance(draft, Mapping) else None
        latest = tx.conversations.last_seq(one.conversation_id)
        return Queued(
            one.id,
            one.state,
            one.reason,
            one.asked_at,
            ahead,
            conversation.channel if conversation else "",
            leaf.name if leaf else None,
            place.get("district"),
            place.get("street"),
            one.taken_by,
            one.state is State.WAITING and one.taken_seq > 0,
            max(0, latest - one.seen_seq) if one.state is State.TAKEN else 0,
        )

    def trail(self, number: int | None = None) -> Sequence[Done]:
        """What was done and read, of one hand-over or the latest of all."""
        with self.unit_of_work() as tx:
            return tx.handovers.recent() if number is None else tx.handovers.trail(handover_id=number)

    # -- taking ----------------------------------------------------------------------------------------------

    def take(self, number: int, *, by: str) -> Handover:
        """Take it; taking one's own again only renews it. Raises Refused when another was first, or it is over."""
        with self.unit_of_work() as tx:
            now = self.clock()
            self.handing_over.requeue(tx, now)
            handover = _known(tx, number)
            if handover.state is State.TAKEN and handover.taken_by == by:
                tx.handovers.renew(number, by=by, lease_until=now + self.lease)
                return _known(tx, number)
            if handover.state is not State.WAITING:
                raise Refused(Why.TAKEN if handover.state is State.TAKEN else Why.OVER, number)
            after(Move.TAKE, handover.state, By.CLERK)
            seq = tx.conversations.last_seq(handover.conversation_id)
            if not tx.handovers.take(number, by=by, at=now, lease_until=now + self.lease, seq=seq):
                raise Refused(Why.TAKEN, number)
            self._record(tx, handover, What.TAKE, by, now)
            tx.timers.set(LEASE, str(number), now + self.lease)
            self.handing_over.tell(tx, handover.conversation_id, self.handing_over.speech.joined(), now)
            log.info("taken: number=%s by=%s", number, by)
            return _known(tx, number)

    def renew(self, number: int, *, by: str) -> Handover:
        """The clerk is still there. Raises Refused when it is not theirs any more."""
        with self.unit_of_work() as tx:
            return self._mine(tx, number, by, self.clock())

    def _mine(self, tx: Transaction, number: int, by: str, now: datetime) -> Handover:
        """The hand-over of this clerk, its lease renewed. Raises Refused."""
        self.handing_over.requeue(tx, now)
        handover = _known(tx, number)
        if handover.state is State.TAKEN and handover.taken_by != by:
            raise Refused(Why.TAKEN, number)
        if handover.state is not State.TAKEN:
            raise Refused(Why.NOT_TAKEN if handover.state is State.WAITING else Why.OVER, number)
        tx.handovers.renew(number, by=by, lease_until=now + self.lease)
        return handover

    # -- reading ---------------------------------------------------------------------------------------------

    def read(self, number: int, *, by: str, after: int = 0) -> View:
        """The conversation after that line, at most 200 lines, with all that is known. Raises Refused."""
        with self.unit_of_work() as tx:
            now = self.clock()
            handover = self._mine(tx, number, by, now)
            conversation = _conversation(tx, handover)
            lines = tx.conversations.lines(conversation.id, after=after, limit=MOST_LINES)
            if lines and lines[-1].seq > handover.seen_seq:
                seen = lines[-1].seq
                tx.handovers.renew(number, by=by, lease_until=now + self.lease, seen_seq=seen)
                first = max(lines[0].seq, handover.seen_seq + 1)
                self._record(tx, handover, What.READ, by, now, from_seq=first, to_seq=seen)
            filled = self._filled(conversation, handover)
            if filled and filled.phone:
                key = f"contact:{number}:{handover.taken_at:%Y%m%d%H%M%S%f}"
                self._record(tx, handover, What.CONTACT, by, now, key=key)
            return View(
                _known(tx, number),
                conversation.channel,
                lines,
                filled,
                [
                    Ticket(ticket_number.display(one.number), one.status, self._category(one.category), one.filed_at)
                    for one in tx.complaints.of_citizen(conversation.citizen_id)
                ],
                [one for one in tx.handovers.trail(handover_id=number) if one.act is What.NOTE],
                tx.call_backs.of_conversation(conversation.id),
                tx.conversations.last_seq(conversation.id),
            )

    def medium(self, number: int, medium_id: str, *, by: str) -> Medium:
        """A picture or recording of the conversation. Raises Refused."""
        with self.unit_of_work() as tx:
            now = self.clock()
            handover = self._mine(tx, number, by, now)
            medium = tx.media.get(medium_id)
            if medium is None or tx.media.owner(medium_id) != _conversation(tx, handover).citizen_id:
                raise Refused(Why.UNKNOWN, number)
            key = f"medium:{medium_id}:{handover.taken_at:%Y%m%d%H%M%S%f}"
            self._record(tx, handover, What.MEDIUM, by, now, key=key, text=medium_id)
            return medium

    def _category(self, code: str | None) -> str:
        leaf = self.taxonomy.leaves.get(code or "")
        return leaf.name if leaf else ""

    def _filled(self, conversation: Conversation, handover: Handover) -> Filled | None:
        memory = self.handing_over.resuming.remembered(conversation, handover.context)
        draft = _draft(memory.draft)
        if draft is None:
            return None
        return Filled(
            draft.description,
            self._category(draft.category),
            draft.place.full or draft.place.text if draft.place else "",
            str(draft.since or ""),
            draft.phone or "",
            draft.contact is Contact.ANONYMOUS,
            memory.asked or "",
        )

    # -- saying ----------------------------------------------------------------------------------------------

    def say(self, number: int, *, by: str, key: str, text: str) -> bool:
        """A sentence into the citizen's chat, once for each `key`; False when it was said before. Raises Refused."""
        said = _text(text, LONGEST_SAID, number)
        with self.unit_of_work() as tx:
            now = self.clock()
            handover = self._mine(tx, number, by, now)
            if not self._record(tx, handover, What.SAY, by, now, key=f"say:{by}:{key}"):
                return False
            conversation, speech = _conversation(tx, handover), self.handing_over.speech
            deliver(tx, self.handing_over.messengers, conversation, speech.staff(said), at=now)
            return True

    def note(self, number: int, *, by: str, key: str, text: str) -> bool:
        """A note for the next clerk, never shown to the citizen; once for each `key`. Raises Refused."""
        noted = _text(text, LONGEST_NOTE, number)
        with self.unit_of_work() as tx:
            now = self.clock()
            handover = self._mine(tx, number, by, now)
            return self._record(tx, handover, What.NOTE, by, now, key=f"note:{by}:{key}", text=noted)

    # -- ending ----------------------------------------------------------------------------------------------

    def give_back(self, number: int, *, by: str) -> Handover:
        """Back to the assistant, who says so once and goes on with the form where it was. Twice is once."""
        return self._close(number, by, Move.GIVE_BACK, What.GIVE_BACK)

    def end(self, number: int, *, by: str) -> Handover:
        """The matter is settled. A form that was open is asked about once. Twice is once. Raises Refused."""
        return self._close(number, by, Move.END, What.END)

    def _close(self, number: int, by: str, move: Move, act: What) -> Handover:
        with self.unit_of_work() as tx:
            now = self.clock()
            known = _known(tx, number)
            if known.taken_by == by and known.state is after(move, State.TAKEN, By.CLERK):
                return known  # the second click
            handover = self._mine(tx, number, by, now)
            tx.handovers.close(number, before=handover.state, after=after(move, handover.state, By.CLERK), at=now)
            self._record(tx, handover, act, by, now)
            tx.conversations.mask(handover.conversation_id, after=0)
            self._go_on(tx, handover, move, now)
            log.info("over: number=%s by=%s move=%s", number, by, move)
            return _known(tx, number)

    def _go_on(self, tx: Transaction, handover: Handover, move: Move, now: datetime) -> None:
        conversation, speech = _conversation(tx, handover), self.handing_over.speech
        question = self.handing_over.resuming.question(tx, conversation, handover.context)
        if move is Move.END:
            bubbles: list[Bubble] = [speech.ended(form=question is not None)]
        else:
            bubbles = [speech.given_back(form=question is not None), *([question] if question else [])]
        for bubble in bubbles:
            tx.conversations.append(conversation.id, sender=Sender.ASSISTANT, body=bubble.as_json(), at=now)

    def call_back(self, number: int, *, by: str, phone: str = "", wanted: str = "") -> CallBack:
        """Promise a call in place of going on in the chat; the number is that of the report, where none is given.

        Raises Refused without a number, and for a time at which nobody is there.
        """
        with self.unit_of_work() as tx:
            now = self.clock()
            known = _known(tx, number)
            if known.taken_by == by and known.state is State.CALL_BACK:  # the second click
                promised = tx.call_backs.open_of(known.conversation_id)
                if promised:
                    return promised
            handover = self._mine(tx, number, by, now)
            filled = self._filled(_conversation(tx, handover), handover)
            found = find_phone(phone) if phone else (filled.phone if filled else None)
            if not found:
                raise Refused(Why.NO_PHONE, number)
            call = self.calling_back.promised_by_clerk(
                tx, handover.conversation_id, found, handover_id=number, wanted=wanted, reason=handover.reason, by=by
            )
            close_for_call(tx, number, handover.conversation_id, handover.state, By.CLERK, signed(Actor.CLERK, by), now)
            self.handing_over.tell(tx, handover.conversation_id, self.handing_over.speech.promised(call, now), now)
            return call

    @staticmethod
    def _record(tx: Transaction, handover: Handover, act: What, by: str, now: datetime, **more: Any) -> bool:
        actor = signed(Actor.CLERK, by)
        return tx.handovers.record(Done(handover.conversation_id, act, actor, now, handover.id, **more))


def _known(tx: Transaction, number: int) -> Handover:
    handover = tx.handovers.get(number)
    if handover is None:
        raise Refused(Why.UNKNOWN, number)
    return handover


def _conversation(tx: Transaction, handover: Handover) -> Conversation:
    conversation = tx.conversations.get(handover.conversation_id)
    if conversation is None:
        raise Refused(Why.UNKNOWN, handover.id)
    return conversation


def _draft(value: Mapping[str, Any] | None) -> Draft | None:
    try:
        return Draft.from_dict(dict(value)) if value else None
    except (TypeError, KeyError, ValueError, AttributeError):  # of another version
        return None


def _text(text: str, longest: int, number: int) -> str:
    said = clean(text)
    if not said:
        raise Refused(Why.EMPTY, number)
    if len(said) > longest:
        raise Refused(Why.TOO_LONG, number)
    return said
