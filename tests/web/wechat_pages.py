"""Pages inside WeChat in a test: the gateway's routes for them, WeChat's side of a sign-in, and a phone's browser."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fastapi import FastAPI
from fastapi.testclient import TestClient

from integrations.bootstrap import Services
from integrations.services.errors import ServiceError
from integrations.services.wechat.errors import CodeUsed, MediaGone
from integrations.services.wechat.signing_in import SigningIn
from integrations.web import chat, errors, first_view, media, plain, uploads, wechat_js, wechat_login
from integrations.web.first_view import FirstView
from integrations.web.guards import SafeHeaders
from integrations.web.page_files import PageFiles
from integrations.web.sessions import Sessions

PUBLIC = "https://talk.example"
APPID, TICKET = "wx0123456789abcdef", "ticket-that-nobody-may-see"
OPENID = "oABCDEFG-of-the-citizen_1"
INSIDE = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/116.0 Mobile MicroMessenger/8.0.49(0x28003133)"
WECHAT = {
    "wechat_appid": APPID,
    "wechat_secret": "app-secret-of-the-test",
    "wechat_token": "token-of-the-test",
    "public_url": PUBLIC,
}


class FakePageApi:
    """WeChat's side: codes are good once, media ids are there until they are gone, faults as ordered."""

    def __init__(self) -> None:
        self.codes: dict[str, str] = {}
        self.kept: dict[str, bytes] = {}
        self.fault: ServiceError | None = None
        self.asked: list[str] = []

    def openid_of(self, code: str) -> str:
        self._ask("openid_of")
        if code not in self.codes:
            raise CodeUsed("that code was used")
        return self.codes.pop(code)

    def jsapi_ticket(self) -> str:
        self._ask("jsapi_ticket")
        return TICKET

    def media(self, media_id: str) -> bytes:
        self._ask("media")
        if media_id not in self.kept:
            raise MediaGone("not kept any more")
        return self.kept[media_id]

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.fault:
            raise self.fault


def sign(ticket: str, url: str, *, noncestr: str, timestamp: int) -> str:
    """By the documentation's own words."""
    text = f"jsapi_ticket={ticket}&noncestr={noncestr}&timestamp={timestamp}&url={url}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def signing_in(
    services: Services, api: FakePageApi, *, public: str = PUBLIC, opened: str = "https://open.example"
) -> SigningIn:
    return SigningIn(
        appid=APPID,
        public_url=public,
        open_url=opened,
        key=lambda: "key of the test",
        api=api,  # type: ignore[arg-type]
        unit_of_work=services.unit_of_work,
        limiter=services.limiter,
        speech=services.speech,
        clock=services.clock,
        sign=sign,
    )


def change(services: Services, **settings: object) -> None:
    """Other settings, from now on."""
    object.__setattr__(services, "settings", services.settings.model_copy(update=settings))


@dataclass
class Parts:
    """`services.wechat` as far as pages need it."""

    api: FakePageApi
    signing_in: SigningIn
    is_on: bool = True
    notice_templates: Sequence[str] = ("template-1", "template-2")


def gateway(services: Services) -> FastAPI:
    """The routes of these pages with the chat API, and the page."""
    app = FastAPI()
    errors.install(app, services.speech.words)
    settings = services.settings
    app.state.services = services
    app.state.sessions = Sessions(settings.secrets["session_secret"], secure=settings.cookie_secure)
    for router in (
        chat.router,
        media.router,
        uploads.router,
        wechat_login.router(services),
        wechat_js.router(services),
    ):
        app.include_router(router)

    files = PageFiles()
    view = FirstView(files)
    app.include_router(first_view.router(services, view))
    app.include_router(plain.router(services, app.state.sessions, view))
    app.include_router(files.router())
    app.add_middleware(SafeHeaders)
    return app


@dataclass
class Phone:
    """One citizen's phone. WeChat on it knows who they are; `agent` is what the browser says it is."""

    app: FastAPI
    api: FakePageApi
    openid: str = OPENID
    agent: str = INSIDE
    client: TestClient = field(init=False)
    seen: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = TestClient(
            self.app,
            base_url=PUBLIC,
            follow_redirects=False,
            raise_server_exceptions=False,
            headers={"user-agent": self.agent},
        )

    def get(self, url: str) -> Any:
        answer = self.client.get(url)
        self.seen.append(answer)
        return answer

    def begin(self, page: str = "/") -> str:
        """Tap on the page as far as WeChat; gives the state."""
        answer = self.get(page)
        login = answer.headers["location"]
        assert (answer.status_code, login.partition("?")[0]) == (303, "/wechat/login"), answer.text
        away = self.get(login).headers["location"]
        return parse_qs(urlsplit(away).query)["state"][0]

    def code(self) -> str:
        """A new code for whoever holds this phone."""
        made = f"code{len(self.api.asked)}x{len(self.api.codes)}"
        self.api.codes[made] = self.openid
        return made

    def back(self, code: str, state: str) -> str:
        """Back from WeChat; gives where it leads."""
        answer = self.client.get("/wechat/back", params={"code": code, "state": state})
        self.seen.append(answer)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def sign_in(self, page: str = "/") -> str:
        state = self.begin(page)
        return self.back(self.code(), state)

    def conversation(self) -> str:
        answer = self.client.post("/api/chat/session", headers={"X-Jiesu": "page"})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["conversation"])

    def say(self, text: str, key: str) -> None:
        body = {"id": key, "text": text}
        answer = self.client.post("/api/chat/messages", json=body, headers={"X-Jiesu": "page"})
        assert answer.status_code == 200, answer.text

    def texts(self) -> list[str]:
        return [one["text"] for one in self.client.get("/api/chat/messages").json()["messages"]]
