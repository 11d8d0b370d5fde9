"""The engine and the unit of work, the same over SQLite and PostgreSQL."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError

from integrations.services.errors import TryLater
from integrations.services.personal_ports import Sealers
from integrations.store.repositories import Repositories
from integrations.store.table import take_changed

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 15
# How often the first in line asks for SQLite's write lock.
ASK_AGAIN_SECONDS = 0.002
# As many connections stay open as a process has threads at work in a rush: to open one takes longer than most work.
SQLITE_POOL = 20
# A connection that lay idle for longer is asked first whether it still stands; a busy one says so by its work.
IDLE_SECONDS = 1.0
_READING = "jiesu_reading"
_USED = "jiesu_used"


def connect(url: str) -> Engine:
    """An engine for 'sqlite:///file' or 'postgresql+psycopg://…'. Nothing is opened yet.

    Parameters stay out of error messages: they are what citizens said.
    """
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, pool_size=SQLITE_POOL, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _Begin())
        event.listen(engine, "checkin", _may_write_again)
        return engine
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=10,
        connect_args={"connect_timeout": 5, "options": "-c lock_timeout=15000"},
    )
    _ask_idle_ones(engine)
    return engine


def _ask_idle_ones(engine: Engine) -> None:
    """As `pool_pre_ping` does, but only what lay idle: asking each time costs a journey for every transaction."""

    @event.listens_for(engine, "checkin")
    def _back(_connection: Any, record: Any) -> None:
        record.info[_USED] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ask(connection: Any, record: Any, _proxy: Any) -> None:
        used = record.info.get(_USED)
        if used is None or time.monotonic() - used < IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as gone:
            raise InvalidatePoolError(f"the connection is gone: {gone}") from gone


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # the driver must not open transactions on its own: `_begin_immediate` does
    connection.isolation_level = None
    cursor = connection.cursor()
    _keep_a_write_ahead_log(cursor)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # what is deleted or written over leaves nothing in the file
    cursor.execute("PRAGMA secure_delete=ON")
    # In KB. The upper pages of the indexes stay in memory when a million incidents are open.
    cursor.execute("PRAGMA cache_size=-16384")
    cursor.close()


def _keep_a_write_ahead_log(cursor: Any) -> None:
    # The mode stays with the file, so only the first connection ever switches it. SQLite does not wait for its
    # busy time-out there: when several processes open a new file at once, all but one are told "locked" at once.
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)


class _Begin:
    """Begins transactions in SQLite, where one alone may write.

    A transaction that reads first and writes later would fail when another process wrote in between; taking the write
    lock at once makes it wait its turn instead. SQLite asks for the lock less and less often, up to every tenth of a
    second; with many waiting, most of a turn would be spent asleep. Here the threads of a process stand in line, and
    the first of them asks every other millisecond.
    """

    def __init__(self) -> None:
        self._line = threading.Lock()

    def __call__(self, connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if connection.get_execution_options().get(_READING):
            driver.execute("PRAGMA query_only=ON")
            driver.execute("BEGIN")
            return
        in_line = self._line.acquire(timeout=BUSY_SECONDS)
        try:
            driver.execute("PRAGMA busy_timeout=0")
            if not (in_line and _begun(driver)):
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # for the last time, and with SQLAlchemy's error
        finally:
            driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
            if in_line:
                self._line.release()


def _begun(driver: Any) -> bool:
    """Ask for the write lock until it is there; False where it cannot be had."""
    give_up = time.monotonic() + BUSY_SECONDS
    while time.monotonic() < give_up:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as refused:
            if refused.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                return False
            time.sleep(ASK_AGAIN_SECONDS)
        else:
            return True
    return False


def _may_write_again(connection: Any, _record: Any) -> None:
    if connection is not None:
        connection.execute("PRAGMA query_only=OFF")


Announce = Callable[[frozenset[str]], None]


def _nobody(_changed: frozenset[str]) -> None:
    """Nobody follows."""


def unit_of_work(
    engine: Engine, sealer: Sealers | None = None, announce: Announce = _nobody
) -> Callable[[], AbstractContextManager[Repositories]]:
    """Opens transactions: leaving the block commits, an exception rolls back. A database away is TryLater.

    Without `sealer` contacts can be neither kept nor read. `announce` is given the conversations that a commit changed.
    """

    @contextmanager
    def open_transaction() -> Iterator[Repositories]:
        with _translated(), engine.begin() as connection:
            take_changed(connection)  # what was rolled back on this connection has not happened
            yield Repositories(connection, sealer)
            changed = take_changed(connection)
        if changed:
            announce(changed)

    return open_transaction


def reading(engine: Engine, sealer: Sealers | None = None) -> Callable[[], AbstractContextManager[Repositories]]:
    """Opens transactions that only read, one moment of the database: they wait for nobody, and nobody for them."""
    reader = engine.execution_options(**{_READING: True, "postgresql_readonly": True})

    @contextmanager
    def open_transaction() -> Iterator[Repositories]:
        with _translated(), reader.begin() as connection:
            yield Repositories(connection, sealer)

    return open_transaction


@contextmanager
def _translated() -> Iterator[None]:
    """What the driver raises, in the words of the use cases."""
    try:
        yield
    except OperationalError as away:
        raise TryLater(f"the database did not answer: {away.orig}") from away
    except DBAPIError as lost:
        if lost.connection_invalidated:
            raise TryLater(f"the database went away: {lost.orig}") from lost
        raise


def leave_nothing_behind(engine: Engine) -> None:
    """Write the tables anew, so that nothing of what was deleted stays in the files. It may be left undone: a file that
    is in use cannot always be written anew, and nothing depends on it."""
    raw = engine.raw_connection()
    try:
        driver: Any = raw.driver_connection
        if engine.dialect.name == "sqlite":
            driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return
        before, driver.autocommit = driver.autocommit, True
        try:
            driver.execute("VACUUM contacts")
        finally:
            driver.autocommit = before
    except Exception as refused:  # noqa: BLE001 - whatever a driver says
        log.warning("the files were not tidied: %s", type(refused).__name__)
    finally:
        raw.close()


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the tables to that revision. Safe to run twice and, by a lock, by several processes at once."""
    config = _config()
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(4817209355)"))
        config.attributes["connection"] = connection
        if revision == "base":
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)


def pending_migrations(engine: Engine) -> bool:
    """True when the tables are not those this version expects."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current != ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
