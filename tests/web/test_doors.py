"""What holds for every door: headers, errors, the list of routes; and how the parts are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.web.app import create_app
from integrations.web.guards import HEADERS
from integrations.web.health import PATIENCE_SECONDS
from integrations.worker import BEAT_KEY
from tests.conftest import Department
from tests.fakes import FakeDispatcher, FakeListener
from tests.web.conftest import Browser, is_chinese, problem


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    "path",
    ["/", "/page/chat.js", "/page/nothing.js", "/api/chat/messages", "/nothing", "/health/live", "/api/openapi.json"],
)
def test_every_answer_carries_the_safe_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers

    for name, value in HEADERS.items():
        assert headers[name] == value
    assert "unsafe" not in headers["content-security-policy"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/hooks/nothing", "/api/chat/messages/1", "/docs"])
def test_what_is_not_there_is_said_in_json(client: TestClient, method: str, path: str) -> None:
    assert is_chinese(problem(client.request(method, path), 404)["message"])


def test_a_method_that_a_route_does_not_have_is_refused_in_json(client: TestClient) -> None:
    answer = client.put("/api/chat/messages")

    assert problem(answer, 405)["code"] == "http_405"
    assert "allow" in answer.headers


@pytest.mark.parametrize("path", ["/page/../settings.py", "/page/%2e%2e/app.py", "/page/..%2f..%2fsettings.py"])
def test_the_page_gives_no_file_from_elsewhere(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_page_asks_each_time_whether_it_changed(client: TestClient) -> None:
    assert client.get("/").headers["cache-control"] == "no-cache"
    assert client.get("/page/chat.js").headers["cache-control"] == "no-cache"


def test_the_document_lists_the_routes(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()

    assert {path for path in document["paths"] if not path.startswith("/api/staff/")} == {
        "/api/chat/session",
        "/api/chat/stream",
        "/api/chat/devices/code",
        "/api/chat/devices/join",
        "/api/chat/messages",
        "/api/chat/typing",
        "/api/chat/media",
        "/api/chat/media/{medium_id}",
        "/api/chat/uploads",
        "/api/chat/uploads/{upload_id}",
        "/api/chat/my-data",
        "/api/chat/my-data/erase",
        "/api/chat/wechat-media",
        "/api/map",
        "/api/map/divisions",
        "/api/map/incidents",
        "/api/map/layers/{name}",
        "/api/map/search",
        "/api/map/tiles.pmtiles",
        "/api/map/where",
        "/api/tickets",
        "/api/tickets/find",
        "/api/tickets/{number}",
        "/api/tickets/{number}/rating",
        "/api/tickets/{number}/supplement",
        "/api/tickets/{number}/urge",
        "/api/tickets/{number}/withdraw",
        "/api/wechat/page",
        "/media/{token}",
        "/hooks/dispatch",
        "/health",
        "/health/live",
    }
    assert set(document["paths"]["/api/chat/messages"]) == {"get", "post"}
    hook = document["paths"]["/hooks/dispatch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "co_assigned" in hook["properties"]["event"]["description"]


def test_the_document_says_what_every_route_is_for_and_what_may_go_wrong(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    routes = {
        f"{method} {path}": said
        for path, methods in document["paths"].items()
        for method, said in methods.items()
        if path != "/health/live"
    }

    assert len(routes) >= 5
    for name, said in routes.items():
        assert said.get("summary") and said.get("description"), name
        assert any(status >= "401" for status in said["responses"]), name
        assert all(one.get("description") for one in said.get("parameters", ()) if one["in"] != "cookie"), name


def test_a_fault_that_nobody_foresaw_is_answered_without_its_insides(
    new_browser: Callable[[], Browser], listener: FakeListener
) -> None:
    browser = new_browser()
    browser.begin()
    listener.break_with(RuntimeError("secret inside"))

    answer = browser.post(text="路灯坏了")

    assert "secret inside" not in answer.text
    assert [one["text"] for one in browser.messages(after=1)] == ["路灯坏了"]


# -- health ------------------------------------------------------------------------------------------------------


@pytest.fixture
def actions_port() -> Iterator[int]:
    """Something that answers like the actions' health."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def whole(services: Services, actions_port: int) -> Services:
    """A system whose every part answers."""
    settings = services.settings.model_copy(update={"actions_port": actions_port})
    services.limiter.mark(BEAT_KEY, seconds=60)
    return bootstrap.build(settings, **services.replacements)


def test_a_system_whose_every_part_answers_is_well(whole: Services) -> None:
    answer = TestClient(create_app(whole)).get("/health")

    assert answer.status_code == 200
    health = answer.json()
    assert health["status"] == "ok"
    assert set(health["deadlines"]) == {"holidays_known_until", "provisional"}
    assert set(health["parts"]) == {"gateway", "database", "redis", "rasa", "actions", "worker", "dispatch"}


def test_a_proxy_for_the_wide_world_is_not_asked_for_parts(whole: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)

    health = TestClient(create_app(whole)).get("/health").json()

    assert health["status"] == "ok", health


@pytest.mark.parametrize("part", ["redis", "rasa", "actions", "worker", "dispatch", "database"])
def test_a_part_that_is_down_is_named_and_the_others_still_show(
    whole: Services, listener: FakeListener, dispatcher: FakeDispatcher, part: str
) -> None:
    if part == "rasa":
        listener.away = True
    elif part == "dispatch":
        dispatcher.away = True
    elif part == "actions":
        whole.settings = whole.settings.model_copy(update={"actions_port": 1})
    elif part == "database":
        whole = bootstrap.build(
            whole.settings.model_copy(update={"database_url": "sqlite:////nowhere/at/all.db"}),
            **{name: value for name, value in whole.replacements.items() if name != "engine"},
        )
    elif not hasattr(whole.limiter, "away"):
        pytest.skip("a real Redis cannot be switched off from here")
    elif part == "redis":
        whole.limiter.away = True
    else:
        whole.clock.move(seconds=61)  # type: ignore[attr-defined]

    answer = TestClient(create_app(whole)).get("/health")

    assert answer.status_code == 503
    health = answer.json()
    assert health["status"] == "degraded"
    assert health["parts"][part]["status"] == "down"
    assert health["parts"][part]["why"]
    assert health["parts"]["gateway"]["status"] == "ok"


def test_a_part_that_hangs_does_not_hang_the_answer(whole: Services, dispatcher: FakeDispatcher) -> None:
    dispatcher.ping_seconds = PATIENCE_SECONDS + 3
    client = TestClient(create_app(whole))

    with client:
        began = time.monotonic()
        answer = client.get("/health")
        took = time.monotonic() - began

    assert answer.json()["parts"]["dispatch"]["status"] == "down"
    assert took < PATIENCE_SECONDS + 2.8


def test_this_process_lives_whatever_its_parts_do(services: Services, dispatcher: FakeDispatcher) -> None:
    dispatcher.away = True

    assert TestClient(create_app(services)).get("/health/live").json() == {"status": "ok"}


# -- the demo department's page ----------------------------------------------------------------------------------


def test_the_demo_departments_page_shows_through_our_port(services: Services, department: Department) -> None:
    port = int(department.url.rpartition(":")[2])
    services.settings = services.settings.model_copy(update={"department_port": port})

    answer = TestClient(create_app(services)).get("/department/")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_a_clerks_picture_goes_through_our_port_and_nothing_else_is_so_large(
    services: Services, department: Department
) -> None:
    port = int(department.url.rpartition(":")[2])
    services.settings = services.settings.model_copy(update={"department_port": port})
    client = TestClient(create_app(services))
    large = {"photos": ("large.jpg", b"\0" * 1_000_000, "image/jpeg")}

    assert client.post("/department/requests/DC-1", files=large).status_code == 404
    assert client.post("/departments", files=large).status_code == 413
    assert client.post("/api/chat/messages", files=large).status_code == 413


def test_our_sessions_are_no_business_of_the_department(services: Services) -> None:
    """The department is another program; whoever holds the cookie speaks for the citizen."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Cookie", ""))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    services.settings = services.settings.model_copy(update={"department_port": server.server_port})
    try:
        client = TestClient(create_app(services))
        client.get("/department/", headers={"cookie": "jiesu_session=citizen.signature; clerk=1"})
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert seen
    assert "jiesu_session" not in seen[0]


def test_a_department_that_is_not_there_is_said_so(services: Services) -> None:
    assert TestClient(create_app(services)).get("/department/").status_code == 503


def test_with_a_real_backend_there_is_no_demo_page(services: Services) -> None:
    services.settings = services.settings.model_copy(update={"dispatch_url": "http://backend/v2"})

    assert TestClient(create_app(services)).get("/department/").status_code == 404
