"""Requests, their history and their unsent events, in one SQLite file.

One connection behind one lock: every method is short, and callable from any thread.
"""

import json
import secrets
import sqlite3
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from integrations.demo_dispatch.casework import Case, Entry, NewRequest, State
from integrations.demo_dispatch.clock import CITY_TIME, from_w3c, w3c

SCHEMA_FILE = Path(__file__).with_name("schema.sql")
SCHEMA_VERSION = 1
LOCK_WAIT_SECONDS = 5.0


class StoreUnusable(Exception):
    """The file can't be opened as this department's database; the message is one sentence."""


class StepTaken(Exception):
    """Another step got this sequence number first; nothing was written."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cases to show; a field left as it is filters nothing out.

    ``since`` and ``until`` are aware and inclusive; ``text`` is looked for in numbers and
    references.
    """

    numbers: tuple[str, ...] | None = None
    service_codes: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event that waits for the hook; ``attempts`` is how often it was tried in vain."""

    event_id: str
    number: str
    entry: Entry
    attempts: int


class Store:
    """Open it once, close it once."""

    def __init__(self, path: Path) -> None:
        """Raises StoreUnusable."""
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(
                path, timeout=LOCK_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            self._prepare()
        except sqlite3.Error as error:
            raise StoreUnusable(f"{str(path)!r} can't be used as a database: {error}.") from error

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            schema = SCHEMA_FILE.read_text(encoding="utf-8")
            self._connection.executescript(f"BEGIN IMMEDIATE;\n{schema}\nCOMMIT;")
        elif version != SCHEMA_VERSION:
            raise sqlite3.DatabaseError(f"it has version {version}, and this program knows version {SCHEMA_VERSION}")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._connection

    def add(self, request: NewRequest, *, now: datetime) -> str:
        """Store a request under the day's next number, such as ``DC-20261121-0007``."""
        row = asdict(request) | {
            "reference": request.reference,
            "attributes": json.dumps(request.attributes, ensure_ascii=False),
            "requested_at": w3c(now),
        }
        day = now.astimezone(CITY_TIME).strftime("%Y%m%d")
        with self._transaction() as connection:
            count = connection.execute(
                "INSERT INTO counters (day, last) VALUES (?, 1)"
                " ON CONFLICT (day) DO UPDATE SET last = last + 1 RETURNING last",
                (day,),
            ).fetchone()[0]
            row["number"] = f"DC-{day}-{count:04d}"
            columns = ", ".join(row)
            marks = ", ".join(f":{column}" for column in row)
            connection.execute(f"INSERT INTO requests ({columns}) VALUES ({marks})", row)
        return str(row["number"])

    def append(self, number: str, entry: Entry) -> None:
        """Store one step and the event that tells of it, together. Raises StepTaken."""
        with self._transaction() as connection:
            try:
                connection.execute(
                    "INSERT INTO history (number, sequence, event_id, event, at, unit, note)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        number,
                        entry.sequence,
                        str(uuid.uuid4()),
                        entry.event,
                        w3c(entry.at),
                        entry.unit,
                        entry.note,
                    ),
                )
            except sqlite3.IntegrityError as error:
                raise StepTaken(f"{number}: step {entry.sequence} stands already") from error
            connection.execute(
                "INSERT INTO outbox (number, sequence, due_at) VALUES (?, ?, ?)",
                (number, entry.sequence, entry.at.timestamp()),
            )

    def find(self, number: str) -> Case | None:
        found = self.search(Filter(numbers=(number,)), limit=1)
        return found[0] if found else None

    def search(self, wanted: Filter, *, limit: int, offset: int = 0) -> list[Case]:
        """The matching cases, newest first."""
        where, values = _where(wanted)
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT * FROM cases {where} ORDER BY requested_at DESC, id DESC LIMIT :limit OFFSET :offset",
                {**values, "limit": limit, "offset": offset},
            ).fetchall()
            histories = _histories(connection, [row["number"] for row in rows])
        return [_case(row, histories[row["number"]]) for row in rows]

    def count_by_state(self, wanted: Filter) -> dict[State, int]:
        """How many matching cases stand in each state; states without any are left out."""
        where, values = _where(wanted)
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT state, COUNT(*) AS cases FROM cases {where} GROUP BY state", values
            ).fetchall()
        return {State(row["state"]): row["cases"] for row in rows}

    def count_requests(self) -> int:
        with self._reading() as connection:
            return int(connection.execute("SELECT COUNT(*) FROM requests").fetchone()[0])

    def count_undelivered(self) -> int:
        with self._reading() as connection:
            return int(connection.execute("SELECT COUNT(*) FROM outbox").fetchone()[0])

    def due_deliveries(self, *, now: datetime, limit: int) -> list[Delivery]:
        """Events whose time has come: for each request only the first unconfirmed one."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT history.*, outbox.attempts FROM outbox"
                " JOIN history USING (number, sequence)"
                " WHERE outbox.due_at <= :now AND NOT EXISTS ("
                "  SELECT 1 FROM outbox AS earlier WHERE earlier.number = outbox.number"
                "  AND earlier.sequence < outbox.sequence)"
                " ORDER BY outbox.due_at LIMIT :limit",
                {"now": now.timestamp(), "limit": limit},
            ).fetchall()
        return [Delivery(row["event_id"], row["number"], _entry(row), row["attempts"]) for row in rows]

    def confirm(self, delivery: Delivery) -> None:
        """The hook took the event."""
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM outbox WHERE number = ? AND sequence = ?",
                (delivery.number, delivery.entry.sequence),
            )

    def postpone(self, delivery: Delivery, *, until: datetime) -> None:
        """The hook did not take the event: one more try at ``until``."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE outbox SET attempts = attempts + 1, due_at = ? WHERE number = ? AND sequence = ?",
                (until.timestamp(), delivery.number, delivery.entry.sequence),
            )

    def form_key(self) -> str:
        """The key that signs the clerk's forms; made at first use, then kept."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO keys (name, value) VALUES ('form', ?) ON CONFLICT DO NOTHING",
                (secrets.token_hex(32),),
            )
            row = connection.execute("SELECT value FROM keys WHERE name = 'form'").fetchone()
        return str(row["value"])


def _where(wanted: Filter) -> tuple[str, dict[str, object]]:
    """The WHERE clause and its named values; only names of our own stand in the SQL."""
    conditions: list[str] = []
    values: dict[str, object] = {}

    def one_of(column: str, choices: Sequence[str]) -> None:
        marks = []
        for index, choice in enumerate(choices):
            values[f"{column}_{index}"] = str(choice)
            marks.append(f":{column}_{index}")
        conditions.append(f"{column} IN ({', '.join(marks)})")

    if wanted.numbers is not None:
        one_of("number", wanted.numbers)
    if wanted.service_codes:
        one_of("service_code", wanted.service_codes)
    if wanted.states:
        one_of("state", wanted.states)
    if wanted.since is not None:
        conditions.append("requested_at >= :since")
        values["since"] = w3c(wanted.since)
    if wanted.until is not None:
        conditions.append("requested_at <= :until")
        values["until"] = w3c(wanted.until)
    if wanted.text:
        conditions.append("(instr(upper(number), :text) OR instr(upper(reference), :text))")
        values["text"] = wanted.text.upper()
    return ("WHERE " + " AND ".join(conditions) if conditions else "", values)


def _histories(connection: sqlite3.Connection, numbers: Sequence[str]) -> Mapping[str, tuple[Entry, ...]]:
    marks = ", ".join("?" for _ in numbers)
    entries: defaultdict[str, tuple[Entry, ...]] = defaultdict(tuple)
    for row in connection.execute(
        f"SELECT * FROM history WHERE number IN ({marks}) ORDER BY number, sequence", numbers
    ):
        entries[row["number"]] += (_entry(row),)
    return entries


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        sequence=row["sequence"],
        event=State(row["event"]),
        at=from_w3c(row["at"]),
        unit=row["unit"],
        note=row["note"],
    )


def _case(row: sqlite3.Row, history: tuple[Entry, ...]) -> Case:
    request = NewRequest(
        service_code=row["service_code"],
        description=row["description"],
        address=row["address"],
        lat=row["lat"],
        long=row["long"],
        attributes=tuple((code, value) for code, value in json.loads(row["attributes"])),
        media_url=row["media_url"],
        first_name=row["first_name"],
        phone=row["phone"],
        email=row["email"],
        device_id=row["device_id"],
        account_id=row["account_id"],
        jurisdiction_id=row["jurisdiction_id"],
    )
    return Case(row["number"], request, from_w3c(row["requested_at"]), history)
