"""Where Rasa keeps conversations: one row for each, with its last turns and what was remembered before them.

Rasa's own SQL store writes a row for every event and reads all of them at every turn, from the first word on: a long
conversation becomes slower with each message. Here a turn is one read and one write of a row that does not grow. What
lies further back is folded into what it left: the slots, and the form that is open.

Several Rasas may share the table. A row carries a version; who writes over a version that is not the one it read has
worked on an old memory, and is refused, so that the gateway has the message heard again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, Iterable, List, Optional, Text

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActionExecutionRejected, ActiveLoop, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.engine import URL, make_url

logger = logging.getLogger(__name__)

# When a conversation has more turns than MOST, it is cut down to the last LEAST. Rules look back a few steps only.
LEAST, MOST = 4, 8
BUSY_SECONDS = 15
VERSION = "_stored_version"

_metadata = sa.MetaData()
_dialogues = sa.Table(
    "dialogues",
    _metadata,
    sa.Column("sender_id", sa.String(255), primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    # when something happened last, in seconds since 1970: by it what is past its time is found
    sa.Column("at", sa.Float, nullable=False, index=True),
    # the events as Rasa writes them, a JSON list
    sa.Column("data", sa.Text, nullable=False),
)
_READ = sa.text("SELECT version, data FROM dialogues WHERE sender_id = :sender_id")
_ADD = sa.text(
    "INSERT INTO dialogues (sender_id, version, at, data) VALUES (:sender_id, :version, :at, :data)"
    " ON CONFLICT (sender_id) DO NOTHING"
)
_CHANGE = sa.text(
    "UPDATE dialogues SET version = :version, at = :at, data = :data"
    " WHERE sender_id = :sender_id AND version = :version - 1"
)
# What Rasa's own SQL store has left behind.
_OLD = sa.text("SELECT data FROM events WHERE sender_id = :sender_id ORDER BY id")
_FORGET_OLD = sa.text("DELETE FROM events WHERE sender_id = :sender_id")


class OutOfDate(RuntimeError):
    """Somebody else has gone on with this conversation since it was read."""


class DialogueStore(TrackerStore):
    """A tracker store over SQLite or PostgreSQL; `url` as SQLAlchemy takes it."""

    def __init__(
        self,
        domain: Optional[Domain] = None,
        host: Optional[Text] = None,
        event_broker: Optional[EventBroker] = None,
        **kwargs: Any,
    ) -> None:
        """`host` is the URL: Rasa names it so. Raises SQLAlchemyError when the database does not answer."""
        super().__init__(domain, event_broker)
        self._engine = _engine(make_url(host or "sqlite:///rasa.db"))
        _metadata.create_all(self._engine)
        self._old = sa.inspect(self._engine).has_table("events")
        # SQLite waits for the disk at each commit, PostgreSQL for the network: others shall go on meanwhile.
        self._threads = ThreadPoolExecutor(4, "dialogues")

    async def create_tracker(self, sender_id: Text, append_action_listen: bool = True) -> DialogueStateTracker:
        """A new conversation; it is kept with its first turn."""
        tracker = self.init_tracker(sender_id)
        if append_action_listen:
            tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
        return tracker

    async def retrieve(self, sender_id: Text) -> Optional[DialogueStateTracker]:
        """The conversation as it stands, with its last turns; None when there is none."""
        version, events = await self._in_thread(self._read, sender_id)
        if not events:
            return None
        tracker = DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)
        setattr(tracker, VERSION, version)
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep it. Raises OutOfDate, and SQLAlchemyError when the database does not answer."""
        await self.stream_events(tracker)
        version = getattr(tracker, VERSION, 0)
        events = folded(tracker, self.domain)
        if not events:
            return
        row = {
            "sender_id": tracker.sender_id,
            "version": version + 1,
            "at": events[-1].timestamp,
            "data": json.dumps([event.as_dict() for event in events], ensure_ascii=False, separators=(",", ":")),
        }
        await self._in_thread(self._write, row)
        setattr(tracker, VERSION, version + 1)

    async def keys(self) -> Iterable[Text]:
        """Everybody who is remembered."""
        with self._engine.connect() as db:
            return list(db.execute(sa.select(_dialogues.c.sender_id)).scalars())

    def _read(self, sender_id: Text) -> Any:
        with self._engine.connect() as db:
            row = db.execute(_READ, {"sender_id": sender_id}).first()
            if row is not None:
                return row.version, json.loads(row.data)
            if not self._old:
                return 0, []
            return 0, [json.loads(one) for one in db.execute(_OLD, {"sender_id": sender_id}).scalars()]

    def _write(self, row: Dict[Text, Any]) -> None:
        with self._engine.begin() as db:
            changed = db.execute(_ADD if row["version"] == 1 else _CHANGE, row).rowcount
            if changed != 1:
                raise OutOfDate(f"version {row['version'] - 1} is not the last any more")
            if row["version"] == 1 and self._old:
                db.execute(_FORGET_OLD, {"sender_id": row["sender_id"]})

    async def _in_thread(self, work: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)


def folded(tracker: DialogueStateTracker, domain: Domain) -> List[Event]:
    """The events that are to be kept: all of a short conversation, the last turns of a long one.

    Before them stand such events as make an empty tracker what it was when those turns began.
    """
    events = list(tracker.events)
    turns = [number for number, event in enumerate(events) if isinstance(event, UserUttered)]
    if len(turns) <= MOST:
        return events
    cut = turns[-LEAST]
    if cut and isinstance(events[cut - 1], ActionExecuted) and events[cut - 1].action_name == ACTION_LISTEN_NAME:
        cut -= 1  # a citizen speaks after listening, and rules want to see it
    before = DialogueStateTracker.from_events(tracker.sender_id, events[:cut], domain.slots)
    return [*_what_was_left(before, events[cut].timestamp), *events[cut:]]


def _what_was_left(before: DialogueStateTracker, at: float) -> List[Event]:
    left: List[Event] = [
        SlotSet(name, slot.value, timestamp=at) for name, slot in before.slots.items() if slot.has_been_set
    ]
    if loop := before.active_loop:
        left.append(ActiveLoop(loop.name, timestamp=at))
        if loop.rejected:
            left.append(ActionExecutionRejected(loop.name, timestamp=at))
    return left


def _engine(url: URL) -> Any:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=4, max_overflow=4)
    engine = sa.create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )
    sa.event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
