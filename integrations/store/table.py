"""What every repository has: the connection of its transaction."""

from __future__ import annotations

from sqlalchemy import Connection

_CHANGED = "jiesu_changed"


class Repository:
    """A repository over one connection, so over one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def announce(self, *conversation_ids: str) -> None:
        """These conversations stand otherwise after this transaction: whoever follows them is told after the commit."""
        self._db.info.setdefault(_CHANGED, set()).update(conversation_ids)


def take_changed(connection: Connection) -> frozenset[str]:
    """The conversations that were announced on this connection since it was asked last."""
    return frozenset(connection.info.pop(_CHANGED, ()))
