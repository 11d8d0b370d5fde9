"""Access tokens and tickets."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fake_wechat import laws
from tests.fake_wechat.laws import Refused

if TYPE_CHECKING:
    from tests.fake_wechat.world import FakeWechat


@dataclass(slots=True)
class Token:
    """`until` is when it ends by itself, `killed` that something newer took its place at once."""

    value: str
    until: float
    killed: bool = False


class Tokens:
    """stable_token and the old token are apart from each other: a new one of one kind leaves the other alone."""

    def __init__(self, world: FakeWechat) -> None:
        self.world = world
        self._issued: dict[str, Token] = {}
        self._now: dict[str, Token] = {}
        self._forced: list[float] = []
        self._tickets: dict[str, Token] = {}

    def stable(self, asked: Mapping[str, Any], address: str) -> dict[str, Any]:
        self._known(asked, address)
        now = self.world.clock.now()
        if asked.get("force_refresh") is True:
            self._force(now)
        current = self._now.get("stable")
        if current is None or current.killed or current.until - now <= laws.RENEWED_BEFORE_END:
            current = self._new("stable", now)  # the one before goes on to its own end
        return {"access_token": current.value, "expires_in": int(current.until - now)}

    def old(self, asked: Mapping[str, Any], address: str) -> dict[str, Any]:
        """Each call makes a new one; the one before lives five minutes more at most."""
        self._known(asked, address)
        now = self.world.clock.now()
        before = self._now.get("old")
        if before:
            before.until = min(before.until, now + laws.RENEWED_BEFORE_END)
        return {"access_token": self._new("old", now).value, "expires_in": int(laws.TOKEN_LIVES)}

    def _known(self, asked: Mapping[str, Any], address: str) -> None:
        account = self.world.account
        if asked.get("grant_type") != "client_credential":
            raise Refused(40002)
        if not asked.get("appid"):
            raise Refused(41002)
        if not asked.get("secret"):
            raise Refused(41004)
        if asked["appid"] != account.appid:
            raise Refused(40013)
        if asked["secret"] != account.secret:
            raise Refused(40125)
        if account.ip_list and address not in account.ip_list:
            raise Refused(40164, ip=address)

    def _force(self, now: float) -> None:
        self._forced = [one for one in self._forced if now - one < laws.DAY]
        if self._forced and now - self._forced[-1] < laws.FORCED_APART:
            raise Refused(45011)
        if len(self._forced) >= laws.FORCED_PER_DAY:
            raise Refused(45009)
        self._forced.append(now)
        if "stable" in self._now:
            self._now["stable"].killed = True

    def _new(self, kind: str, now: float) -> Token:
        # Room for 512 characters is asked for; ours are long too.
        made = Token(f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(120)}", now + laws.TOKEN_LIVES)
        self._now[kind] = self._issued[made.value] = made
        self.world.counters.tokens_issued += 1
        return made

    def check(self, value: str | None) -> None:
        """Raises Refused: 41001 none, 40014 no token's form, 42001 ended, 40001 not ours or not the latest."""
        if not value:
            raise Refused(41001)
        if len(value) < 20 or not value.isascii():
            raise Refused(40014)
        token = self._issued.get(value)
        if token is None or token.killed:
            raise Refused(40001)
        if token.until <= self.world.clock.now():
            raise Refused(42001)

    def kill(self) -> None:
        """Every token is void at once, as after a change of the secret."""
        for one in self._issued.values():
            one.killed = True

    def ticket(self, kind: str) -> dict[str, Any]:
        if kind not in ("jsapi", "wx_card"):
            raise Refused(40097)
        now = self.world.clock.now()
        current = self._tickets.get(kind)
        if current is None or current.until <= now:
            current = self._tickets[kind] = Token(secrets.token_urlsafe(64), now + laws.TICKET_LIVES)
            self.world.counters.tickets_issued += 1
        return {"errcode": 0, "errmsg": "ok", "ticket": current.value, "expires_in": int(current.until - now)}

    def signs(self, asked: Mapping[str, Any]) -> bool:
        """Whether a page was signed for the JS-SDK with the ticket as it is now."""
        current = self._tickets.get("jsapi")
        if current is None or asked.get("appId") != self.world.account.appid:
            return False
        parts = (current.value, asked.get("nonceStr"), asked.get("timestamp"), asked.get("url"))
        whole = "jsapi_ticket={}&noncestr={}&timestamp={}&url={}".format(*parts)
        return hashlib.sha1(whole.encode()).hexdigest() == asked.get("signature")
