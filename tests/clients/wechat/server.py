"""WeChat's API for tests of the client: answers each path by its script and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from integrations.clients.wechat.alarms import Alarms
from integrations.clients.wechat.api import WechatClient
from integrations.clients.wechat.breaker import Breaker
from integrations.clients.wechat.tokens import SharedTokens

APPID, SECRET = "wxTESTAPPID0001", "secret-5f1c"
OPENID, TEXT, CODE, MEDIA = "oTESTopenid-17", "楼下的路灯不亮“了”", "code-081Kq4", "media-9_Zz"
SEND = "/cgi-bin/message/custom/send"
TYPING = "/cgi-bin/message/custom/typing"
NOTICE = "/cgi-bin/message/subscribe/bizsend"
TOKEN = "/cgi-bin/stable_token"
TICKET = "/cgi-bin/ticket/getticket"
GET_MEDIA = "/cgi-bin/media/get"
SIGN_IN = "/sns/oauth2/access_token"
DOMAIN, CALLBACK = "/cgi-bin/get_api_domain_ip", "/cgi-bin/getcallbackip"
MENU = "/cgi-bin/menu/get"

Reply = Callable[[httpx.Request], httpx.Response]


def says(body: object = None, status: int = 200, **headers: str) -> Reply:
    """That body: bytes as they are, anything else as JSON; {"errcode": 0} when none is given."""
    value = {"errcode": 0, "errmsg": "ok"} if body is None else body
    raw = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request: httpx.Response(status, content=raw, headers={"content-type": "application/json", **given})


def code(number: int | str) -> Reply:
    """That error code, with words that repeat what must not be repeated."""
    return says({"errcode": number, "errmsg": f"bad {OPENID} {SECRET} {TEXT} rid: 6a-1"})


def fails(error: Exception) -> Reply:
    """An answer that never comes."""

    def reply(_request: httpx.Request) -> httpx.Response:
        raise error

    return reply


class FakeWechat:
    """Gives the replies of a path in turn, the last one for ever. Tokens are "token-1", "token-2", … when forced."""

    def __init__(self) -> None:
        self.scripts: dict[str, list[Reply]] = {}
        self.asked: list[httpx.Request] = []
        self.issued = 0
        self.valid: set[str] = set()
        self.forced = 0
        self.script(TOKEN, self._token)

    def script(self, path: str, *replies: Reply) -> None:
        self.scripts[path] = list(replies)

    def calls(self, path: str) -> list[httpx.Request]:
        return [request for request in self.asked if request.url.path == path]

    def bodies(self, path: str) -> list[Any]:
        return [json.loads(request.content) for request in self.calls(path)]

    def tokens_used(self, path: str) -> list[str]:
        return [request.url.params["access_token"] for request in self.calls(path)]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        script = self.scripts.get(request.url.path) or [says()]
        return (script.pop(0) if len(script) > 1 else script[0])(request)

    def _token(self, request: httpx.Request) -> httpx.Response:
        forced = json.loads(request.content)["force_refresh"]
        self.forced += forced
        if forced or not self.issued:
            self.issued += 1
        return says({"access_token": f"token-{self.issued}", "expires_in": 7200})(request)


class FakeTicks:
    """Seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Bench:
    """A client over a fake WeChat and a real Redis."""

    redis_url: str
    wechat: FakeWechat = field(default_factory=FakeWechat)
    pictures: FakeWechat = field(default_factory=FakeWechat)
    ticks: FakeTicks = field(default_factory=FakeTicks)

    def client(self, url: str = "", *, picture_url: str = "https://mmbiz.qpic.cn", **given: Any) -> WechatClient:
        """Over the fake, or over a real server at that URL."""
        breaker = given.pop("breaker", None) or Breaker(ticks=self.ticks, failures=1000)
        times = {} if url else {"ticks": self.ticks, "sleep": self.ticks.sleep}
        return WechatClient(
            APPID,
            SECRET,
            base_url=url or "https://api.weixin.qq.com",
            picture_url=picture_url,
            tokens=given.pop("tokens", None) or SharedTokens(self.redis_url, APPID, pepper="p"),
            alarms=Alarms(given.pop("alarms_url", self.redis_url)),
            breaker=breaker,
            transport=None if url else httpx.MockTransport(self.wechat),
            picture_transport=httpx.MockTransport(self.pictures),
            jitter=lambda: 0.5,
            **{**times, **given},
        )


Answer = Callable[[BaseHTTPRequestHandler], None]


class RealServer:
    """A real HTTP server on this machine: tokens as they should be, everything else by `answer`."""

    def __init__(self, answer: Answer) -> None:
        self.heard: dict[str, list[bytes]] = defaultdict(list)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                path = self.path.partition("?")[0]
                outer.heard[path].append(self.rfile.read(int(self.headers.get("content-length", 0))))
                if path == TOKEN:
                    write(self, {"access_token": "token-1", "expires_in": 7200})
                else:
                    answer(self)

            do_GET = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()


def write(handler: BaseHTTPRequestHandler, body: object = None, status: int = 200, **headers: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body or {"errcode": 0}, ensure_ascii=False).encode()
    handler.send_response(status)
    for name, value in {"content_type": "application/json", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("content-length", str(len(raw)))
    handler.end_headers()
    handler.wfile.write(raw)


def cut(handler: BaseHTTPRequestHandler) -> None:
    """The connection ends without an answer."""
    handler.close_connection = True
    handler.connection.close()


def drip_body(handler: BaseHTTPRequestHandler) -> None:
    """Every byte in time, and no end."""
    handler.send_response(200)
    handler.end_headers()
    _drip(handler, b" ")


def drip_head(handler: BaseHTTPRequestHandler) -> None:
    """Header lines that never end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    _drip(handler, b"x: y\r\n")


def _drip(handler: BaseHTTPRequestHandler, piece: bytes) -> None:
    for _ in range(100):
        try:
            handler.wfile.write(piece)
            handler.wfile.flush()
        except OSError:
            return
        time.sleep(0.05)
    handler.close_connection = True


@contextmanager
def serving(answer: Answer) -> Iterator[RealServer]:
    server = RealServer(answer)
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
