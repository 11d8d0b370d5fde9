"""The page inside WeChat: who opened it, found out silently by OAuth2 (`snsapi_base`), and the page's signature.

Afterwards the web session goes on with the citizen's WeChat conversation: one citizen across both. Whichever side has
lines keeps them in view; where both have, it is WeChat's side, and what was said on the page before stays the citizen's
with its tickets. An openid goes no further than into this module's transaction.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, urlencode, urlsplit

from integrations.services.errors import Rejected, TryLater
from integrations.services.ports import Clock, Limiter, Transaction, UnitOfWork
from integrations.services.records import Conversation, Sender
from integrations.services.speech import Speech
from integrations.services.wechat.errors import CodeUsed
from integrations.services.wechat.ports import WechatApi

# A sign-in that was begun has to come back within so many seconds; it takes one or two.
VALID = 600
BACK = "/wechat/back"
MARK = "wx-"
"""How addresses of sessions begin that were given out at a sign-in."""

# WeChat takes letters and digits only, at most 128 (official): time, nonce and signature in hexadecimal.
_STATE = re.compile(r"([0-9a-f]{8})([0-9a-f]{32})([0-9a-f]{64})", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9_-]{1,512}", re.ASCII)
LONGEST_URL = 2_048
# What a browser escapes in an address that it reports; none of it can stand in what is signed.
_UNFIT = re.compile(r"[^\x21-\x7e]|[\\<>\"]")
DEFAULT_PORTS = {"http": 80, "https": 443}


class Foreign(Rejected):
    """The page is not one of ours: it is not signed."""


class PageSigner(Protocol):
    """WeChat's signature of a page's URL; what stands behind '#' does not count."""

    def __call__(self, ticket: str, url: str, *, noncestr: str, timestamp: int) -> str: ...


@dataclass(frozen=True, slots=True)
class SignedPage:
    """What a page needs to use WeChat's script. `timestamp` is in seconds since 1970."""

    app_id: str
    timestamp: int
    nonce: str
    signature: str


@dataclass(frozen=True, kw_only=True)
class SigningIn:
    """The use case. `key` signs states; `public_url` is the page as citizens' phones reach it."""

    appid: str
    public_url: str
    open_url: str
    key: Callable[[], str]
    api: WechatApi
    unit_of_work: UnitOfWork
    limiter: Limiter
    speech: Speech
    clock: Clock
    sign: PageSigner
    nonce: Callable[[], str] = field(default=lambda: secrets.token_hex(16))

    # -- signing in ------------------------------------------------------------------------------------------

    def begin(self, holder: str) -> str:
        """Where the browser that keeps the secret `holder` goes to sign in."""
        begun, nonce = f"{self._now():08x}", self.nonce()
        query = {
            "appid": self.appid,
            "redirect_uri": self.public_url.rstrip("/") + BACK,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": begun + nonce + self._signature(begun, nonce, holder),
        }
        # In this order, and with the ending: WeChat's documentation asks for both.
        asked = urlencode(query, quote_via=quote, safe="")
        return f"{self.open_url.rstrip('/')}/connect/oauth2/authorize?{asked}#wechat_redirect"

    def accepts(self, state: str, holder: str) -> bool:
        """Whether we gave this state to that browser, within the last ten minutes; yes only once."""
        found = _STATE.fullmatch(state)
        if not (found and holder):
            return False
        begun, nonce, signature = found.groups()
        if not hmac.compare_digest(signature, self._signature(begun, nonce, holder)):
            return False
        if not 0 <= self._now() - int(begun, 16) <= VALID:
            return False
        try:
            return self.limiter.allow(f"wechat-state:{nonce}", times=1, seconds=VALID + 60)
        except TryLater:  # whether it was used cannot be told
            return False

    def enter(self, code: str, *, former: str | None, fresh: str) -> None:
        """The web address `fresh` goes on with the WeChat conversation of whom the code belongs to.

        `former` is the web address that the browser had: its own conversation is joined, and the address leads
        nowhere any more, so that nobody who knew it comes along. Raises CodeUsed, and what `WechatApi` raises.
        """
        if not _CODE.fullmatch(code):
            raise CodeUsed("no code that WeChat could have given")
        openid = self.api.openid_of(code)
        with self.unit_of_work() as tx:
            now = self.clock()
            own = tx.conversations.open(channel="wechat", address=openid, now=now)
            if former:
                own = self._joined(tx, former, own, openid)
            mine = tx.conversations.open(channel="web", address=fresh, now=now)
            tx.links.join(mine.id, own.id)

    def is_linked(self, address: str) -> bool:
        """Whether this web address still leads where a sign-in has led it; an erased one does not."""
        if not address.startswith(MARK):
            return False
        with self.unit_of_work() as tx:
            return tx.conversations.open(channel="web", address=address, now=self.clock()).address != address

    def _joined(self, tx: Transaction, former: str, own: Conversation, openid: str) -> Conversation:
        """The one conversation of both, and the former address let go."""
        before = tx.conversations.open(channel="web", address=former, now=self.clock())
        if before.id == own.id:
            tx.links.leave("web", former)
            return own
        # Where a session goes on with another conversation, that may be somebody else's who used this phone.
        others = any(reader.openid != openid for reader in tx.wechat.reader_of(before.id))
        if before.address != former or others:
            return own
        unused = not tx.conversations.last_seq(own.id) and tx.wechat.reader(openid) is None
        if unused and tx.conversations.last_seq(before.id):
            tx.links.join(own.id, before.id)
            own = before
        else:
            spoke = any(line.sender is Sender.CITIZEN for line in tx.conversations.lines(before.id))
            tx.links.join(before.id, own.id)
            if spoke:
                told = self.speech.say("wechat.page_joined").as_json()
                tx.conversations.append(own.id, sender=Sender.NOTICE, body=told, at=self.clock())
        tx.links.leave("web", former)
        return own

    def _signature(self, begun: str, nonce: str, holder: str) -> str:
        return hmac.new(self.key().encode(), f"wechat:{begun}:{nonce}:{holder}".encode(), hashlib.sha256).hexdigest()

    def _now(self) -> int:
        return int(self.clock().timestamp())

    # -- signing pages ---------------------------------------------------------------------------------------

    def page(self, url: str) -> SignedPage:
        """Sign a page of ours. Raises Foreign for any other, TryLater and NeedsPerson when there is no ticket."""
        url = url.partition("#")[0]
        if len(url) > LONGEST_URL or _UNFIT.search(url) or _origin(url) != _origin(self.public_url):
            raise Foreign(self.speech.words.say("wechat.foreign_page"))
        nonce, timestamp = self.nonce(), self._now()
        signature = self.sign(self.api.jsapi_ticket(), url, noncestr=nonce, timestamp=timestamp)
        return SignedPage(self.appid, timestamp, nonce, signature)


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None where it has none, or names somebody before '@'."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port or DEFAULT_PORTS[parts.scheme]
