"""The engine and the unit of work, the same over SQLite and PostgreSQL."""

from __future__ import annotations

import logging
import sqlite3
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
from sqlalchemy.exc import DBAPIError, OperationalError

from integrations.services.errors import TryLater
from integrations.services.personal_ports import Sealers
from integrations.store.repositories import Repositories

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 15


def connect(url: str) -> Engine:
    """An engine for 'sqlite:///file' or 'postgresql+psycopg://…'. Nothing is opened yet.

    Parameters stay out of error messages: they are what citizens said.
    """
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        return engine
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=10,
        connect_args={"connect_timeout": 5, "options": "-c lock_timeout=15000"},
    )


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


def _begin_immediate(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail when another process wrote in between;
    # taking the write lock at once makes it wait its turn instead.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def unit_of_work(engine: Engine, sealer: Sealers | None = None) -> Callable[[], AbstractContextManager[Repositories]]:
    """Opens transactions: leaving the block commits, an exception rolls back. A database away is TryLater.

    Without `sealer` contacts can be neither kept nor read.
    """

    @contextmanager
    def open_transaction() -> Iterator[Repositories]:
        try:
            with engine.begin() as connection:
                yield Repositories(connection, sealer)
        except OperationalError as away:
            raise TryLater(f"the database did not answer: {away.orig}") from away
        except DBAPIError as lost:
            if lost.connection_invalidated:
                raise TryLater(f"the database went away: {lost.orig}") from lost
            raise

    return open_transaction


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
