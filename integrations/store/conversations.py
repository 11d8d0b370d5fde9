"""Conversations, their lines, and wishes to speak to a person."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.records import (
    Conversation,
    Handover,
    Hearing,
    Line,
    Sender,
)
from integrations.store import tables as t
from integrations.store.table import Repository
from kb.text import mask_numbers

_SAID = ("text", "said")


class ConversationTable(Repository):
    """Conversations and their lines."""

    def open(self, *, channel: str, address: str, now: datetime) -> Conversation:
        known = select(t.conversations).where(
            t.conversations.c.channel == channel, t.conversations.c.address == address
        )
        if row := self._db.execute(known).first():
            return _conversation(row)
        citizen, conversation = uuid.uuid4().hex, uuid.uuid4().hex
        try:
            with self._db.begin_nested():
                self._db.execute(insert(t.citizens).values(id=citizen, created_at=now))
                self._db.execute(
                    insert(t.conversations).values(
                        id=conversation, channel=channel, address=address, citizen_id=citizen, created_at=now
                    )
                )
        except IntegrityError:  # another process opened it in the same moment
            return _conversation(self._db.execute(known).one())
        return Conversation(conversation, channel, address, citizen)

    def get(self, conversation_id: str) -> Conversation | None:
        row = self._db.execute(select(t.conversations).where(t.conversations.c.id == conversation_id)).first()
        return _conversation(row) if row else None

    def append(
        self,
        conversation_id: str,
        *,
        sender: Sender,
        body: dict[str, Any],
        at: datetime,
        client_id: str | None = None,
        state: Hearing | None = None,
        answers: int | None = None,
    ) -> Line:
        if client_id and (known := self.find(conversation_id, client_id)):
            return known
        # The counter's row lock puts concurrent writers of one conversation in order.
        seq = self._db.execute(
            update(t.conversations)
            .where(t.conversations.c.id == conversation_id)
            .values(last_seq=t.conversations.c.last_seq + 1)
            .returning(t.conversations.c.last_seq)
        ).scalar_one()
        if client_id and (known := self.find(conversation_id, client_id)):
            self._db.execute(
                update(t.conversations).where(t.conversations.c.id == conversation_id).values(last_seq=seq - 1)
            )
            return known
        self._db.execute(
            insert(t.lines).values(
                conversation_id=conversation_id,
                seq=seq,
                sender=sender,
                body=body,
                client_id=client_id,
                state=state,
                answers=answers,
                at=at,
            )
        )
        return Line(seq, sender, at, body, client_id, state, 0, answers)

    def lines(self, conversation_id: str, *, after: int = 0, limit: int = 200) -> Sequence[Line]:
        rows = self._db.execute(
            select(t.lines)
            .where(t.lines.c.conversation_id == conversation_id, t.lines.c.seq > after)
            .order_by(t.lines.c.seq)
            .limit(limit)
        )
        return [_line(row) for row in rows]

    def line(self, conversation_id: str, seq: int) -> Line | None:
        row = self._db.execute(
            select(t.lines).where(t.lines.c.conversation_id == conversation_id, t.lines.c.seq == seq)
        ).first()
        return _line(row) if row else None

    def find(self, conversation_id: str, client_id: str) -> Line | None:
        row = self._db.execute(
            select(t.lines).where(t.lines.c.conversation_id == conversation_id, t.lines.c.client_id == client_id)
        ).first()
        return _line(row) if row else None

    def pending(self, conversation_id: str) -> Sequence[Line]:
        rows = self._db.execute(
            select(t.lines)
            .where(t.lines.c.conversation_id == conversation_id, t.lines.c.state == Hearing.PENDING)
            .order_by(t.lines.c.seq)
        )
        return [_line(row) for row in rows]

    def waiting(self, *, before: datetime, limit: int = 50) -> Sequence[str]:
        rows = self._db.execute(
            select(t.lines.c.conversation_id)
            .where(t.lines.c.state == Hearing.PENDING, t.lines.c.at < before)
            .group_by(t.lines.c.conversation_id)
            .order_by(func.min(t.lines.c.at))
            .limit(limit)
        )
        return list(rows.scalars())

    def attempt(self, conversation_id: str, seq: int) -> int:
        return int(
            self._db.execute(
                update(t.lines)
                .where(t.lines.c.conversation_id == conversation_id, t.lines.c.seq == seq)
                .values(attempts=t.lines.c.attempts + 1)
                .returning(t.lines.c.attempts)
            ).scalar_one()
        )

    def settle(self, conversation_id: str, seq: int, state: Hearing) -> bool:
        pending = (
            t.lines.c.conversation_id == conversation_id,
            t.lines.c.seq == seq,
            t.lines.c.state == Hearing.PENDING,
        )
        body = self._db.execute(select(t.lines.c.body).where(*pending)).scalar()
        # Heard is heard: what stays of the line needs no whole phone.
        values = {"state": state, "body": _masked(body)} if body else {"state": state}
        changed = self._db.execute(update(t.lines).where(*pending).values(**values))
        return changed.rowcount == 1

    def last_seq(self, conversation_id: str) -> int:
        found = select(t.conversations.c.last_seq).where(t.conversations.c.id == conversation_id)
        return int(self._db.execute(found).scalar() or 0)

    def last_offer(self, conversation_id: str) -> Line | None:
        rows = self._db.execute(
            select(t.lines).where(t.lines.c.conversation_id == conversation_id).order_by(t.lines.c.seq.desc()).limit(12)
        )
        for row in rows:
            line = _line(row)
            if line.sender is Sender.CITIZEN:
                return None
            if line.body.get("options"):
                return line
        return None


class HandoverTable(Repository):
    """Wishes to speak to a person."""

    def add(self, conversation_id: str, context: dict[str, Any], at: datetime) -> Handover:
        number = self._db.execute(
            insert(t.handovers)
            .values(conversation_id=conversation_id, context=_masked(context), asked_at=at)
            .returning(t.handovers.c.id)
        ).scalar_one()
        return Handover(number, conversation_id, at, context)

    def waiting(self) -> Sequence[Handover]:
        rows = self._db.execute(select(t.handovers).where(t.handovers.c.taken_at.is_(None)).order_by(t.handovers.c.id))
        return [Handover(row.id, row.conversation_id, row.asked_at, row.context) for row in rows]

    def take(self, handover_id: int, at: datetime) -> Handover | None:
        row = self._db.execute(
            update(t.handovers)
            .where(t.handovers.c.id == handover_id)
            .values(taken_at=func.coalesce(t.handovers.c.taken_at, at))
            .returning(t.handovers)
        ).first()
        return Handover(row.id, row.conversation_id, row.asked_at, row.context) if row else None


def _masked(body: dict[str, Any]) -> dict[str, Any]:
    """Phones in what was said, as their owner knows them. Payloads and pins have none, and must stay as they are."""
    return {key: mask_numbers(value) if key in _SAID and value else value for key, value in body.items()}


def _conversation(row: Row[Any]) -> Conversation:
    return Conversation(row.id, row.channel, row.address, row.citizen_id)


def _line(row: Row[Any]) -> Line:
    return Line(
        row.seq,
        Sender(row.sender),
        row.at,
        row.body,
        row.client_id,
        Hearing(row.state) if row.state else None,
        row.attempts,
        row.answers,
    )
