"""Conversations and their lines."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.records import (
    Conversation,
    Hearing,
    Line,
    Sender,
)
from integrations.store import tables as t
from integrations.store.links import STEPS
from integrations.store.table import Repository
from integrations.store.wechat import wake
from kb.text import mask_numbers

_SAID = ("text", "said")


class ConversationTable(Repository):
    """Conversations and their lines."""

    def open(self, *, channel: str, address: str, now: datetime) -> Conversation:
        known = select(t.conversations).where(
            t.conversations.c.channel == channel, t.conversations.c.address == address
        )
        if row := self._db.execute(known).first():
            return self._following(row)
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

    def get(self, conversation_id: str, *, following: bool = True) -> Conversation | None:
        row = self._row(conversation_id)
        if row is None:
            return None
        return self._following(row) if following else _conversation(row)

    def _row(self, conversation_id: str) -> Row[Any] | None:
        return self._db.execute(select(t.conversations).where(t.conversations.c.id == conversation_id)).first()

    def _following(self, row: Row[Any]) -> Conversation:
        """Where that conversation goes on; itself where the other is gone."""
        for _ in range(STEPS):
            further = self._row(row.goes_on_in) if row.goes_on_in else None
            if further is None:
                break
            row = further
        return _conversation(row)

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
        if sender is not Sender.CITIZEN:  # before the counter: whoever takes a push in locks them in this order
            wake(self._db, conversation_id, at)
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

    def before(self, conversation_id: str, seq: int, *, limit: int) -> Sequence[Line]:
        rows = self._db.execute(
            select(t.lines)
            .where(t.lines.c.conversation_id == conversation_id, t.lines.c.seq < seq)
            .order_by(t.lines.c.seq.desc())
            .limit(limit)
        )
        return [_line(row) for row in rows]

    def attempt(self, conversation_id: str, seqs: Sequence[int]) -> int:
        tries = self._db.execute(
            update(t.lines)
            .where(t.lines.c.conversation_id == conversation_id, t.lines.c.seq.in_(seqs))
            .values(attempts=t.lines.c.attempts + 1, turn=max(seqs))
            .returning(t.lines.c.attempts)
        ).scalars()
        return int(max(tries))

    def reword(self, conversation_id: str, seq: int, text: str) -> Line | None:
        line = self.line(conversation_id, seq)
        if line is None or line.body.get("text"):
            return line
        mine = (t.lines.c.conversation_id == conversation_id, t.lines.c.seq == seq)
        self._db.execute(update(t.lines).where(*mine).values(body={**line.body, "text": text}))
        return self.line(conversation_id, seq)

    def settle(self, conversation_id: str, seqs: Sequence[int], state: Hearing, *, keep: bool = False) -> bool:
        pending = (
            t.lines.c.conversation_id == conversation_id,
            t.lines.c.seq.in_(seqs),
            t.lines.c.state == Hearing.PENDING,
        )
        bodies = self._db.execute(select(t.lines.c.seq, t.lines.c.body).where(*pending)).all()
        changed = 0
        for seq, body in bodies:
            # Heard is heard: what stays of the line needs no whole phone.
            values = {"state": state, "body": _masked(body)} if body and not keep else {"state": state}
            changed += self._db.execute(update(t.lines).where(*pending, t.lines.c.seq == seq).values(**values)).rowcount
        return changed == len(seqs)

    def mask(self, conversation_id: str, *, after: int) -> None:
        heard = (
            t.lines.c.conversation_id == conversation_id,
            t.lines.c.seq > after,
            t.lines.c.sender == Sender.CITIZEN,
            t.lines.c.state != Hearing.PENDING,
        )
        for seq, body in self._db.execute(select(t.lines.c.seq, t.lines.c.body).where(*heard)).all():
            if (masked := _masked(body)) != body:
                self._db.execute(update(t.lines).where(*heard, t.lines.c.seq == seq).values(body=masked))

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
        row.turn,
    )
