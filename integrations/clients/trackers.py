"""Rasa's memory in its SQL tracker store: one table `events`, a row for each thing that was said or done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, column, create_engine, delete, event, func, inspect, select, table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from integrations.services.errors import TryLater

_events = table("events", *(column(name) for name in ("id", "sender_id", "timestamp", "data")))
_e = _events.c
_AT_ONCE = 500


class SqlTrackers:
    """The `Trackers` port. A store that is not there yet remembers nothing."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    def idle(self, before: datetime, *, limit: int) -> Sequence[str]:
        with self._opened() as db:
            return [] if db is None else list(db.execute(_idle(before).limit(limit)).scalars())

    def count_idle(self, before: datetime) -> int:
        with self._opened() as db:
            counted = select(func.count()).select_from(_idle(before).subquery())
            return 0 if db is None else int(db.execute(counted).scalar_one())

    def forget(self, senders: Sequence[str]) -> int:
        forgotten = 0
        with self._opened() as db:
            if db is not None:
                for start in range(0, len(senders), _AT_ONCE):
                    some = senders[start : start + _AT_ONCE]
                    forgotten += db.execute(delete(_events).where(_e.sender_id.in_(some))).rowcount
        return forgotten

    def remembered(self, sender: str) -> list[dict[str, Any]]:
        with self._opened() as db:
            mine = select(_e.data).where(_e.sender_id == sender).order_by(_e.id)
            return [] if db is None else [json.loads(one) for one in db.execute(mine).scalars()]

    @cached_property
    def _engine(self) -> Engine:
        if self._url.get_backend_name() != "sqlite":
            return create_engine(self._url, hide_parameters=True, pool_pre_ping=True)
        engine = create_engine(self._url, hide_parameters=True, connect_args={"timeout": 15})
        event.listen(engine, "connect", _leave_nothing)
        return engine

    @contextmanager
    def _opened(self) -> Iterator[Connection | None]:
        """A transaction; None where there is no such file or table."""
        if self._url.get_backend_name() == "sqlite" and not Path(self._url.database or "").exists():
            yield None
            return
        try:
            with self._engine.begin() as db:
                yield db if inspect(db).has_table("events") else None
        except DBAPIError as away:
            raise TryLater(f"Rasa's memory does not answer: {type(away.orig).__name__}") from away


def _idle(before: datetime) -> Any:
    last = func.max(_e.timestamp)
    return select(_e.sender_id).group_by(_e.sender_id).having(last < before.timestamp()).order_by(_e.sender_id)


def _leave_nothing(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA secure_delete=ON")
