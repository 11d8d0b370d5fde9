"""Pictures and recordings at the front door: who may send, what is taken, who sees it, and how it is shown."""

from __future__ import annotations

import io
from collections.abc import Callable

import httpx
import pytest
from PIL import Image

from integrations.bootstrap import Services
from integrations.services.media import LARGEST
from integrations.web.media import BODY_LIMIT, PATH
from tests.fakes import FakeListener
from tests.media_files import VOICE, FakeTranscriber, photo
from tests.web.conftest import OURS, Browser, is_chinese, problem


def send(browser: Browser, *files: bytes, key: str = "picture-1", text: str = "", name: str = "a.exe",
         headers: dict[str, str] = OURS) -> httpx.Response:  # fmt: skip
    parts = [("file", (name, content, "text/html")) for content in files]
    return browser.client.post(PATH, data={"id": key, "text": text}, files=parts, headers=headers)


def test_a_picture_is_answered_like_a_message_and_shown_to_its_owner(browser: Browser, listener: FakeListener) -> None:
    answer = send(browser, photo(), text="路灯不亮")
    assert answer.status_code == 200, answer.text
    mine, reply = answer.json()["messages"]
    assert (mine["from"], mine["text"], mine["client_id"]) == ("citizen", "路灯不亮", "picture-1")
    assert reply["text"] == "听到了：路灯不亮"
    ((kind, url),) = [one.values() for one in mine["media"]]
    shown = browser.client.get(url)
    assert (kind, shown.status_code, shown.headers["content-type"]) == ("photo", 200, "image/jpeg")
    assert Image.open(io.BytesIO(shown.content)).size == (64, 48)
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"] == "private, no-store"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert browser.messages()[1] == mine


def test_without_words_the_line_says_what_it_is(browser: Browser) -> None:
    (mine, *_) = send(browser, photo()).json()["messages"]
    assert mine["text"] == "（照片）"
    (mine, *_) = send(browser, VOICE, key="voice-001").json()["messages"]
    assert (mine["text"], mine["media"][0]["kind"]) == ("（语音）", "voice")


def test_a_recording_becomes_the_words_of_its_line(services: Services, browser: Browser) -> None:
    object.__setattr__(services.listening, "transcriber", FakeTranscriber("路灯不亮"))
    mine, shown, reply = send(browser, VOICE).json()["messages"]
    assert mine["text"] == "路灯不亮"
    assert "路灯不亮" in shown["text"] and shown["from"] == "assistant"
    assert reply["text"] == "听到了：路灯不亮"
    assert browser.client.get(mine["media"][0]["url"]).headers["content-type"] == "audio/webm"


def test_the_same_message_twice_is_one(browser: Browser, listener: FakeListener) -> None:
    first, second = send(browser, photo()).json(), send(browser, photo("blue")).json()
    assert first["messages"] == second["messages"]
    assert len(listener.said) == 1


def test_nobody_else_sees_it(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    url = send(browser, photo()).json()["messages"][0]["media"][0]["url"]
    other = new_browser()
    assert problem(other.client.get(url), 401)["code"] == "no_session"
    other.begin()
    theirs, nothing = problem(other.client.get(url), 404), problem(other.client.get(f"{PATH}/{'0' * 32}"), 404)
    assert theirs == nothing, "whether there is one is nobody's business"
    assert is_chinese(theirs["message"])


def test_a_session_and_the_header_are_needed(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    assert send(browser, photo(), headers={}).status_code == 403
    assert send(new_browser(), photo()).status_code == 401


@pytest.mark.parametrize(
    ("files", "key"),
    [((b"<svg onload=1>",), "picture-1"), ((b"",), "picture-1"), ((), "picture-1"), ((photo(),), "short"),
     ((photo(),), "wait:12345"), ((photo(), VOICE), "picture-1"), ((b"\x89PNG\r\n\x1a\n1234",), "picture-1")],
)  # fmt: skip
def test_what_cannot_be_used_is_told_in_chinese(browser: Browser, files: tuple[bytes, ...], key: str) -> None:
    assert is_chinese(problem(send(browser, *files, key=key), 422)["message"])
    assert len(browser.messages()) == 1


def test_too_large_is_refused_by_file_and_as_a_whole(browser: Browser) -> None:
    assert problem(send(browser, photo() + b"\0" * LARGEST), 422)["code"] == "not_accepted"
    assert problem(send(browser, b"\xff\xd8\xff" + b"\0" * BODY_LIMIT), 413)["code"] == "too_large"
    assert browser.client.post("/api/chat/messages", content=b"x" * 70_000, headers=OURS).status_code == 413


def test_too_many_at_once_is_told_when_to_come_again(browser: Browser) -> None:
    for number in range(2):
        assert send(browser, *[photo()] * 9, key=f"picture-{number}").status_code == 200
    refused = send(browser, *[photo()] * 9, key="picture-9")
    assert is_chinese(problem(refused, 429)["message"])
    assert refused.headers["retry-after"]


def test_a_signed_link_needs_no_session_and_a_forged_one_opens_nothing(
    services: Services, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    url = send(browser, photo()).json()["messages"][0]["media"][0]["url"]
    object.__setattr__(services.media_links, "base", "http://testserver")
    link = services.media_links.url(url.rpartition("/")[2])
    assert link
    client = new_browser().client
    shown = client.get(link)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert client.get(link[:-1] + ("0" if link[-1] != "0" else "1")).status_code == 403
    erased = services.media_links.url("0" * 32)
    assert client.get(str(erased)).status_code == 404


def test_the_api_describes_it(browser: Browser) -> None:
    described = browser.client.get("/api/openapi.json").json()["paths"]
    assert set(described[PATH]["post"]["responses"]) == {"200", "401", "403", "409", "410", "413", "422", "429", "503"}
    assert described[PATH]["post"]["summary"]
