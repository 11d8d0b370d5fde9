"""Rasa's memory of conversations: one row each in its table `dialogues` (see `bot/components/dialogues.py`).

An installation of an older version has a row for each event in `events`; a conversation moves over with its next turn,
so both are looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, column, create_engine, delete, event, func, inspect, select, table, union_all
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from integrations.services.errors import TryLater

_dialogues = table("dialogues", *(column(name) for name in ("sender_id", "at", "data")))
_events = table("events", *(column(name) for name in ("id", "sender_id", "timestamp", "data")))
_d, _e = _dialogues.c, _events.c
_AT_ONCE = 500


@dataclass(frozen=True)
class _Opened:
    """A transaction, and which of the two tables there are."""

    db: Connection
    dialogues: bool
    events: bool


class SqlTrackers:
    """The `Trackers` port. A store that is not there yet remembers nothing."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    def idle(self, before: datetime, *, limit: int) -> Sequence[str]:
        with self._opened() as there:
            found = _idle(there, before)
            return [] if found is None else list(there.db.execute(found.order_by("sender_id").limit(limit)).scalars())

    def count_idle(self, before: datetime) -> int:
        with self._opened() as there:
            found = _idle(there, before)
            if found is None:
                return 0
            return int(there.db.execute(select(func.count()).select_from(found.subquery())).scalar_one())

    def forget(self, senders: Sequence[str]) -> int:
        forgotten = 0
        with self._opened() as there:
            for start in range(0, len(senders), _AT_ONCE):
                some = senders[start : start + _AT_ONCE]
                if there.dialogues:
                    mine = select(_d.data).where(_d.sender_id.in_(some))
                    forgotten += sum(len(json.loads(data)) for data in there.db.execute(mine).scalars())
                    there.db.execute(delete(_dialogues).where(_d.sender_id.in_(some)))
                if there.events:
                    forgotten += there.db.execute(delete(_events).where(_e.sender_id.in_(some))).rowcount
        return forgotten

    def remembered(self, sender: str) -> list[dict[str, Any]]:
        with self._opened() as there:
            if there.dialogues:
                kept = there.db.execute(select(_d.data).where(_d.sender_id == sender)).scalar()
                if kept is not None:
                    return list(json.loads(kept))
            if not there.events:
                return []
            mine = select(_e.data).where(_e.sender_id == sender).order_by(_e.id)
            return [json.loads(one) for one in there.db.execute(mine).scalars()]

    @cached_property
    def _engine(self) -> Engine:
        if self._url.get_backend_name() != "sqlite":
            return create_engine(self._url, hide_parameters=True, pool_pre_ping=True)
        engine = create_engine(self._url, hide_parameters=True, connect_args={"timeout": 15})
        event.listen(engine, "connect", _leave_nothing)
        return engine

    @contextmanager
    def _opened(self) -> Iterator[_Opened]:
        if self._url.get_backend_name() == "sqlite" and not Path(self._url.database or "").exists():
            with create_engine("sqlite://").begin() as nothing:
                yield _Opened(nothing, dialogues=False, events=False)
            return
        try:
            with self._engine.begin() as db:
                names = inspect(db)
                yield _Opened(db, names.has_table("dialogues"), names.has_table("events"))
        except DBAPIError as away:
            raise TryLater(f"Rasa's memory does not answer: {type(away.orig).__name__}") from away


def _idle(there: _Opened, before: datetime) -> Any:
    """Selects who was not heard of since then; None where there is no table. Who stands in both tables is counted once:
    with a conversation's first row in `dialogues` its old ones go.
    """
    at = before.timestamp()
    parts: list[Any] = []
    if there.dialogues:
        parts.append(select(_d.sender_id).where(_d.at < at))
    if there.events:
        parts.append(select(_e.sender_id).group_by(_e.sender_id).having(func.max(_e.timestamp) < at))
    return union_all(*parts) if len(parts) > 1 else parts[0] if parts else None


def _leave_nothing(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA secure_delete=ON")
