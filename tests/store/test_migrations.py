"""The tables are those that the migrations make, up and down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from integrations.store import database
from integrations.store.tables import metadata
from tests import stores


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty database."""
    with stores.database_url(tmp_path) as url:
        engine = database.connect(url)
        yield engine
        engine.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_the_migrations_have_one_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))

    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_the_migrations_go_up_down_and_up(engine: Engine) -> None:
    assert database.pending_migrations(engine)
    database.migrate(engine)
    assert tables(engine) == set(metadata.tables)

    database.migrate(engine, "base")
    assert tables(engine) == set()

    database.migrate(engine)
    assert tables(engine) == set(metadata.tables)
    assert not database.pending_migrations(engine)


def test_the_migrated_tables_are_the_tables_of_the_code(engine: Engine) -> None:
    database.migrate(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    database.migrate(engine)
    database.migrate(engine)

    assert not database.pending_migrations(engine)


def test_several_processes_may_migrate_at_once(engine: Engine) -> None:
    barrier, errors = threading.Barrier(4), []

    def migrate() -> None:
        own = database.connect(engine.url.render_as_string(hide_password=False))
        barrier.wait()
        try:
            database.migrate(own)
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is shown by the test
            errors.append(error)
        finally:
            own.dispose()

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert tables(engine) == set(metadata.tables)
