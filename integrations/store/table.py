"""What every repository has: the connection of its transaction."""

from __future__ import annotations

from sqlalchemy import Connection


class Repository:
    """A repository over one connection, so over one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
