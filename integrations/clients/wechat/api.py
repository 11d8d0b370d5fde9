"""WeChat's API over HTTP: the `WechatApi` port.

A call has one deadline for everything, the token and all tries included. It is tried again only where WeChat has
surely done nothing: no connection, "busy", or a token that was refused. After a time-out nobody knows, and a citizen
must not be told twice.
"""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx

from integrations.clients.wechat.alarms import Alarm, Alarms
from integrations.clients.wechat.answers import Refused, read_issued, read_media, read_object, read_openid
from integrations.clients.wechat.breaker import Breaker
from integrations.clients.wechat.codes import Action, code_of, refusal
from integrations.clients.wechat.exchange import Again, Answer, Exchange, Question, TooMuch
from integrations.clients.wechat.pictures import LARGEST, Pictures
from integrations.clients.wechat.tokens import Issued, Kind, SharedTokens
from integrations.services.errors import ServiceError, TryLater
from integrations.services.wechat.errors import CodeUsed, MediaTooLarge

SECONDS, MEDIA_SECONDS = 5.0, 15.0
TRIES = 3
LONGEST_ANSWER = 1024 * 1024
_FIRST_PAUSE = 0.2
# With less time than this no request is begun.
_LEAST_SECONDS = 0.05
_SIGN_IN = re.compile(r"[A-Za-z0-9_-]{1,512}")
log = logging.getLogger(__name__)
T = TypeVar("T")


class _TokenRefused(Refused):
    """WeChat does not take the access token (any more)."""


class WechatClient:
    """The API of one account. Threads may share it; `tokens` and `alarms` are shared by all processes.

    `transport` and `picture_transport` stand in for the network in tests; `jitter` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        appid: str,
        secret: str,
        *,
        base_url: str,
        picture_url: str,
        tokens: SharedTokens,
        alarms: Alarms | None = None,
        breaker: Breaker | None = None,
        transport: httpx.BaseTransport | None = None,
        picture_transport: httpx.BaseTransport | None = None,
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        seconds: float = SECONDS,
        media_seconds: float = MEDIA_SECONDS,
    ) -> None:
        self._appid, self._secret = appid, secret
        self._tokens, self._breaker = tokens, breaker or Breaker(ticks=ticks)
        self._alarms = alarms or Alarms(tokens.redis_url)
        self._exchange = Exchange(base_url, transport=transport)
        self._pictures = Pictures(picture_url, transport=picture_transport)
        self._ticks, self._sleep, self._jitter = ticks, sleep, jitter
        self._seconds, self._media_seconds = seconds, media_seconds

    # -- what citizens see -------------------------------------------------------------------------------------------

    def send_text(self, openid: str, text: str) -> None:
        """A customer service message of at most 2,048 bytes."""
        self._post("/cgi-bin/message/custom/send", {"touser": openid, "msgtype": "text", "text": {"content": text}})

    def typing(self, openid: str) -> None:
        """Show that somebody is typing. Tried once; that it failed is only logged."""
        path = "/cgi-bin/message/custom/typing"
        body = {"touser": openid, "command": "Typing"}
        until = self._ticks() + self._seconds

        def read(answer: Answer) -> None:
            _unless(Action.IGNORE, answer)

        try:
            token = self._token(until)
            self._tried(_question("POST", path, {"access_token": token}, body), read, until, tries=1)
        except (ServiceError, _TokenRefused) as fault:
            log.warning("typing was not shown: %s", fault)

    def send_notice(self, openid: str, template_id: str, data: Mapping[str, str], *, page: str = "") -> None:
        """A subscription notice. `data` are field names and values; `page` is opened by a tap."""
        fields = {name: {"value": value} for name, value in data.items()}
        body: dict[str, Any] = {"touser": openid, "template_id": template_id, "data": fields}
        self._post("/cgi-bin/message/subscribe/bizsend", {**body, "page": page} if page else body)

    # -- what citizens send ------------------------------------------------------------------------------------------

    def media(self, media_id: str) -> bytes:
        """A picture or recording that a citizen sent. Raises MediaGone, MediaTooLarge."""
        params = {"media_id": media_id}
        return self._with_token("GET", "/cgi-bin/media/get", read_media, params, seconds=self._media_seconds)

    def picture(self, url: str) -> bytes:
        """The same picture by the address that stood in the push. Raises MediaGone, MediaTooLarge."""
        return self._pictures.picture(url, seconds=self._media_seconds)

    def openid_of(self, code: str) -> str:
        """Who signed in with this code. Raises CodeUsed."""
        if not _SIGN_IN.fullmatch(code):
            raise CodeUsed("this is no code of a sign-in")
        params = {"appid": self._appid, "secret": self._secret, "code": code, "grant_type": "authorization_code"}
        question = _question("GET", "/sns/oauth2/access_token", params)
        return self._without_token(question, read_openid, self._ticks() + self._seconds)

    # -- the account -------------------------------------------------------------------------------------------------

    def jsapi_ticket(self) -> str:
        """The ticket that signs pages for the JS-SDK, shared by all processes."""
        until = self._ticks() + self._seconds

        def fetch(_force: bool) -> Issued:
            return self._with_token(
                "GET",
                "/cgi-bin/ticket/getticket",
                lambda answer: read_issued(answer, "ticket"),
                {"type": "jsapi"},
                until=until,
            )

        return self._tokens.get(Kind.TICKET, fetch, patience=self._seconds)

    def make_menu(self, menu: Mapping[str, Any]) -> None:
        """Make this the account's menu."""
        self._post("/cgi-bin/menu/create", menu)

    def menu(self) -> dict[str, Any] | None:
        """The menu as WeChat has it now; None where there is none."""

        return self._with_token("GET", "/cgi-bin/menu/get", lambda answer: _unless(Action.NO_MENU, answer, "menu"))

    def delete_menu(self) -> None:
        """Leave the account without a menu."""
        self._with_token("GET", "/cgi-bin/menu/delete", read_object)

    def ping(self) -> None:
        """Ask for a token and use it. Raises TryLater or NeedsPerson unless both go well."""
        self._addresses("/cgi-bin/get_api_domain_ip")

    def callback_ips(self) -> list[str]:
        """From which addresses WeChat pushes."""
        return self._addresses("/cgi-bin/getcallbackip")

    def alarms(self) -> list[Alarm]:
        """Codes of the last day that need a person, the latest first."""
        return self._alarms.all()

    def clear_alarms(self) -> None:
        """Forget them."""
        self._alarms.clear()

    def close(self) -> None:
        """Close the connections."""
        self._exchange.close()
        self._pictures.close()

    # -- calls -------------------------------------------------------------------------------------------------------

    def _addresses(self, path: str) -> list[str]:
        found = self._with_token("GET", path, lambda answer: read_object(answer, "ip_list"))["ip_list"]
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise TryLater("WeChat's answer cannot be read")
        return found

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        self._with_token("POST", path, read_object, body=body)

    def _with_token(
        self,
        method: str,
        path: str,
        read: Callable[[Answer], T],
        params: Mapping[str, str] | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        seconds: float | None = None,
        until: float | None = None,
    ) -> T:
        """A call with an access token; a refused one is replaced once."""
        until = until or self._ticks() + (seconds or self._seconds)

        def once(token: str) -> T:
            return self._tried(_question(method, path, {"access_token": token, **(params or {})}, body), read, until)

        token = self._token(until)
        try:
            return once(token)
        except _TokenRefused:
            token = self._token(until, failed=token)
        try:
            return once(token)
        except _TokenRefused as again:
            raise self._needing_person(again.number) from None

    def _token(self, until: float, *, failed: str = "") -> str:
        """The access token. No error of it leaves a doubt: what it was wanted for was not sent."""

        def fetch(force: bool) -> Issued:
            body = {
                "grant_type": "client_credential",
                "appid": self._appid,
                "secret": self._secret,
                "force_refresh": force,
            }
            question = _question("POST", "/cgi-bin/stable_token", {}, body)
            # Within the lease of whoever fetches, however much time the call itself has.
            ends = min(until, self._ticks() + self._seconds)
            return self._without_token(question, lambda answer: read_issued(answer, "access_token"), ends)

        patience = max(until - self._ticks(), 0.0)
        try:
            if failed:
                return self._tokens.refresh(Kind.ACCESS, fetch, failed=failed, patience=patience)
            return self._tokens.get(Kind.ACCESS, fetch, patience=patience)
        except TryLater as later:
            later.unheard = True
            raise

    def _without_token(self, question: Question, read: Callable[[Answer], T], until: float) -> T:
        """A call that brings the app secret itself: what elsewhere is a refused token is a wrong secret here."""
        try:
            return self._tried(question, read, until)
        except _TokenRefused as refused:
            raise self._needing_person(refused.number) from None

    def _tried(self, question: Question, read: Callable[[Answer], T], until: float, *, tries: int = TRIES) -> T:
        if until - self._ticks() < _LEAST_SECONDS:
            raise TryLater("no time was left to ask WeChat", unheard=True)
        with self._breaker.guarding():
            for number in range(1, tries + 1):
                try:
                    return self._once(question, read, until)
                except Again:
                    pause = _FIRST_PAUSE * 2 ** (number - 1) * (0.5 + self._jitter())
                    if number == tries or self._ticks() + pause + _LEAST_SECONDS >= until:
                        raise
                    self._sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _once(self, question: Question, read: Callable[[Answer], T], until: float) -> T:
        media = read is read_media
        most = LARGEST if media else LONGEST_ANSWER
        try:
            return read(self._exchange.ask(question, seconds=until - self._ticks(), most=most))
        except TooMuch:
            if media:
                raise MediaTooLarge(f"the picture or recording has more than {LARGEST:,} bytes") from None
            raise TryLater("WeChat answers without an end") from None
        except Refused as refused:
            raise self._error(question, refused) from None

    def _error(self, question: Question, refused: Refused) -> Exception:
        number = refused.number
        code = code_of(number)
        if code.action is Action.REFRESH:
            return _TokenRefused(number)
        if code.action is Action.RETRY:
            return Again(str(refusal(number)))
        if code.alarms:
            return self._needing_person(number, refused.address)
        if code.action is Action.REJECTED:
            log.warning("WeChat answered %d to %s: %s %s", number, question.shown, code.meaning, code.todo)
        return refusal(number)

    def _needing_person(self, number: int, address: str = "") -> ServiceError:
        self._alarms.note(number)
        return refusal(number, address=address)


def _unless(action: Action, answer: Answer, wanted: str = "") -> dict[str, Any] | None:
    """As `read_object`, but None for codes that lead to `action`."""
    try:
        return read_object(answer, wanted)
    except Refused as refused:
        if code_of(refused.number).action is action:
            return None
        raise


def _question(method: str, path: str, params: Mapping[str, str], body: Mapping[str, Any] | None = None) -> Question:
    # As UTF-8 itself: WeChat shows a citizen "\u4f60" as it stands. Half a character cannot be sent at all.
    raw = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return Question(method, path, f"{path}?{urlencode(params)}" if params else path, raw)
