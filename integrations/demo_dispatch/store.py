"""Requests, their history and their unsent events, in one SQLite file.

One connection behind one lock: every method is short, and callable from any thread.
"""

import secrets
import sqlite3
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from integrations.demo_dispatch.casework import Case, CitizenUpdate, Entry, NewRequest, State, state_when_told
from integrations.demo_dispatch.clock import CITY_TIME, w3c
from integrations.demo_dispatch.rows import case_of, entry_of, row_of_entry, row_of_request, row_of_update, update_of

SCHEMA_FILE = Path(__file__).with_name("schema.sql")
SCHEMA_VERSION = 2
STEPS_UP: Mapping[int, Path] = {1: Path(__file__).with_name("schema_1_to_2.sql")}
"""By the version of a file, the way to the next one."""

LOCK_WAIT_SECONDS = 5.0


class StoreUnusable(Exception):
    """The file can't be opened as this department's database; the message is one sentence."""


class StepTaken(Exception):
    """Another step got this sequence number first; nothing was written."""


class NoSuchRequest(Exception):
    """No request has this number; nothing was written."""


class KeyUsed(Exception):
    """The key stands for an update of another kind already; nothing was written."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cases to show; a field left as it is filters nothing out.

    ``since`` and ``until`` are aware and inclusive; ``text`` is looked for in numbers and
    references. ``told_by`` leaves out those whose sender can't know the number yet at that moment.
    """

    numbers: tuple[str, ...] | None = None
    service_codes: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    told_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a sender is given: the number at once, or a ``token`` that tells it later."""

    number: str
    token: str | None = None


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
            self._run(SCHEMA_FILE)
            version = SCHEMA_VERSION
        while version in STEPS_UP:
            self._run(STEPS_UP[version])
            version += 1
        if version != SCHEMA_VERSION:
            raise sqlite3.DatabaseError(f"it has version {version}, and this program knows version {SCHEMA_VERSION}")

    def _run(self, script: Path) -> None:
        """All of it or nothing: a process that is killed in between leaves the file as it was."""
        self._connection.executescript(f"BEGIN IMMEDIATE;\n{script.read_text(encoding='utf-8')}\nCOMMIT;")

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

    def add(self, request: NewRequest, *, now: datetime, token_after: timedelta | None = None) -> Receipt:
        """Store a request under the day's next number, such as ``DC-20261121-0007``.

        With ``token_after`` its sender gets a token, which tells the number once that time is over.
        """
        token = None if token_after is None else secrets.token_hex(12)
        row = row_of_request(request) | {
            "requested_at": w3c(now),
            "token": token,
            "numbered_at": None if token_after is None else w3c(now + token_after),
        }
        day = now.astimezone(CITY_TIME).strftime("%Y%m%d")
        with self._transaction() as connection:
            count = connection.execute(
                "INSERT INTO counters (day, last) VALUES (?, 1)"
                " ON CONFLICT (day) DO UPDATE SET last = last + 1 RETURNING last",
                (day,),
            ).fetchone()[0]
            row["number"] = f"DC-{day}-{count:04d}"
            _insert(connection, "requests", row)
        return Receipt(str(row["number"]), token)

    def number_of(self, token: str, *, now: datetime) -> str | None:
        """The number that a token stands for, None while it is not told yet. Raises NoSuchRequest."""
        with self._reading() as connection:
            row = connection.execute("SELECT number, numbered_at FROM requests WHERE token = ?", (token,)).fetchone()
        if row is None:
            raise NoSuchRequest(token)
        return str(row["number"]) if row["numbered_at"] <= w3c(now) else None

    def append(self, number: str, entry: Entry, pictures: Sequence[bytes] = ()) -> None:
        """Store one step, its pictures (JPEG, by the ids in ``entry.photos``) and the event that tells of it, together.

        Raises StepTaken.
        """
        with self._transaction() as connection:
            try:
                _insert(connection, "history", {"number": number, "event_id": str(uuid.uuid4())} | row_of_entry(entry))
            except sqlite3.IntegrityError as error:
                raise StepTaken(f"{number}: step {entry.sequence} stands already") from error
            connection.execute("UPDATE requests SET state = ? WHERE number = ?", (entry.state, number))
            connection.executemany(
                "INSERT INTO photos (id, number, sequence, place, jpeg) VALUES (?, ?, ?, ?, ?)",
                [
                    (photo, number, entry.sequence, place, jpeg)
                    for place, (photo, jpeg) in enumerate(zip(entry.photos, pictures, strict=True))
                ],
            )
            connection.execute(
                "INSERT INTO outbox (number, sequence, due_at) VALUES (?, ?, ?)",
                (number, entry.sequence, entry.at.timestamp()),
            )

    def hear(self, number: str, update: CitizenUpdate) -> bool:
        """Store what a citizen said, once for each key; False when that key was here already.

        Raises NoSuchRequest, or KeyUsed when the key stands for an update of another kind.
        """
        with self._transaction() as connection:
            known = connection.execute(
                "SELECT state, (SELECT COUNT(*) FROM history WHERE number = requests.number) AS steps"
                " FROM requests WHERE number = ?",
                (number,),
            ).fetchone()
            if known is None:
                raise NoSuchRequest(number)
            before = connection.execute(
                "SELECT kind FROM updates WHERE number = ? AND key = ?", (number, update.key)
            ).fetchone()
            if before is not None and before["kind"] != update.kind:
                raise KeyUsed(update.key)
            if before is not None:
                return False
            _insert(connection, "updates", row_of_update(update) | {"number": number, "steps": known["steps"]})
            state = state_when_told(State(known["state"]), update.kind)
            connection.execute("UPDATE requests SET state = ? WHERE number = ?", (state, number))
        return True

    def photo(self, photo: str) -> bytes | None:
        """The JPEG of that id."""
        with self._reading() as connection:
            row = connection.execute("SELECT jpeg FROM photos WHERE id = ?", (photo,)).fetchone()
        return bytes(row["jpeg"]) if row else None

    def find(self, number: str) -> Case | None:
        found = self.search(Filter(numbers=(number,)), limit=1)
        return found[0] if found else None

    def search(self, wanted: Filter, *, limit: int, offset: int = 0) -> list[Case]:
        """The matching cases, newest first."""
        where, values = _where(wanted)
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT * FROM requests {where} ORDER BY requested_at DESC, id DESC LIMIT :limit OFFSET :offset",
                {**values, "limit": limit, "offset": offset},
            ).fetchall()
            numbers = [row["number"] for row in rows]
            histories, updates = _histories(connection, numbers), _updates(connection, numbers)
        return [case_of(row, histories, updates) for row in rows]

    def count_by_state(self, wanted: Filter) -> dict[State, int]:
        """How many matching cases stand in each state; states without any are left out."""
        where, values = _where(wanted)
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT state, COUNT(*) AS cases FROM requests {where} GROUP BY state", values
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
            return _deliveries(connection, rows)

    def waiting_backwards(self, *, at_least: int) -> list[Delivery]:
        """All unconfirmed events of one request that has ``at_least`` so many, the newest first; for tests."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT history.*, outbox.attempts FROM outbox JOIN history USING (number, sequence)"
                " WHERE number = (SELECT number FROM outbox GROUP BY number HAVING COUNT(*) >= ?)"
                " ORDER BY sequence DESC",
                (at_least,),
            ).fetchall()
            return _deliveries(connection, rows)

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

    def lose(self, newest: int, *, numbers_again: bool) -> int:
        """Forget the newest requests, as a restored backup does; gives how many. For tests.

        With ``numbers_again`` the next ones get the numbers of the lost ones.
        """
        with self._transaction() as connection:
            rows = connection.execute("SELECT number FROM requests ORDER BY id DESC LIMIT ?", (newest,)).fetchall()
            for row in rows:
                for table in ("photos", "outbox", "history", "updates", "requests"):
                    connection.execute(f"DELETE FROM {table} WHERE number = ?", (row["number"],))
            if numbers_again:
                connection.execute("DELETE FROM counters")
                connection.execute(
                    "INSERT INTO counters (day, last)"
                    " SELECT substr(number, 4, 8), MAX(CAST(substr(number, 13) AS INTEGER)) FROM requests GROUP BY 1"
                )
        return len(rows)

    def form_key(self) -> str:
        """The key that signs the clerk's forms; made at first use, then kept."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO keys (name, value) VALUES ('form', ?) ON CONFLICT DO NOTHING",
                (secrets.token_hex(32),),
            )
            row = connection.execute("SELECT value FROM keys WHERE name = 'form'").fetchone()
        return str(row["value"])


def _insert(connection: sqlite3.Connection, table: str, row: Mapping[str, object]) -> None:
    """``table`` and the columns are names of our own."""
    marks = ", ".join(f":{column}" for column in row)
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", row)


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
    if wanted.told_by is not None:
        conditions.append("(numbered_at IS NULL OR numbered_at <= :told_by)")
        values["told_by"] = w3c(wanted.told_by)
    if wanted.text:
        conditions.append("(instr(upper(number), :text) OR instr(upper(reference), :text))")
        values["text"] = wanted.text.upper()
    return ("WHERE " + " AND ".join(conditions) if conditions else "", values)


def _photos(connection: sqlite3.Connection, numbers: Sequence[str]) -> Mapping[tuple[str, int], tuple[str, ...]]:
    marks = ", ".join("?" for _ in numbers)
    photos: defaultdict[tuple[str, int], tuple[str, ...]] = defaultdict(tuple)
    for row in connection.execute(
        f"SELECT id, number, sequence FROM photos WHERE number IN ({marks}) ORDER BY number, sequence, place", numbers
    ):
        photos[row["number"], row["sequence"]] += (row["id"],)
    return photos


def _histories(connection: sqlite3.Connection, numbers: Sequence[str]) -> Mapping[str, tuple[Entry, ...]]:
    marks = ", ".join("?" for _ in numbers)
    photos = _photos(connection, numbers)
    entries: defaultdict[str, tuple[Entry, ...]] = defaultdict(tuple)
    for row in connection.execute(
        f"SELECT * FROM history WHERE number IN ({marks}) ORDER BY number, sequence", numbers
    ):
        entries[row["number"]] += (entry_of(row, photos[row["number"], row["sequence"]]),)
    return entries


def _updates(connection: sqlite3.Connection, numbers: Sequence[str]) -> Mapping[str, tuple[CitizenUpdate, ...]]:
    marks = ", ".join("?" for _ in numbers)
    updates: defaultdict[str, tuple[CitizenUpdate, ...]] = defaultdict(tuple)
    for row in connection.execute(f"SELECT * FROM updates WHERE number IN ({marks}) ORDER BY rowid", numbers):
        updates[row["number"]] += (update_of(row),)
    return updates


def _deliveries(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> list[Delivery]:
    photos = _photos(connection, [row["number"] for row in rows])
    return [
        Delivery(row["event_id"], row["number"], entry_of(row, photos[row["number"], row["sequence"]]), row["attempts"])
        for row in rows
    ]
