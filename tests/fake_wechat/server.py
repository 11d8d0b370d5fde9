"""The API on the wire: paths, tokens, limits, ordered faults, and answers as WeChat gives them."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse

from tests.fake_wechat import laws
from tests.fake_wechat.control import control_of
from tests.fake_wechat.faults import Call
from tests.fake_wechat.laws import Refused
from tests.fake_wechat.media import sample_picture
from tests.fake_wechat.signing_in import WrongPage

if TYPE_CHECKING:
    from tests.fake_wechat.world import FakeWechat

JSON_KIND = "application/json; encoding=utf-8"
UNESCAPED = re.compile(rb"(?<!\\)((?:\\\\)*)\\(u[0-9a-fA-F]{4})")
SCRIPT = Path(__file__).with_name("jweixin.js")
Work = Callable[[Mapping[str, Any], str], Any]
CUT = -2


class Api:
    """Calls one after the other through: fault, limit, method, token, permission, the work itself."""

    def __init__(self, world: FakeWechat) -> None:
        self.world = world
        self._lately: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    async def answered(self, request: Request, path: str, method: str, work: Work, *, token: bool) -> Response:
        fault = self.world.faults.take(path)
        kind = fault.kind if fault else ""
        if kind == "slow" and fault:
            await asyncio.sleep(fault.seconds)
        raw = await request.body()
        asked: Mapping[str, Any] = {}
        code, answer = 0, Response()
        if kind == "cut":
            code = CUT
        elif kind == "http_500":
            code, answer = 500, PlainTextResponse("Internal Server Error", 500)
        elif kind == "garbage":
            code, answer = 200, HTMLResponse("<html><body>系统繁忙</body></html>")
        else:
            try:
                if isinstance(kind, int):
                    raise Refused(kind)
                asked = self._asked(request, raw, method)
                found = self._done(request, path, asked, work, token=token)
                answer = found if isinstance(found, Response) else _json(found)
            except Refused as refused:
                code, answer = refused.code, _refused(refused)
        self._note(path, CUT if kind == "lost" and not code else code, asked)
        if kind in ("cut", "lost"):
            self.world.cut((request.client.host, request.client.port) if request.client else None)
        return answer

    @staticmethod
    def _asked(request: Request, raw: bytes, method: str) -> Mapping[str, Any]:
        if request.method != method:
            raise Refused(43001 if method == "GET" else 43002)
        if method == "GET":
            return dict(request.query_params)
        if not raw:
            raise Refused(44002)
        try:
            # WeChat does not undo \uXXXX: citizens would read it as it stands.
            body = json.loads(UNESCAPED.sub(rb"\1\\\\\2", raw))
        except ValueError:
            raise Refused(47001) from None
        if not isinstance(body, dict):
            raise Refused(47001)
        return body

    def _done(self, request: Request, path: str, asked: Mapping[str, Any], work: Work, *, token: bool) -> Any:
        with self.world.lock:
            self._limited(path)
            if token:
                self.world.tokens.check(request.query_params.get("access_token"))
            if path in laws.VERIFIED_ONLY and not self.world.account.verified:
                raise Refused(48001)
            return work(asked, request.client.host if request.client else "")

    def _limited(self, path: str) -> None:
        a_minute, a_day = self.world.limits.get(path, (100_000, 1_000_000))
        now, lately = self.world.clock.now(), self._lately[path]
        while lately and now - lately[0] >= laws.DAY:
            lately.popleft()
        if len(lately) >= a_day:
            raise Refused(45009)
        if len(lately) >= a_minute and now - lately[-a_minute] < laws.MINUTE:
            raise Refused(45011)
        lately.append(now)

    def _note(self, path: str, code: int, asked: Mapping[str, Any]) -> None:
        what = str(asked.get("msgtype") or asked.get("command") or asked.get("template_id") or "")
        call = Call(self.world.clock.now(), path, code, str(asked.get("touser", "")), what)
        self.world.counters.calls.append(call)


def _json(content: Any, status: int = 200) -> Response:
    return Response(
        json.dumps(content, ensure_ascii=False), status, media_type=None, headers={"content-type": JSON_KIND}
    )


def _refused(refused: Refused) -> Response:
    return _json({"errcode": refused.code, "errmsg": f"{refused.message} rid: {secrets.token_hex(12)}"})


def _called(request: Request, value: Any) -> Response:
    """A script that hands over a value to the page's stand-in of WeChat's script."""
    name = request.query_params.get("callback", "")
    body = f"wx._answer({json.dumps(name)}, {json.dumps(value)});" if name.isalnum() else ""
    return Response(body, media_type="text/javascript; charset=utf-8")


def app_of(world: FakeWechat) -> FastAPI:
    """The whole surface: WeChat's own paths, and ours (`/` and `/__control`)."""
    app, api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None), Api(world)

    def route(path: str, method: str, work: Work, *, token: bool = True) -> None:
        async def endpoint(request: Request) -> Response:
            return await api.answered(request, path, method, work, token=token)

        app.add_api_route(path, endpoint, methods=["GET", "POST"])

    def media(asked: Mapping[str, Any], _address: str) -> Response:
        found = world.media.get(str(asked.get("media_id", "")))
        ending = found.kind.rpartition("/")[2]
        name = {"content-disposition": f'attachment; filename="{secrets.token_hex(8)}.{ending}"'}
        return Response(found.data, media_type=found.kind, headers=name)

    route("/cgi-bin/stable_token", "POST", world.tokens.stable, token=False)
    route("/cgi-bin/token", "GET", world.tokens.old, token=False)
    route("/cgi-bin/message/custom/send", "POST", lambda asked, _: world.sending.message(asked))
    route("/cgi-bin/message/custom/typing", "POST", lambda asked, _: world.sending.typing(asked))
    route("/cgi-bin/message/subscribe/bizsend", "POST", lambda asked, _: world.sending.notice(asked))
    route("/cgi-bin/media/get", "GET", media)
    route("/cgi-bin/ticket/getticket", "GET", lambda asked, _: world.tokens.ticket(str(asked.get("type", ""))))
    route("/cgi-bin/menu/create", "POST", lambda asked, _: world.menus.create(asked))
    route("/cgi-bin/menu/get", "GET", lambda *_: world.menus.get())
    route("/cgi-bin/menu/delete", "GET", lambda *_: world.menus.delete())
    route("/cgi-bin/getcallbackip", "GET", lambda *_: {"ip_list": ["127.0.0.1"]})
    route("/cgi-bin/get_api_domain_ip", "GET", lambda *_: {"ip_list": ["127.0.0.1"]})
    route("/sns/oauth2/access_token", "GET", lambda asked, _: world.signing_in.exchanged(asked), token=False)

    @app.api_route("/cgi-bin/{rest:path}", methods=["GET", "POST"])
    async def unknown(rest: str) -> Response:
        world.counters.calls.append(Call(world.clock.now(), f"/cgi-bin/{rest}", 40066))
        return _refused(Refused(40066))

    @app.get("/connect/oauth2/authorize")
    async def authorize(request: Request) -> Response:
        try:
            return RedirectResponse(world.signing_in.authorized(request.query_params), 302)
        except WrongPage as wrong:
            return HTMLResponse(f"<!doctype html><meta charset=utf-8><title>提示</title><p>{escape(str(wrong))}</p>")

    @app.get("/mmbiz_{kind}/{name}/{size}")
    async def picture(kind: str, name: str, size: str) -> Response:
        found = world.media.picture(name)
        code = 200 if found else 404
        world.counters.calls.append(Call(world.clock.now(), "/mmbiz", 0 if found else 404))
        return Response(found.data if found else b"", code, media_type=found.kind if found else "text/plain")

    @app.get("/open/js/jweixin.js")
    async def script() -> Response:
        return Response(SCRIPT.read_bytes(), media_type="text/javascript; charset=utf-8")

    @app.get("/open/js/config.js")
    async def configured(request: Request) -> Response:
        return _called(request, world.tokens.signs(request.query_params))

    @app.get("/open/js/upload.js")
    async def uploaded(request: Request) -> Response:
        return _called(request, world.media.keep(sample_picture(), "image/png")[0])

    app.include_router(control_of(world))
    return app
