"""One conversation on several channels: codes, and which conversation goes on in which."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from integrations.services.records import Hearing
from integrations.store import tables as t
from integrations.store.satisfaction_tables import survey_invitations
from integrations.store.table import Repository

# Who is joined to somebody who was joined before: so many steps are followed.
STEPS = 8
LEFT = "left:"
"""Stands before the id of a conversation in place of an address that leads nowhere any more."""


class LinkTable(Repository):
    """The `Links` port."""

    def offer(self, code: str, conversation_id: str, *, now: datetime, until: datetime) -> bool:
        codes = t.link_codes
        self._db.execute(
            delete(codes).where((codes.c.conversation_id == conversation_id) | (codes.c.expires_at <= now))
        )
        try:
            with self._db.begin_nested():
                self._db.execute(insert(codes).values(code=code, conversation_id=conversation_id, expires_at=until))
        except IntegrityError:
            return False
        return True

    def use(self, code: str, now: datetime) -> str | None:
        codes = t.link_codes
        used = delete(codes).where(codes.c.code == code, codes.c.expires_at > now).returning(codes.c.conversation_id)
        found = self._db.execute(used).scalar()
        return str(self.goes_on_in(found)) if found else None

    def goes_on_in(self, conversation_id: str) -> str:
        """The conversation in which that one goes on; itself for nearly all."""
        c = t.conversations.c
        for _ in range(STEPS):
            following = self._db.execute(select(c.goes_on_in).where(c.id == conversation_id)).scalar()
            if following is None:
                break
            conversation_id = following
        return conversation_id

    def join(self, conversation_id: str, target_id: str) -> None:
        c = t.conversations.c
        both = self._db.execute(select(c.id, c.citizen_id).where(c.id.in_((conversation_id, target_id))))
        citizens: dict[str, str] = {row.id: row.citizen_id for row in both}
        former, citizen = citizens[conversation_id], citizens[target_id]
        self._db.execute(update(t.conversations).where(c.id == conversation_id).values(goes_on_in=target_id))
        if former != citizen:
            self._db.execute(update(t.conversations).where(c.citizen_id == former).values(citizen_id=citizen))
            self._db.execute(update(t.complaints).where(t.complaints.c.citizen_id == former).values(citizen_id=citizen))
            self._move_invitations(former, citizen)
        self._take_along(conversation_id, target_id)
        self.announce(conversation_id, target_id)

    def leave(self, channel: str, address: str) -> None:
        c = t.conversations.c
        mine = update(t.conversations).where(c.channel == channel, c.address == address)
        self._db.execute(mine.values(address=LEFT + c.id))

    def _move_invitations(self, former: str, citizen: str) -> None:
        """A citizen answers a survey once: an invitation that both have stays with the one who is gone."""
        mine = survey_invitations
        both = mine.alias()
        twice = exists().where(both.c.survey_id == mine.c.survey_id, both.c.citizen_id == citizen)
        self._db.execute(update(mine).where(mine.c.citizen_id == former, ~twice).values(citizen_id=citizen))

    def _take_along(self, conversation_id: str, target_id: str) -> None:
        """Lines that nobody has tried to hear yet were said to the conversation that goes on."""
        lines = t.lines.c
        waiting = self._db.execute(
            select(t.lines)
            .where(lines.conversation_id == conversation_id, lines.state == Hearing.PENDING, lines.turn.is_(None))
            .order_by(lines.seq)
        ).all()
        for row in waiting:
            seq = self._db.execute(
                update(t.conversations)
                .where(t.conversations.c.id == target_id)
                .values(last_seq=t.conversations.c.last_seq + 1)
                .returning(t.conversations.c.last_seq)
            ).scalar_one()
            kept = {"sender": row.sender, "body": row.body, "state": row.state, "at": row.at}
            self._db.execute(insert(t.lines).values(conversation_id=target_id, seq=seq, **kept))
            self._db.execute(update(t.lines).where(lines.id == row.id).values(state=Hearing.ANSWERED))
