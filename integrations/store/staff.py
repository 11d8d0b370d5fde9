"""Clerks' tokens as rows: only their digests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from integrations.services.handover_records import Token
from integrations.store.handover_tables import staff_tokens
from integrations.store.table import Repository

_c = staff_tokens.c


class StaffTokenTable(Repository):
    """The `StaffTokens` port."""

    def add(self, token: Token) -> None:
        self._db.execute(
            insert(staff_tokens).values(
                id=token.id,
                name=token.name,
                digest=token.digest,
                may=",".join(token.may),
                made_at=token.made_at,
                ends_at=token.ends_at,
            )
        )

    def get(self, token_id: str) -> Token | None:
        row = self._db.execute(select(staff_tokens).where(_c.id == token_id)).first()
        return _token(row) if row else None

    def list(self) -> Sequence[Token]:
        return [_token(row) for row in self._db.execute(select(staff_tokens).order_by(_c.made_at.desc(), _c.id))]

    def revoke(self, token_id: str, at: datetime) -> bool:
        standing = update(staff_tokens).where(_c.id == token_id, _c.revoked_at.is_(None))
        return int(self._db.execute(standing.values(revoked_at=at)).rowcount) == 1

    def used(self, token_id: str, at: datetime) -> None:
        self._db.execute(update(staff_tokens).where(_c.id == token_id).values(used_at=at))


def _token(row: Row[Any]) -> Token:
    return Token(
        row.id,
        row.name,
        row.digest,
        tuple(row.may.split(",")),
        row.made_at,
        row.ends_at,
        row.revoked_at,
        row.used_at,
    )
