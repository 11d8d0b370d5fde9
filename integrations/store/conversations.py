"""Conversations and their lines."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update
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
# Of ids, where many are asked for.
IN_ONE_QUERY = 500

# Statements that every message needs, made once: to put one together takes four times as long as to look it up.
_c, _l = t.conversations.c, t.lines.c
_OF = _l.conversation_id == bindparam("of")
_OPENED = select(t.conversations).where(_c.channel == bindparam("on"), _c.address == bindparam("at"))
_CONVERSATION = select(t.conversations).where(_c.id == bindparam("of"))
_COUNT = update(t.conversations).where(_c.id == bindparam("of")).values(last_seq=_c.last_seq + 1).returning(_c.last_seq)
_ADD = insert(t.lines).inline()
_AFTER = select(t.lines).where(_OF, _l.seq > bindparam("after")).order_by(_l.seq).limit(bindparam("most"))
_ONE = select(t.lines).where(_OF, _l.seq == bindparam("number"))
_BY_CLIENT = select(t.lines).where(_OF, _l.client_id == bindparam("client"))
_TRIED = (
    update(t.lines)
    .where(_OF, _l.seq.in_(bindparam("numbers", expanding=True)))
    .values(attempts=_l.attempts + 1, turn=bindparam("last"))
    .returning(_l.attempts)
)
_PENDING = (_OF, _l.state == Hearing.PENDING)
_TO_SETTLE = select(_l.seq, _l.body).where(*_PENDING, _l.seq.in_(bindparam("numbers", expanding=True)))
_SETTLE = update(t.lines).where(*_PENDING, _l.seq == bindparam("number"))
_WAITING = select(t.lines).where(_OF, _l.state == Hearing.PENDING).order_by(_l.seq)
_BEFORE = select(t.lines).where(_OF, _l.seq < bindparam("before")).order_by(_l.seq.desc()).limit(bindparam("most"))
_LATEST = select(t.lines).where(_OF).order_by(_l.seq.desc()).limit(12)
_LAST = select(_c.last_seq).where(_c.id == bindparam("of"))


class ConversationTable(Repository):
    """Conversations and their lines."""

    def open(self, *, channel: str, address: str, now: datetime) -> Conversation:
        known = {"on": channel, "at": address}
        if row := self._db.execute(_OPENED, known).first():
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
            return _conversation(self._db.execute(_OPENED, known).one())
        return Conversation(conversation, channel, address, citizen)

    def get(self, conversation_id: str, *, following: bool = True) -> Conversation | None:
        row = self._row(conversation_id)
        if row is None:
            return None
        return self._following(row) if following else _conversation(row)

    def _row(self, conversation_id: str) -> Row[Any] | None:
        return self._db.execute(_CONVERSATION, {"of": conversation_id}).first()

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
        new: bool = False,
    ) -> Line:
        if sender is not Sender.CITIZEN:  # before the counter: whoever takes a push in locks them in this order
            wake(self._db, conversation_id, at)
        self.announce(conversation_id)
        # The counter's row lock puts concurrent writers of one conversation in order.
        seq = self._db.execute(_COUNT, {"of": conversation_id}).scalar_one()
        if client_id and not new and (known := self.find(conversation_id, client_id)):
            self._db.execute(
                update(t.conversations).where(t.conversations.c.id == conversation_id).values(last_seq=seq - 1)
            )
            return known
        values = {"sender": sender, "body": body, "client_id": client_id, "state": state, "answers": answers, "at": at}
        self._db.execute(_ADD, {"conversation_id": conversation_id, "seq": seq, **values})
        return Line(seq, sender, at, body, client_id, state, 0, answers)

    def lines(self, conversation_id: str, *, after: int = 0, limit: int = 200) -> Sequence[Line]:
        rows = self._db.execute(_AFTER, {"of": conversation_id, "after": after, "most": limit})
        return [_line(row) for row in rows]

    def line(self, conversation_id: str, seq: int) -> Line | None:
        row = self._db.execute(_ONE, {"of": conversation_id, "number": seq}).first()
        return _line(row) if row else None

    def find(self, conversation_id: str, client_id: str) -> Line | None:
        row = self._db.execute(_BY_CLIENT, {"of": conversation_id, "client": client_id}).first()
        return _line(row) if row else None

    def pending(self, conversation_id: str) -> Sequence[Line]:
        rows = self._db.execute(_WAITING, {"of": conversation_id})
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
        rows = self._db.execute(_BEFORE, {"of": conversation_id, "before": seq, "most": limit})
        return [_line(row) for row in rows]

    def attempt(self, conversation_id: str, seqs: Sequence[int]) -> int:
        of = {"of": conversation_id, "numbers": list(seqs), "last": max(seqs)}
        tries = self._db.execute(_TRIED, of).scalars()
        return int(max(tries))

    def reword(self, conversation_id: str, seq: int, text: str) -> Line | None:
        line = self.line(conversation_id, seq)
        if line is None or line.body.get("text"):
            return line
        self.announce(conversation_id)
        mine = (t.lines.c.conversation_id == conversation_id, t.lines.c.seq == seq)
        self._db.execute(update(t.lines).where(*mine).values(body={**line.body, "text": text}))
        return self.line(conversation_id, seq)

    def settle(self, conversation_id: str, seqs: Sequence[int], state: Hearing, *, keep: bool = False) -> bool:
        bodies = self._db.execute(_TO_SETTLE, {"of": conversation_id, "numbers": list(seqs)}).all()
        changed = 0
        for seq, body in bodies:
            # Heard is heard: what stays of the line needs no whole phone.
            values = {"state": state, "body": _masked(body)} if body and not keep else {"state": state}
            changed += self._db.execute(_SETTLE, {"of": conversation_id, "number": seq, **values}).rowcount
        self.announce(conversation_id)
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
        return int(self._db.execute(_LAST, {"of": conversation_id}).scalar() or 0)

    def numbers(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        c, found = t.conversations.c, dict[str, int]()
        for first in range(0, len(conversation_ids), IN_ONE_QUERY):
            part = conversation_ids[first : first + IN_ONE_QUERY]
            going = select(c.id, c.last_seq).where(c.id.in_(part), c.goes_on_in.is_(None))
            found.update((row.id, row.last_seq) for row in self._db.execute(going))
        return found

    def last_offer(self, conversation_id: str) -> Line | None:
        for row in self._db.execute(_LATEST, {"of": conversation_id}):
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
