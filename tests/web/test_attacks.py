"""What somebody with bad intentions sends to the front door: on the wire, from another site, in another's name."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from integrations.bootstrap import Services
from integrations.web import chat, my_data, tickets
from integrations.web.guards import HEADERS
from integrations.web.heads import MOST_BYTES
from integrations.web.media import PATH as MEDIA
from integrations.web.sessions import COOKIE
from integrations.web.stream import OPENED_A_MINUTE
from integrations.web.uploads import PATH as UPLOADS
from integrations.web.uploads import PIECE_TYPE
from tests.fakes import MemoryTurns
from tests.media_files import photo
from tests.web.conftest import OURS, PATIENCE, Browser, Gateway, is_chinese, problem
from tests.web.test_stream import add, following
from tests.web.test_tickets import ACTS, any_act, get, mine

SAID = {"id": "message-001", "text": "路灯坏了"}
SCRIPT = "<script>alert(1)</script>"
PLANTED = "%0d%0aSet-Cookie:%20planted=1%0d%0a%0d%0a" + SCRIPT


@pytest.fixture
def turns() -> MemoryTurns:
    """The gateway has a loop of its own."""
    return MemoryTurns()


# -- on the wire -------------------------------------------------------------------------------------------------


@contextmanager
def wire(gateway: Gateway) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as opened:
        yield opened


def raw(gateway: Gateway, request: bytes) -> bytes:
    """All that is answered until the gateway hangs up."""
    with wire(gateway) as line:
        line.sendall(request)
        return rest(line)


def rest(line: socket.socket) -> bytes:
    answer = b""
    try:
        while part := line.recv(65_536):
            answer += part
    except ConnectionError:
        pass
    return answer


def asked(target: str, *headers: bytes, method: str = "GET") -> bytes:
    lines = [f"{method} {target} HTTP/1.1".encode(), b"Host: city.example", b"Connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def head(answer: bytes) -> list[bytes]:
    return answer.partition(b"\r\n\r\n")[0].lower().replace(b"\n", b"\r\n").split(b"\r\n")


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


TARGETS = (
    f"/{PLANTED}",
    f"/?lang=zh-Hant{PLANTED}",
    f"/plain?lang={PLANTED}",
    f"/page/{PLANTED}",
    f"/page/v-000000000000/{PLANTED}",
    f"/page-words/en/{PLANTED}",
    f"/api/chat/messages?after={PLANTED}",
    f"/api/chat/stream?conversation={PLANTED}",
    f"/api/chat/media/{PLANTED}",
    f"/api/tickets/{PLANTED}",
    f"/api/wechat/page?url={PLANTED}",
    f"/media/{PLANTED}",
    f"/wechat/login?to={PLANTED}",
    f"/wechat/back?code=1&state={PLANTED}",
    f"/wechat?echostr={PLANTED}",
    f"/department/{PLANTED}",
)


@pytest.mark.parametrize("target", TARGETS)
def test_line_ends_in_an_address_make_no_header(gateway: Gateway, target: str) -> None:
    for method in ("GET", "POST"):
        answer = raw(gateway, asked(target, b"X-Jiesu: page", b"Content-Length: 0", method=method))
        assert 200 <= status(answer) < 510
        assert not [line for line in head(answer) if line.startswith(b"set-cookie") and b"planted" in line]
        assert SCRIPT.encode() not in answer


@pytest.mark.parametrize(
    "name", [b"Cookie", b"Accept-Language", b"Last-Event-ID", b"Origin", b"X-Jiesu", b"If-None-Match", b"Host", b"X-A"]
)
@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\n "])
def test_line_ends_in_a_header_make_none_of_ours(gateway: Gateway, name: bytes, end: bytes) -> None:
    planted = name + b": jiesu_language=en" + end + b"Set-Cookie: planted=1"
    for target in ("/", "/plain", "/page/chat.js", "/api/chat/stream"):
        answer = raw(gateway, asked(target, planted))
        assert 200 <= status(answer) < 500
        assert not [line for line in head(answer) if b"planted" in line]


def test_a_language_that_is_planted_in_the_cookie_is_not_given_back(gateway: Gateway) -> None:
    answer = raw(gateway, asked("/plain", f'Cookie: jiesu_language="{SCRIPT}"'.encode()))
    assert status(answer) == 200
    assert SCRIPT.encode() not in answer


def test_a_head_without_end_is_cut_off(gateway: Gateway) -> None:
    for endless in (b"X-Long: " + bytes([97]) * 65_536, b"X-A: b\r\n" * 8_192):
        with wire(gateway) as line:
            sent, cut_off = 0, False
            try:
                line.sendall(b"GET / HTTP/1.1\r\nHost: city.example\r\nX-First: 1\r\n")
                while sent < 100 * MOST_BYTES:
                    line.sendall(endless)
                    sent += len(endless)
            except ConnectionError:
                cut_off = True
            assert cut_off or status(rest(line)) == 400
            assert sent < 100 * MOST_BYTES, "it was read to the end"
    assert status(raw(gateway, asked("/health/live"))) == 200


def test_a_long_address_and_a_long_cookie_are_answered_and_forgotten(gateway: Gateway) -> None:
    long = b"a" * (MOST_BYTES // 2)
    assert status(raw(gateway, asked("/" + long.decode()))) == 404
    assert status(raw(gateway, asked("/api/chat/messages", b"Cookie: " + COOKIE.encode() + b"=" + long))) == 401


def test_a_second_request_hidden_in_the_first_is_not_heard(gateway: Gateway, services: Services) -> None:
    client, conversation = gateway.citizen()
    cookie = f"Cookie: {COOKIE}={client.cookies[COOKIE]}".encode()
    body = json.dumps(SAID).encode()
    ours = b"X-Jiesu: page\r\nContent-Type: application/json\r\n" + cookie
    hidden = b"POST /api/chat/messages HTTP/1.1\r\nHost: a\r\n" + ours
    hidden += b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    chunked = [b"Content-Length: 5", b"Transfer-Encoding: chunked"]
    for lengths in (chunked, chunked[::-1], [b"Content-Length: 0", b"Content-Length: 5"], [b"Content-Length: +5"]):
        answer = raw(gateway, asked("/api/chat/typing", *lengths, cookie, method="POST") + b"0\r\n\r\n" + hidden)
        assert answer.count(b"HTTP/1.1 ") <= 1
    assert services.conversing.latest(conversation) == 1


@pytest.mark.parametrize(
    "asks", ["bytes=0-0", "bytes=-1", "bytes=5-1", "bytes=0-,0-,0-", "bytes=99999999999-", "x=1-2"]
)
def test_a_part_of_a_file_is_never_more_than_the_file(gateway: Gateway, asks: str) -> None:
    client, _ = gateway.citizen()
    sent = client.post(MEDIA, data={"id": "picture-1"}, files=[("file", ("a.jpg", photo()))], headers=OURS)
    own = sent.json()["messages"][0]["media"][0]["url"]
    for path in ("/", "/page/chat.js", own):
        whole = client.get(path)
        part = client.get(path, headers={"Range": asks})
        assert part.status_code in (200, 206, 416), path
        assert len(part.content) <= len(whole.content)


def test_a_thousand_ranges_cost_no_more_than_one(gateway: Gateway) -> None:
    client, _ = gateway.citizen()
    many = "bytes=" + ",".join(f"{n}-{n}" for n in range(5_000))
    began = time.monotonic()
    answer = client.get("/page/chat.js", headers={"Range": many})
    assert (answer.status_code, time.monotonic() - began < 2) == (200, True)


# -- from another site -------------------------------------------------------------------------------------------

EVIL = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
FORMS = {
    "text/plain": json.dumps({**SAID, "x": "="}),
    "application/x-www-form-urlencoded": "id=message-001&text=x&code=00000000",
    "multipart/form-data; boundary=b": '--b\r\nContent-Disposition: form-data; name="id"\r\n\r\npicture-1\r\n--b--\r\n',
}


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("who", [{}, EVIL, {"Origin": "null"}], ids=["silent", "evil", "null"])
def test_a_form_on_another_site_changes_nothing(browser: Browser, kind: str, who: dict[str, str]) -> None:
    headers = {"Content-Type": kind, **who}
    for path in ("messages", "typing", "media", "uploads", "devices/code", "devices/join", "my-data/erase"):
        answer = browser.client.post(f"/api/chat/{path}", content=FORMS[kind], headers=headers)
        assert is_chinese(problem(answer, 403)["message"])
    assert len(browser.messages()) == 1


@pytest.mark.parametrize("kind", ["text/plain", "text/plain; application/json", "application/x-www-form-urlencoded"])
def test_words_of_another_type_are_none_even_with_the_header(browser: Browser, kind: str) -> None:
    answer = browser.client.post("/api/chat/messages", content=json.dumps(SAID), headers={**OURS, "Content-Type": kind})
    problem(answer, 422)
    assert len(browser.messages()) == 1


def test_no_other_site_is_allowed_to_ask_first(browser: Browser) -> None:
    asks = {**EVIL, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-jiesu,content-type"}
    for path in ("/api/chat/session", "/api/chat/messages", "/api/chat/stream", "/api/tickets/find"):
        answer = browser.client.options(path, headers=asks)
        assert answer.status_code in (400, 403, 404, 405)
        assert not [name for name in answer.headers if name.startswith("access-control")]
    read = browser.client.get("/api/chat/messages", headers=EVIL)
    assert not [name for name in read.headers if name.startswith("access-control")]


# -- in another's name -------------------------------------------------------------------------------------------


def test_a_session_is_never_taken_from_where_others_could_put_it(app: FastAPI, browser: Browser) -> None:
    theirs = browser.client.cookies[COOKIE]
    known = browser.begin()["conversation"]
    victim = TestClient(app)
    for way in (
        {"params": {COOKIE: theirs, "session": theirs, "conversation": known}},
        {"headers": {"Authorization": f"Bearer {theirs}", "X-Session": theirs}},
        {"headers": {"Cookie": f"session={theirs}; Jiesu_Session={theirs}; {COOKIE.upper()}={theirs}"}},
    ):
        problem(victim.get("/api/chat/messages", **way), 401)
    begun = victim.post("/api/chat/session", params={COOKIE: theirs}, headers=OURS)
    assert begun.json()["conversation"] != known
    assert victim.cookies[COOKIE] != theirs


def test_a_planted_name_is_not_taken_over_and_each_session_is_new(app: FastAPI) -> None:
    given = set()
    for _ in range(3):
        client = TestClient(app)
        answer = client.post("/api/chat/session", headers={**OURS, "Cookie": f"{COOKIE}=attacker-chose-this"})
        given.add(answer.headers["set-cookie"].partition(";")[0])
    assert len(given) == 3
    assert not [one for one in given if "attacker" in one]


def test_what_others_have_cannot_be_told_from_what_is_not_there(
    services: Services, new_browser: Callable[[], Browser]
) -> None:
    one, other = new_browser(), new_browser()
    ticket = mine(services, other).number
    one.begin()
    picture = other.client.post(MEDIA, data={"id": "picture-1"}, files=[("file", ("a", photo()))], headers=OURS)
    medium = picture.json()["messages"][0]["media"][0]["url"]
    upload = other.client.post(UPLOADS, headers={**OURS, "Upload-Length": "3"}).headers["location"]

    assert other.client.get(medium).status_code == 200
    assert answers(one.client.get(medium)) == answers(one.client.get(f"{MEDIA}/{'0' * 32}"))
    piece = {**OURS, "Upload-Offset": "0", "Content-Type": PIECE_TYPE}
    for there, nowhere in ((upload, f"{UPLOADS}/{'0' * 32}"),):
        assert one.client.head(there).status_code == one.client.head(nowhere).status_code == 404
        added = [one.client.patch(url, headers=piece, content=b"abc") for url in (there, nowhere)]
        assert answers(added[0]) == answers(added[1]) == (404, "upload_gone")
    taken = {"id": "picture-2", "upload": [upload.rpartition("/")[2]]}
    problem(one.client.post(MEDIA, data=taken, headers=OURS), 410)
    assert other.client.head(upload).headers["upload-offset"] == "0"
    assert answers(get(one, f"/{ticket}")) == answers(get(one, "/JS-0"))
    for act in ACTS:
        assert any_act(one, ticket, act).status_code == 404
    assert get(one).json()["tickets"] == []
    assert [found["number"] for found in get(other).json()["tickets"]] == [ticket]


def answers(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["error"]["code"])


def test_the_stream_and_the_lines_of_others_are_not_heard_by_their_name(gateway: Gateway, services: Services) -> None:
    one, _ = gateway.citizen()
    other, theirs = gateway.citizen()
    add(services, theirs, "只给他们")
    for number in (0, 1, 2):
        assert "只给他们" not in one.get("/api/chat/messages", params={"after": number, "conversation": theirs}).text
        one.headers["Last-Event-ID"] = str(number)
        with following(one, after=number, conversation=theirs) as events:
            events.until("state")
            add(services, theirs, "只给他们")
            own = events.answer
            assert theirs not in str(own.headers)
    assert "只给他们" in other.get("/api/chat/messages").text


# -- too fast ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "times"),
    [
        ("POST", "/api/chat/messages", chat.MESSAGES_A_MINUTE),
        ("POST", "/api/chat/typing", 2 * chat.MESSAGES_A_MINUTE),
        ("POST", "/api/chat/devices/code", 5),
        ("POST", "/api/chat/devices/join", 5),
        ("GET", "/api/tickets", tickets.LOOKS_A_MINUTE),
        ("GET", "/api/chat/my-data", my_data.LOOKS_A_MINUTE),
    ],
)
def test_who_asks_too_often_is_told_when_to_come_again(browser: Browser, method: str, path: str, times: int) -> None:
    bodies: dict[str, dict[str, str]] = {"messages": SAID, "join": {"code": "12345678"}}
    body = bodies.get(path.rpartition("/")[2], {}) if method == "POST" else None
    answers = [browser.client.request(method, path, json=body, headers=OURS) for _ in range(times + 1)]
    assert 429 not in [one.status_code for one in answers[:5]]
    refused = answers[-1]
    assert is_chinese(problem(refused, 429)["message"])
    assert 0 < int(refused.headers["retry-after"]) <= 3600


def test_one_address_begins_only_so_many_sessions(app: FastAPI) -> None:
    client = TestClient(app)
    for _ in range(chat.SESSIONS_A_MINUTE):
        client.cookies.clear()
        assert client.post("/api/chat/session", headers=OURS).status_code == 200
    client.cookies.clear()
    refused = client.post("/api/chat/session", headers=OURS)
    assert problem(refused, 429)["code"] == "too_fast"
    assert int(refused.headers["retry-after"]) > 0


def test_streams_that_are_opened_too_often_are_refused(gateway: Gateway) -> None:
    client, _ = gateway.citizen()
    for _ in range(OPENED_A_MINUTE):
        with following(client):
            pass
    refused = client.get("/api/chat/stream")
    assert problem(refused, 429)["code"] == "too_fast"
    assert int(refused.headers["retry-after"]) > 0


# -- thrown back -------------------------------------------------------------------------------------------------


def test_what_is_refused_runs_nowhere(browser: Browser) -> None:
    script = {SCRIPT: SCRIPT, "id": SCRIPT, "text": SCRIPT}
    refused = [
        browser.client.get(f"/{SCRIPT}"),
        browser.client.get(f"/api/{SCRIPT}"),
        browser.client.get("/api/chat/messages", params={"after": SCRIPT}),
        browser.client.get(f"/api/chat/media/{SCRIPT}"),
        browser.client.get(f"/api/tickets/{SCRIPT}"),
        browser.client.get("/api/tickets", params={"after": SCRIPT}),
        browser.client.get("/api/wechat/page", params={"url": SCRIPT}),
        browser.client.get(f"/media/{SCRIPT}"),
        browser.client.get(f"/page-words/{SCRIPT}/{SCRIPT}"),
        browser.client.patch(f"{UPLOADS}/{SCRIPT}", headers=OURS),
        browser.client.post("/api/chat/messages", json=script, headers=OURS),
        browser.client.post("/api/chat/session", json={"language": SCRIPT}, headers=OURS),
        browser.client.post("/api/chat/devices/join", json={"code": SCRIPT}, headers=OURS),
        browser.client.post("/api/chat/messages", content=SCRIPT, headers={**OURS, "Content-Type": SCRIPT}),
        browser.client.request(SCRIPT.strip("<>").replace("/", "")[:6].upper(), "/api/chat/messages", headers=OURS),
    ]
    for answer in refused:
        assert 400 <= answer.status_code < 500, answer.request.url
        kind = answer.headers.get("content-type", "")
        assert kind.startswith("application/json") or SCRIPT not in answer.text, answer.request.url
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert SCRIPT not in str(answer.headers)


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_a_page_that_gives_words_back_gives_them_as_words(browser: Browser, language: str) -> None:
    attack = '"></textarea>' + SCRIPT
    shown = [
        browser.client.get(f"/?lang={SCRIPT}&x={SCRIPT}"),
        browser.client.get(f"/plain?lang={language}&x={SCRIPT}", headers={"Accept-Language": SCRIPT}),
        browser.client.post("/plain/say", data={"text": attack, "id": SCRIPT, "from": SCRIPT}),
        browser.client.post("/plain/say", data={"seq": SCRIPT, "option": SCRIPT, "text": attack}),
    ]
    assert [one.status_code for one in shown] == [200, 200, 422, 422]
    for page in shown:
        assert page.headers["content-type"].startswith("text/html")
        assert SCRIPT not in page.text
    assert "&lt;script&gt;" in shown[2].text
