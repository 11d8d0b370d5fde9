"""Who may use the staff API: a signed token for each clerk, of which only a digest is kept."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from integrations.services.errors import Rejected
from integrations.services.handover_records import Token
from integrations.services.ports import Clock, UnitOfWork
from kb.text import clean

log = logging.getLogger(__name__)

PREFIX = "jst"
LONGEST_NAME, LONGEST_DAYS = 32, 366
# The sign of life of a token is written at most so often.
USED_EVERY = timedelta(minutes=1)


class Scope(StrEnum):
    """What a token is good for."""

    HANDOVERS = "handovers"
    CALL_BACKS = "call_backs"


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who stands behind a token."""

    token_id: str
    name: str
    may: frozenset[Scope]


@dataclass(frozen=True, kw_only=True)
class StaffAccess:
    """The use case. `key` signs tokens, so that made-up ones are refused without asking the store."""

    unit_of_work: UnitOfWork
    clock: Clock
    key: Callable[[], str]

    def issue(self, name: str, *, may: Sequence[Scope] = tuple(Scope), days: int = 90) -> str:
        """A token for this clerk, shown this once. Raises Rejected."""
        name = clean(name)
        if not name or len(name) > LONGEST_NAME or any(c in name for c in ",:\n"):
            raise Rejected(f"a clerk's name has 1 to {LONGEST_NAME} characters, none of them a comma or a colon")
        if not may:
            raise Rejected(f"say what it is good for: {', '.join(Scope)}")
        if not 1 <= days <= LONGEST_DAYS:
            raise Rejected(f"a token is good for 1 to {LONGEST_DAYS} days, found {days}")
        token_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        with self.unit_of_work() as tx:
            now = self.clock()
            scopes = tuple(scope for scope in Scope if scope in may)
            tx.staff_tokens.add(Token(token_id, name, _digest(secret), scopes, now, now + timedelta(days=days)))
        log.info("staff token made: id=%s", token_id)
        return f"{PREFIX}.{token_id}.{secret}.{self._signature(token_id, secret)}"

    def clerk(self, token: str) -> Clerk | None:
        """Who it belongs to; None for a token that is made up, over or revoked."""
        prefix, _, rest = token.partition(".")
        token_id, _, rest = rest.partition(".")
        secret, _, signature = rest.partition(".")
        expected = self._signature(token_id, secret)
        if prefix != PREFIX or not hmac.compare_digest(signature.encode(), expected.encode()):
            return None
        with self.unit_of_work() as tx:
            now = self.clock()
            kept = tx.staff_tokens.get(token_id)
            if kept is None or not hmac.compare_digest(kept.digest, _digest(secret)):
                return None
            if kept.revoked_at is not None or kept.ends_at <= now:
                return None
            if kept.used_at is None or kept.used_at + USED_EVERY <= now:
                tx.staff_tokens.used(token_id, now)
            return Clerk(token_id, kept.name, frozenset(Scope(one) for one in kept.may if one in set(Scope)))

    def revoke(self, token_id: str) -> None:
        """It is good for nothing any more. Raises Rejected when there is none, or it was revoked before."""
        with self.unit_of_work() as tx:
            if not tx.staff_tokens.revoke(token_id, self.clock()):
                raise Rejected(f"no token {token_id} stands")
        log.info("staff token revoked: id=%s", token_id)

    def listed(self) -> Sequence[Token]:
        """All tokens, the newest first."""
        with self.unit_of_work() as tx:
            return tx.staff_tokens.list()

    def _signature(self, token_id: str, secret: str) -> str:
        return hmac.new(self.key().encode(), f"staff:{token_id}.{secret}".encode(), hashlib.sha256).hexdigest()[:32]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
