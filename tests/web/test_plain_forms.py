"""The forms without scripts: pictures, sent twice, too large; each answered with a page that keeps what was written."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from integrations.bootstrap import Services
from integrations.services.media import LARGEST
from integrations.web import plain_forms
from integrations.web.plain_forms import DOUBLED, PASSED_OVER, PATH, WORDS
from tests.fakes import FakeClock, FakeListener
from tests.media_files import photo
from tests.web.conftest import Browser, Gateway

NOT_CHOSEN = ("photo", ("", b"", "application/octet-stream"))


@pytest.fixture
def plain(new_browser: Callable[[], Browser]) -> Browser:
    made = new_browser()
    made.client.get("/plain")
    return made


def said(browser: Browser) -> list[dict[str, object]]:
    return [line for line in browser.messages() if line["from"] == "citizen"]


def send(browser: Browser, *photos: bytes, text: str = "路灯不亮", form: str = "form-of-0001") -> httpx.Response:
    parts = [("photo", ("../../a.svg", one, "image/svg+xml")) for one in photos] or [NOT_CHOSEN]
    data = {"id": form, "text": text}
    return browser.client.post(PATH, data=data, files=parts, follow_redirects=False)


def form_id(page: str) -> str:
    found = re.search(r'name="id" value="([^"]+)"', page)
    assert found
    return found.group(1)


# -- pictures ----------------------------------------------------------------------------------------------------


def test_pictures_are_one_message_with_the_words_beside_them(plain: Browser) -> None:
    answer = send(plain, photo(), photo("blue"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/plain#last")
    (mine,) = said(plain)
    assert mine["text"] == "路灯不亮"
    pictures = [medium["url"] for medium in mine["media"]]  # type: ignore[attr-defined]
    page = plain.client.get("/plain").text
    assert len(pictures) == 2 and all(f'<img src="{url}"' in page for url in pictures)
    assert plain.client.get(pictures[0]).headers["content-type"] == "image/jpeg", "written anew"


def test_words_alone_and_pictures_alone_are_enough(plain: Browser) -> None:
    send(plain)
    send(plain, photo(), text="", form="form-of-0002")
    assert [(line["stand_in"], len(line["media"])) for line in said(plain)] == [(False, 0), (True, 1)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("files", "status", "told"),
    [
        ([b"<svg onload=alert(1)>"], 422, "打不开"),
        ([b"\xff\xd8\xff half a picture"], 422, "打不开"),
        ([b""], 422, "没有收到"),
        ([photo()] * 10, 422, "最多发9张"),
        ([photo() + bytes(LARGEST)], 422, "太大"),
    ],
    ids=["no picture", "half a picture", "an empty file", "ten", "one that is too large"],
)
def test_what_is_refused_is_a_page_with_the_words_and_says_that_photos_are_chosen_anew(
    plain: Browser, files: Sequence[bytes], status: int, told: str
) -> None:
    answer = send(plain, *files, text="三号楼 <b>下面</b>")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert told in answer.text and "重新选一次" in answer.text
    assert "三号楼 &lt;b&gt;下面&lt;/b&gt;</textarea>" in answer.text
    assert said(plain) == []


def test_too_many_pictures_in_a_minute_wait(plain: Browser) -> None:
    for number in range(2):
        assert send(plain, *[photo()] * 9, form=f"form-of-100{number}").status_code == 303
    answer = send(plain, *[photo()] * 9, form="form-of-1009")
    assert answer.status_code == 429 and "过一会儿" in answer.text


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=b", b"nothing of the kind"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b",
         b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\nx\r\n' * 99 + b"--b--\r\n"),
        ("multipart/form-data; boundary=b",
         b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"x" * (WORDS + 1) + b"\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b",
         b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 99 + b"--b--\r\n"),
        ("application/json", b'{"text": "x"}'),
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused_with_a_page(plain: Browser, kind: str, body: bytes) -> None:
    answer = plain.client.post(PATH, content=body, headers={"content-type": kind})
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert said(plain) == []


def test_half_a_character_in_a_charset_of_somebodys_own_is_no_fault_of_ours(plain: Browser) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n\\ud800 lamp\r\n--b--\r\n'
    kind = "multipart/form-data; charset=raw_unicode_escape; boundary=b"
    answer = plain.client.post(PATH, content=part, headers={"content-type": kind}, follow_redirects=False)
    assert answer.status_code == 303
    assert [line["text"] for line in said(plain)] == ["? lamp"]


# -- twice -------------------------------------------------------------------------------------------------------


def test_the_same_form_sent_twice_is_taken_once(plain: Browser, listener: FakeListener) -> None:
    for _ in range(2):
        assert send(plain, photo()).status_code == 303
    assert len(said(plain)) == len(listener.said) == 1


def test_a_form_that_was_gone_back_to_and_changed_is_another_message(plain: Browser) -> None:
    send(plain, text="路灯不亮")
    send(plain, text="路灯不亮，三天了")
    send(plain, photo(), text="路灯不亮")
    assert len(said(plain)) == 3


def test_a_button_that_is_tapped_twice_is_one_answer(plain: Browser, listener: FakeListener) -> None:
    page = plain.client.get("/plain").text
    greeting = plain.messages()[0]
    tap = {"id": form_id(page), "seq": str(greeting["seq"]), "option": "1"}
    with ThreadPoolExecutor(2) as hands:
        taps = [hands.submit(plain.client.post, PATH, data=tap, follow_redirects=False) for _ in range(2)]
    assert [one.result().status_code for one in taps] == [303, 303]
    assert len(said(plain)) == len(listener.said) == 1


def test_every_form_that_is_shown_has_an_id_of_its_own(plain: Browser) -> None:
    assert form_id(plain.client.get("/plain").text) != form_id(plain.client.get("/plain").text)


def test_the_pages_own_form_has_no_id_and_is_taken_once_all_the_same(
    plain: Browser, listener: FakeListener, clock: FakeClock
) -> None:
    doubled = {"text": "路灯不亮，电话13812345678", "from": "page"}
    for _ in range(3):
        answer = plain.client.post(PATH, data=doubled, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert len(said(plain)) == len(listener.said) == 1
    plain.client.post(PATH, data={"text": "还有井盖", "from": "page"})
    plain.client.post(PATH, data={"text": "还有井盖", "from": "page"})
    assert len(said(plain)) == len(listener.said) == 2
    clock.move(seconds=DOUBLED.total_seconds() + 1)
    plain.client.post(PATH, data=doubled)
    assert len(said(plain)) == 3, "the same words later are said anew"


# -- too large ---------------------------------------------------------------------------------------------------


def test_pictures_that_are_too_large_together_are_answered_with_a_page_that_keeps_the_words(plain: Browser) -> None:
    plain.client.get("/plain?lang=en")
    answer = send(plain, *[b"\xff\xd8\xff" + bytes(LARGEST - 3)] * 4, text="三号楼下面")
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<p>The photos are too large" in answer.text and "三号楼下面</textarea>" in answer.text
    assert said(plain) == []


def test_words_without_end_are_answered_with_a_page(plain: Browser) -> None:
    answer = plain.client.post(PATH, data={"text": "字" * WORDS})
    assert answer.status_code == 413 and "字</textarea>" in answer.text
    assert len(answer.text) < 2 * WORDS


def test_what_is_hopelessly_large_is_not_waited_for(gateway: Gateway) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as line:
        line.sendall(f"{head}Content-Length: {PASSED_OVER + 1}\r\n\r\n--b".encode())
        answer = b""
        while chunk := line.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 413") and b"text/html" in answer and "照片太大了".encode() in answer


@pytest.mark.parametrize(("kind", "status"), [("; boundary=b", b"413"), ("", b"422")], ids=["too large", "no form"])
def test_an_old_browser_that_sends_all_before_it_listens_sees_the_page(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, kind: str, status: bytes
) -> None:
    monkeypatch.setattr(plain_forms, "WITH_PICTURES", (1 if kind else 9) * 1024 * 1024)
    words = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nlamp\r\n'
    body = words + b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n' + bytes(8 * 1024 * 1024)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data{kind}\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as line:
        line.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = b""
        while chunk := line.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 " + status) and b'role="alert"' in answer
    assert (b"lamp</textarea>" in answer) is bool(kind)


def test_a_line_that_breaks_while_a_form_is_sent_stores_nothing(gateway: Gateway, services: Services) -> None:
    client, conversation = gateway.citizen()
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    part = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nlamp'
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as line:
        line.sendall(f"{head}Content-Length: 1000\r\n\r\n".encode() + part)
    assert client.get("/plain").status_code == 200
    assert [line.seq for line in services.conversing.history(conversation)] == [1], "only the greeting"
