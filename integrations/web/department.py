"""The demo department's page under `/department/`, so that one port shows the whole demo. Never with a real backend."""

from __future__ import annotations

from functools import cache

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from integrations.clients.trust import trusted
from integrations.settings import Settings
from integrations.web.sessions import COOKIES

PATH = "/department/"
# A clerk's pictures. The department has a lower limit of its own, and a page that explains it.
BODY_LIMIT = 48 * 1024 * 1024

# Passed on in neither direction: they belong to one connection, or would confuse the two sites' cookies.
_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "content-length"}
)


def _theirs(cookies: str) -> str:
    """The cookies without ours: whoever holds that one speaks for the citizen."""
    kept = [one.strip() for one in cookies.split(";") if one.strip().partition("=")[0] not in COOKIES]
    return "; ".join(one for one in kept if one)


def router(settings: Settings) -> APIRouter:
    """Passes requests on to the department's own process."""
    routes = APIRouter(include_in_schema=False)

    @cache
    def client() -> httpx.AsyncClient:
        """Made when it is needed; it is this machine, to which no proxy leads."""
        url = f"http://127.0.0.1:{settings.department_port}"
        return httpx.AsyncClient(base_url=url, timeout=10, verify=trusted(), trust_env=False)

    @routes.get("/department")
    async def slash() -> RedirectResponse:
        return RedirectResponse(PATH)

    @routes.api_route("/department/{path:path}", methods=["GET", "POST"])
    async def pass_on(path: str, request: Request) -> Response:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP}
        if cookies := _theirs(request.headers.get("cookie", "")):
            headers["cookie"] = cookies
        else:
            headers.pop("cookie", None)
        headers["host"] = request.headers.get("host", "")
        try:
            answer = await client().request(
                request.method,
                f"/{path}",
                params=request.query_params,
                content=await request.body(),
                headers=headers,
            )
        except httpx.HTTPError:
            return Response("演示部门没有启动。", status_code=503, media_type="text/plain; charset=utf-8")
        kept = [(k, v) for k, v in answer.headers.multi_items() if k.lower() not in _HOP | {"content-encoding"}]
        response = Response(answer.content, status_code=answer.status_code)
        response.raw_headers.extend((k.encode(), v.encode()) for k, v in kept if k.lower() != "content-length")
        return response

    return routes
