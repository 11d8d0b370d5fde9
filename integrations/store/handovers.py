"""Hand-overs and their trail as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.handover_records import Done, Handover, What
from integrations.store.handover_tables import handover_acts, handovers
from integrations.store.table import Repository
from integrations.store.tables import Moment
from kb.handover.states import OPEN, RANKS, Reason, State
from kb.text import mask_numbers

_c, _a = handovers.c, handover_acts.c
_QUEUE = (_c.rank, _c.asked_at, _c.id)


class HandoverTable(Repository):
    """The `Handovers` port."""

    def add(
        self, conversation_id: str, context: Mapping[str, Any], at: datetime, *, reason: Reason = Reason.ASKED
    ) -> Handover:
        values = {
            "conversation_id": conversation_id,
            "context": {
                key: mask_numbers(value) if isinstance(value, str) else value for key, value in context.items()
            },
            "asked_at": at,
            "state": State.WAITING,
            "reason": reason,
            "rank": RANKS[reason],
        }
        try:
            with self._db.begin_nested():
                row = self._db.execute(insert(handovers).values(**values).returning(handovers)).one()
        except IntegrityError:  # asked for twice in the same moment
            if known := self.open_of(conversation_id):
                return known
            raise
        return _handover(row)

    def get(self, handover_id: int) -> Handover | None:
        return self._one(select(handovers).where(_c.id == handover_id))

    def open_of(self, conversation_id: str) -> Handover | None:
        return self._one(select(handovers).where(_c.conversation_id == conversation_id, _c.state.in_(OPEN)))

    def waiting(self) -> Sequence[Handover]:
        return self._all(select(handovers).where(_c.state == State.WAITING).order_by(*_QUEUE))

    def taken(self) -> Sequence[Handover]:
        return self._all(select(handovers).where(_c.state == State.TAKEN).order_by(_c.taken_at, _c.id))

    def lapsed(self, now: datetime) -> Sequence[Handover]:
        left = select(handovers).where(_c.state == State.TAKEN, _c.lease_until <= now)
        return self._all(left.order_by(_c.id).with_for_update(skip_locked=True))

    def ahead(self, handover: Handover) -> int:
        rank = RANKS[handover.reason]
        same = and_(_c.rank == rank, or_(_c.asked_at < handover.asked_at, _same_moment(handover)))
        before = select(func.count()).where(_c.state == State.WAITING, or_(_c.rank < rank, same))
        return int(self._db.execute(before).scalar_one())

    def take(self, handover_id: int, *, by: str, at: datetime, lease_until: datetime, seq: int) -> bool:
        return self._change(
            handover_id,
            State.WAITING,
            state=State.TAKEN,
            taken_by=by,
            taken_at=at,
            lease_until=lease_until,
            taken_seq=seq,
            seen_seq=0,
            message_at=None,
            first_taken_at=func.coalesce(_c.first_taken_at, literal(at, Moment)),
        )

    def renew(self, handover_id: int, *, by: str, lease_until: datetime, seen_seq: int | None = None) -> bool:
        values: dict[str, Any] = {"lease_until": lease_until}
        if seen_seq is not None:
            values["seen_seq"] = seen_seq
        mine = (_c.id == handover_id, _c.state == State.TAKEN, _c.taken_by == by)
        return int(self._db.execute(update(handovers).where(*mine).values(**values)).rowcount) == 1

    def requeue(self, handover_id: int) -> bool:
        return self._change(
            handover_id, State.TAKEN, state=State.WAITING, taken_by=None, taken_at=None, lease_until=None
        )

    def close(self, handover_id: int, *, before: State, after: State, at: datetime) -> bool:
        return self._change(handover_id, before, state=after, over_at=at, lease_until=None, message_at=None)

    def grow(self, handover_id: int, reason: Reason) -> None:
        self._db.execute(update(handovers).where(_c.id == handover_id).values(reason=reason, rank=RANKS[reason]))

    def want_message(self, handover_id: int, at: datetime | None) -> None:
        self._db.execute(update(handovers).where(_c.id == handover_id).values(message_at=at))

    def waits(self, since: datetime) -> Sequence[tuple[datetime, datetime]]:
        measured = select(_c.asked_at, _c.first_taken_at).where(_c.first_taken_at >= since, _c.asked_at.is_not(None))
        return [(row.asked_at, row.first_taken_at) for row in self._db.execute(measured)]

    # -- the trail -----------------------------------------------------------------------------------------------

    def record(self, done: Done) -> bool:
        if done.key and self.known(done.conversation_id, done.key):
            return False
        self._db.execute(
            insert(handover_acts).values(
                conversation_id=done.conversation_id,
                handover_id=done.handover_id,
                call_back_id=done.call_back_id,
                act=done.act,
                by=done.by,
                from_seq=done.from_seq,
                to_seq=done.to_seq,
                text=done.text,
                key=done.key,
                at=done.at,
            )
        )
        return True

    def trail(self, *, handover_id: int | None = None, call_back_id: int | None = None) -> Sequence[Done]:
        about = _a.handover_id == handover_id if handover_id is not None else _a.call_back_id == call_back_id
        return [_done(row) for row in self._db.execute(select(handover_acts).where(about).order_by(_a.id))]

    def recent(self, *, limit: int = 200) -> Sequence[Done]:
        rows = self._db.execute(select(handover_acts).order_by(_a.id.desc()).limit(limit))
        return [_done(row) for row in rows]

    def known(self, conversation_id: str, key: str) -> Done | None:
        same = select(handover_acts).where(_a.conversation_id == conversation_id, _a.key == key)
        row = self._db.execute(same).first()
        return _done(row) if row else None

    # -- rows ----------------------------------------------------------------------------------------------------

    def _one(self, wanted: Select[Any]) -> Handover | None:
        row = self._db.execute(wanted.with_for_update()).first()
        return _handover(row) if row else None

    def _all(self, wanted: Select[Any]) -> list[Handover]:
        return [_handover(row) for row in self._db.execute(wanted)]

    def _change(self, handover_id: int, before: State, **values: Any) -> bool:
        mine = (_c.id == handover_id, _c.state == before)
        return int(self._db.execute(update(handovers).where(*mine).values(**values)).rowcount) == 1


def _same_moment(handover: Handover) -> Any:
    return and_(_c.asked_at == handover.asked_at, _c.id < handover.id)


def _handover(row: Row[Any]) -> Handover:
    return Handover(
        row.id,
        row.conversation_id,
        row.asked_at,
        row.context,
        State(row.state),
        Reason(row.reason),
        row.taken_by,
        row.taken_at,
        row.lease_until,
        row.taken_seq,
        row.seen_seq,
        row.over_at,
        row.message_at,
    )


def _done(row: Row[Any]) -> Done:
    return Done(
        row.conversation_id,
        What(row.act),
        row.by,
        row.at,
        row.handover_id,
        row.call_back_id,
        row.from_seq,
        row.to_seq,
        row.text,
        row.key,
    )
