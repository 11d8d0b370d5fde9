"""Empty databases for tests: a SQLite file each, or a database each on the server of JIESU_TEST_DATABASE_URL."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from integrations.store import database

SERVER = os.environ.get("JIESU_TEST_DATABASE_URL", "")


@contextmanager
def database_url(folder: Path, *, template: str | None = None) -> Iterator[str]:
    """The URL of a database of its own: empty, or a copy of what stands at the URL `template`."""
    if not SERVER:
        path = folder / "jiesu.db"
        if template:
            shutil.copy(make_url(template).database or "", path)
        yield f"sqlite:///{path}"
        return
    name = f"jiesu_{uuid.uuid4().hex}"
    admin = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    source = f" TEMPLATE {make_url(template).database}" if template else ""
    try:
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}{source}"))
        yield make_url(SERVER).set(database=name).render_as_string(hide_password=False)
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        admin.dispose()


@contextmanager
def migrated(folder: Path) -> Iterator[str]:
    """The URL of a database with all tables and nothing in them, to be copied."""
    with database_url(folder) as url:
        engine = database.connect(url)
        database.migrate(engine)
        engine.dispose()
        yield url
