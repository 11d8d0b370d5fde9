"""Who is let in, and who only looks as if they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient

from integrations.bootstrap import Services
from integrations.web.app import create_app
from integrations.web.sessions import COOKIE, HOST_COOKIE, Sessions
from tests.web.conftest import OURS, Browser, problem

UNSAFE = ("post", "put", "patch", "delete")


def cookie(services: Services, *, secure: bool = False) -> tuple[str, str]:
    """Name and value of a cookie of ours."""
    response = Response()
    Sessions(services.settings.secrets["session_secret"], secure=secure).start(response)
    name, _, value = response.headers["set-cookie"].split(";")[0].partition("=")
    return name, value


@pytest.fixture
def secure(services: Services) -> TestClient:
    """A gateway behind HTTPS."""
    services.settings = services.settings.model_copy(update={"cookie_secure": True})
    return TestClient(create_app(services), base_url="https://city.example")


def test_the_cookie_is_for_the_server_alone(new_browser: Callable[[], Browser]) -> None:
    set_cookie = new_browser().client.post("/api/chat/session", headers=OURS).headers["set-cookie"].lower()
    assert {"httponly", "samesite=lax", "path=/"} <= set(set_cookie.split("; "))
    assert "domain" not in set_cookie


def test_behind_https_no_other_host_can_plant_a_cookie(secure: TestClient) -> None:
    cookies = secure.post("/api/chat/session", headers=OURS).headers.get_list("set-cookie")
    assert cookies[0].startswith(f"{HOST_COOKIE}=")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(cookies[0].split("; "))


def test_a_cookie_of_the_former_name_is_renewed_and_good_for_nothing_else(
    services: Services, secure: TestClient
) -> None:
    name, value = cookie(services)
    assert name == COOKIE
    mine = services.conversing.open("web", value.partition(".")[0]).id
    old = {"Cookie": f"{name}={value}"}
    assert secure.get("/api/chat/messages", headers=old).status_code == 401
    answer = secure.post("/api/chat/session", headers={**OURS, **old})
    assert answer.json()["conversation"] == mine
    renewed, former = answer.headers.get_list("set-cookie")
    assert renewed.startswith(f"{HOST_COOKIE}={value}")
    assert former.startswith(f'{COOKIE}=""')
    assert "Max-Age=0" in former


def test_a_former_cookie_does_not_push_the_present_one_aside(services: Services, secure: TestClient) -> None:
    (present, mine), (former, planted) = cookie(services, secure=True), cookie(services)
    both = {"Cookie": f"{former}={planted}; {present}={mine}"}
    expected = services.conversing.open("web", mine.partition(".")[0]).id
    assert secure.post("/api/chat/session", headers={**OURS, **both}).json()["conversation"] == expected


@pytest.mark.parametrize(
    "forged",
    [
        lambda value: value.partition(".")[0],
        lambda value: value.partition(".")[0] + ".",
        lambda value: "somebody-else." + value.partition(".")[2],
        lambda value: value[:-1] + ("0" if value[-1] != "0" else "1"),
        lambda value: "." + value.partition(".")[2],
        lambda value: value + ".x",
        lambda _value: "x" * 5000,
    ],
)
def test_a_cookie_that_is_not_ours_is_nobodys(services: Services, app: FastAPI, forged: Callable[[str], str]) -> None:
    name, value = cookie(services)
    client = TestClient(app)
    cookies = {"Cookie": f"{name}={forged(value)}"}
    problem(client.get("/api/chat/messages", headers=cookies), 401)
    fresh = client.post("/api/chat/session", headers={**OURS, **cookies})
    assert fresh.status_code == 200
    assert forged(value) not in fresh.headers["set-cookie"]


def test_a_cookie_signed_with_another_secret_is_nobodys(app: FastAPI) -> None:
    response = Response()
    Sessions("another secret", secure=False).start(response)
    sent = {"Cookie": response.headers["set-cookie"].split(";")[0]}
    problem(TestClient(app).get("/api/chat/messages", headers=sent), 401)


def unsafe_doors(app: FastAPI) -> list[tuple[str, str]]:
    document = app.openapi()["paths"]
    ours = (path for path in document if path.startswith(("/api/chat", "/api/tickets")))
    return [(method, path) for path in ours for method in document[path] if method in UNSAFE]


FROM_ELSEWHERE: list[dict[str, str]] = [
    {},
    {**OURS, "Origin": "https://evil.example"},
    {**OURS, "Origin": "null"},
    {**OURS, "Origin": "http://testserver.evil.example"},
    {**OURS, "Origin": "file://testserver"},
    {**OURS, "Sec-Fetch-Site": "cross-site"},
    {**OURS, "Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_no_page_of_another_site_changes_anything(app: FastAPI, browser: Browser, headers: dict[str, str]) -> None:
    doors = unsafe_doors(app)
    assert len(doors) >= 10
    for method, path in doors:
        answer = browser.client.request(method, path.replace("{", "").replace("}", ""), headers=headers)
        assert answer.status_code == 403, (method, path, answer.text)


def test_a_form_of_another_site_says_nothing(browser: Browser) -> None:
    said = '{"id": "message-001", "text": "x"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        sent = {"Content-Type": kind, "Origin": "https://evil.example"}
        problem(browser.client.post("/api/chat/messages", content=said, headers=sent), 403)
    problem(
        browser.client.post("/api/chat/messages", content=said, headers={**OURS, "Content-Type": "text/plain"}), 422
    )
    assert [one["from"] for one in browser.messages()] == ["assistant"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://city.example"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_our_own_page_is_let_in(services: Services, headers: dict[str, str]) -> None:
    services.settings = services.settings.model_copy(update={"public_url": "https://city.example/"})
    answer = TestClient(create_app(services)).post("/api/chat/session", headers={**OURS, **headers})
    assert answer.status_code == 200


def test_numbers_of_others_open_nothing(new_browser: Callable[[], Browser]) -> None:
    one, other = new_browser(), new_browser()
    theirs: dict[str, Any] = other.begin()
    one.begin()
    other.say("我家在合肥路。")
    asked = {"conversation": theirs["conversation"], "after": 0}
    assert "合肥路" not in one.client.get("/api/chat/messages", params=asked).text
