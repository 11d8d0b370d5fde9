"""Every door of the gateway has somebody who may use it."""

from collections.abc import Iterable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from integrations import bootstrap
from integrations.settings import Settings
from integrations.web.app import create_app

# Open to everybody, on purpose.
PUBLIC = {
    "GET /": "the page",
    "GET /plain": "the page without scripts, which begins a session",
    "POST /plain/say": "its form, which begins a session and refuses other sites",
    "GET /favicon.ico": "its icon",
    "GET /page/{path:path}": "its files",
    "GET /page-words/{language}/{topic}": "its words",
    "GET /health": "for the city's monitoring",
    "GET /health/live": "for the supervisor",
    "GET /api/openapi.json": "the description of the API",
    "POST /api/chat/session": "begins a session",
    "GET /wechat/login": "to WeChat and back",
    "GET /wechat/back": "which a state of ours opens",
    "GET /wechat/notices": "the page that asks for consent",
    "GET /api/wechat/page": "signs pages of ours, so many a minute",
    "GET /department": "the demo department",
    "GET /department/{path:path}": "which guards its own pages",
    "POST /department/{path:path}": "and its own forms",
}
ACCOUNT = ("wechat_appid", "wechat_secret", "wechat_token")
SECRETS = ("hook_secret", "session_secret", "internal_token", "dispatch_api_key")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    folder = tmp_path_factory.mktemp("gateway")
    secrets = dict.fromkeys((*SECRETS, *ACCOUNT), "a secret of the test")
    settings = Settings(_env_file=None, data_dir=folder, wechat_mode="plain", **secrets)
    return TestClient(create_app(bootstrap.build(settings)), raise_server_exceptions=False)


def _doors(routes: Iterable[Any]) -> dict[str, tuple[str, str]]:
    """'GET /path' to (method, path), mounts as GET, the routes of included routers among them."""
    found = {}
    for route in routes:
        if hasattr(route, "original_router"):
            found |= _doors(route.original_router.routes)
            continue
        for method in sorted((getattr(route, "methods", None) or {"GET"}) - {"HEAD"}):
            found[f"{method} {route.path}"] = (method, route.path)
    return found


def test_every_door_is_public_on_purpose_or_needs_a_session_or_a_signature(gateway: TestClient) -> None:
    doors = _doors(gateway.app.routes)  # type: ignore[attr-defined]
    described = {f"{method.upper()} {path}" for path, on in gateway.app.openapi()["paths"].items() for method in on}  # type: ignore[attr-defined]
    assert described <= set(doors) and len(described) >= 5
    assert set(PUBLIC) <= set(doors), "a public door that is not there any more"
    for name in sorted(set(doors) - set(PUBLIC)):
        answer = gateway.request(*doors[name], headers={"X-Jiesu": "1"}, content=b"{}")
        assert answer.status_code in (401, 403), f"{name} answered {answer.status_code}"


@pytest.mark.parametrize("cookie", ["", "x", "a.b", ".", "a.", "地址.签名".encode().decode("latin-1")])
def test_a_cookie_that_we_did_not_sign_opens_nothing(gateway: TestClient, cookie: str) -> None:
    header = f"jiesu_session={cookie}".encode("latin-1")
    answer = gateway.get("/api/chat/messages", headers=[(b"cookie", header), (b"x-jiesu", b"1")])
    assert answer.status_code == 401
