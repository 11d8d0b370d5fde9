"""WeChat's pushes, readers and consents in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, null, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from integrations.services.wechat.records import Push, Reader, Stage, StoredPush
from integrations.store.table import Repository
from integrations.store.wechat_tables import wechat_consents, wechat_pushes, wechat_readers
from kb.wechat.pushes import PushKind
from kb.wechat.quota import Budget

_p, _r, _c = wechat_pushes.c, wechat_readers.c, wechat_consents.c

# Statements that every push needs, made once: to put one together takes four times as long as to look it up.
_PUSH = select(wechat_pushes).where(_p.key == bindparam("of"))
_READER = select(wechat_readers).where(_r.openid == bindparam("of"))
_READER_ALONE = _READER.with_for_update()
_KEEP = update(wechat_readers).where(_r.openid == bindparam("of"))
_NEW = {
    name: dialect.insert(wechat_pushes).on_conflict_do_nothing().returning(_p.key)
    for name, dialect in (("postgresql", postgresql), ("sqlite", sqlite))
}
_BECAME = update(wechat_pushes).where(_p.key == bindparam("of"))
_BECAME_WORDS = _BECAME.values(fetch=null())
_HAND = _BECAME.where(_p.reply.is_(None), _p.stage != Stage.DONE.value)
# not only rows that are due never: one may just be about to be put so, by somebody who has not seen this line
_WAKE = (
    update(wechat_readers)
    .where(_r.conversation_id == bindparam("of"))
    .values(due_at=func.coalesce(_r.due_at, bindparam("moment", type_=_r.due_at.type)))
)


class WechatTable(Repository):
    """The `WechatPushes` port."""

    # -- pushes ----------------------------------------------------------------------------------------------

    def find(self, key: str) -> StoredPush | None:
        row = self._db.execute(_PUSH, {"of": key}).first()
        return _push(row) if row else None

    def add(
        self, push: Push, *, stage: Stage, at: datetime, fetch: Mapping[str, str] | None = None
    ) -> StoredPush | None:
        new: dict[str, Any] = {
            "key": push.key,
            "openid": push.openid,
            "kind": push.kind.value,
            "stage": stage.value,
            "at": at,
        }
        if fetch:
            new["fetch"] = dict(fetch)
        if self._db.execute(_NEW[self._db.dialect.name], {**new, "tries": 1}).first() is None:
            return None
        return StoredPush(push.key, push.openid, push.kind, stage, at, fetch=dict(fetch) if fetch else None)

    def again(self, key: str) -> StoredPush | None:
        mine = update(wechat_pushes).where(_p.key == key).values(tries=_p.tries + 1).returning(*wechat_pushes.c)
        row = self._db.execute(mine).first()
        return _push(row) if row else None

    def became(
        self,
        key: str,
        conversation_id: str,
        seq: int | None,
        *,
        stage: Stage,
        fetch: Mapping[str, str] | None = None,
    ) -> None:
        values = {"conversation_id": conversation_id, "seq": seq, "stage": stage.value, "fetch_until": None}
        if fetch:
            self._db.execute(_BECAME, {"of": key, "fetch": dict(fetch), **values})
        else:
            self._db.execute(_BECAME_WORDS, {"of": key, **values})

    def hand(self, key: str, reply: str, *, at: datetime) -> bool:
        values = {"reply": reply, "stage": Stage.HANDED.value, "handed_at": at}
        return self._db.execute(_HAND, {"of": key, **values}).rowcount == 1

    def done(self, keys: Sequence[str]) -> None:
        if keys:
            self._db.execute(update(wechat_pushes).where(_p.key.in_(list(keys))).values(stage=Stage.DONE.value))

    def left_behind(self, *, handed_before: datetime, taken_before: datetime, limit: int) -> Sequence[StoredPush]:
        handed = and_(_p.stage == Stage.HANDED.value, _p.handed_at < handed_before)
        unfetched = and_(
            _p.stage == Stage.FETCH.value,
            _p.at < taken_before,
            or_(_p.fetch_until.is_(None), _p.fetch_until < taken_before),
        )
        rows = self._db.execute(select(wechat_pushes).where(or_(handed, unfetched)).order_by(_p.at).limit(limit))
        return [_push(row) for row in rows]

    def claim_fetch(self, key: str, *, at: datetime, until: datetime) -> StoredPush | None:
        free = and_(_p.key == key, _p.stage == Stage.FETCH.value, or_(_p.fetch_until.is_(None), _p.fetch_until <= at))
        mine = update(wechat_pushes).where(free).values(fetch_until=until).returning(*wechat_pushes.c)
        row = self._db.execute(mine).first()
        return _push(row) if row else None

    def free_fetch(self, key: str) -> None:
        self._db.execute(update(wechat_pushes).where(_p.key == key).values(fetch_until=None))

    def forget(self, *, before: datetime) -> int:
        return int(self._db.execute(delete(wechat_pushes).where(_p.at < before)).rowcount)

    # -- readers ---------------------------------------------------------------------------------------------

    def reader(self, openid: str, *, lock: bool = False) -> Reader | None:
        row = self._db.execute(_READER_ALONE if lock else _READER, {"of": openid}).first()
        return _reader(row) if row else None

    def reader_of(self, conversation_id: str) -> Sequence[Reader]:
        rows = self._db.execute(select(wechat_readers).where(_r.conversation_id == conversation_id))
        return [_reader(row) for row in rows]

    def keep_reader(self, reader: Reader) -> None:
        values = _values(reader)
        mine = {"of": reader.openid, **values}
        if self._db.execute(_KEEP, mine).rowcount:
            return
        try:
            with self._db.begin_nested():
                self._db.execute(insert(wechat_readers).values(openid=reader.openid, **values))
        except IntegrityError:  # another process met this citizen in the same moment
            self._db.execute(_KEEP, mine)

    def due(self, *, now: datetime, limit: int) -> Sequence[str]:
        free = or_(_r.lease_until.is_(None), _r.lease_until <= now)
        rows = self._db.execute(select(_r.openid).where(_r.due_at <= now, free).order_by(_r.due_at).limit(limit))
        return list(rows.scalars())

    def lease(self, openid: str, *, holder: str, now: datetime, until: datetime) -> Reader | None:
        free = or_(_r.lease_until.is_(None), _r.lease_until <= now, _r.holder == holder)
        mine = update(wechat_readers).where(_r.openid == openid, free)
        row = self._db.execute(mine.values(holder=holder, lease_until=until).returning(*wechat_readers.c)).first()
        return _reader(row) if row else None

    def release(self, openid: str, *, holder: str) -> None:
        mine = update(wechat_readers).where(_r.openid == openid, _r.holder == holder)
        self._db.execute(mine.values(holder=None, lease_until=None))

    def wake(self, conversation_id: str, *, at: datetime) -> None:
        wake(self._db, conversation_id, at)

    # -- consents --------------------------------------------------------------------------------------------

    def consents(self, openid: str) -> Mapping[str, int]:
        rows = self._db.execute(select(_c.template_id, _c.times).where(_c.openid == openid, _c.times != 0))
        return {row.template_id: row.times for row in rows}

    def consent(self, openid: str, template_id: str, times: int, *, at: datetime) -> None:
        mine = and_(_c.openid == openid, _c.template_id == template_id)
        known = self._db.execute(select(_c.times).where(mine).with_for_update()).scalar()
        if known is None:
            try:
                with self._db.begin_nested():
                    self._db.execute(
                        insert(wechat_consents).values(openid=openid, template_id=template_id, times=times, at=at)
                    )
                return
            except IntegrityError:  # said twice in the same moment
                known = self._db.execute(select(_c.times).where(mine).with_for_update()).scalar_one()
        total = times if times <= 0 else times + max(0, known)
        self._db.execute(update(wechat_consents).where(mine).values(times=total, at=at))

    def use_consent(self, openid: str, template_id: str) -> bool:
        mine = and_(_c.openid == openid, _c.template_id == template_id)
        once = update(wechat_consents).where(mine, _c.times > 0).values(times=_c.times - 1)
        if self._db.execute(once).rowcount:
            return True
        return self._db.execute(select(_c.times).where(mine, _c.times < 0)).first() is not None


def wake(db: Connection, conversation_id: str, at: datetime) -> None:
    """Whoever reads this conversation on WeChat has something to be told; who is looked after already stays so."""
    db.execute(_WAKE, {"of": conversation_id, "moment": at})


def forget_citizen(db: Connection, openid: str) -> int:
    """Delete what is kept of a citizen here; how many rows went."""
    tables = (wechat_pushes, wechat_readers, wechat_consents)
    return sum(int(db.execute(delete(table).where(table.c.openid == openid)).rowcount) for table in tables)


def _values(reader: Reader) -> dict[str, Any]:
    return {
        "conversation_id": reader.conversation_id,
        "told_seq": reader.told_seq,
        "messages": reader.budget.messages,
        "messages_until": reader.budget.messages_until,
        "actions": reader.budget.actions,
        "actions_until": reader.budget.actions_until,
        "rest": list(reader.rest),
        "follows": reader.follows,
        "reachable": reader.reachable,
        "asked_to_fetch": reader.asked_to_fetch,
        "noticed_seq": reader.noticed_seq,
        "due_at": reader.due_at,
        "tries": reader.tries,
    }


def _push(row: Row[Any]) -> StoredPush:
    return StoredPush(
        key=row.key,
        openid=row.openid,
        kind=PushKind(row.kind),
        stage=Stage(row.stage),
        at=row.at,
        tries=row.tries,
        conversation_id=row.conversation_id or "",
        seq=row.seq,
        reply=row.reply,
        handed_at=row.handed_at,
        fetch=row.fetch,
    )


def _reader(row: Row[Any]) -> Reader:
    return Reader(
        openid=row.openid,
        conversation_id=row.conversation_id,
        told_seq=row.told_seq,
        budget=Budget(row.messages, row.messages_until, row.actions, row.actions_until),
        rest=tuple(row.rest),
        follows=row.follows,
        reachable=row.reachable,
        asked_to_fetch=row.asked_to_fetch,
        noticed_seq=row.noticed_seq,
        due_at=row.due_at,
        tries=row.tries,
        lease_until=row.lease_until,
    )
