"""Files in pieces at the front door, as the tus protocol has it."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from integrations.services.uploading import BEGUN, PIECE, SMALLEST_PIECE
from integrations.web.media import PATH as MEDIA
from integrations.web.uploads import PATH, PIECE_TYPE
from tests.media_files import photo
from tests.web.conftest import OURS, Browser, is_chinese, problem


def begin(browser: Browser, length: int | str) -> httpx.Response:
    return browser.client.post(PATH, headers={**OURS, "Upload-Length": str(length)})


def add(browser: Browser, url: str, offset: int | str, piece: bytes, kind: str = PIECE_TYPE) -> httpx.Response:
    headers = {**OURS, "Upload-Offset": str(offset), "Content-Type": kind}
    return browser.client.patch(url, headers=headers, content=piece)


def whole(browser: Browser, content: bytes) -> str:
    """The id of an upload with all of its bytes."""
    url = begin(browser, len(content)).headers["location"]
    for at in range(0, len(content), PIECE):
        assert add(browser, url, at, content[at : at + PIECE]).status_code == 204
    return url.rpartition("/")[2]


def send(browser: Browser, *ids: str, key: str = "picture-1", text: str = "") -> httpx.Response:
    return browser.client.post(MEDIA, data={"id": key, "text": text, "upload": list(ids)}, headers=OURS)


def test_announced_added_to_asked_for_and_sent(browser: Browser) -> None:
    content = photo() + bytes(PIECE)
    begun = begin(browser, len(content))
    assert (begun.status_code, begun.headers["upload-offset"], begun.headers["tus-resumable"]) == (201, "0", "1.0.0")
    url = begun.headers["location"]
    added = add(browser, url, 0, content[:PIECE])
    assert (added.status_code, added.headers["upload-offset"]) == (204, str(PIECE))
    asked = browser.client.head(url)
    assert (asked.status_code, asked.headers["upload-offset"]) == (200, str(PIECE))
    assert asked.headers["upload-length"] == str(len(content))
    assert asked.headers["cache-control"] == "no-store"
    assert asked.headers["upload-expires"].endswith("GMT")
    assert add(browser, url, PIECE, content[PIECE:]).headers["upload-offset"] == str(len(content))
    mine, *_ = send(browser, url.rpartition("/")[2], text="路灯不亮").json()["messages"]
    assert (mine["text"], len(mine["media"]), mine["stand_in"]) == ("路灯不亮", 1, False)
    assert browser.client.head(url).status_code == 404
    assert send(browser, url.rpartition("/")[2], text="路灯不亮").json()["messages"][0] == mine, "the same `id` twice"


def test_without_words_the_text_stands_in(browser: Browser) -> None:
    mine, *_ = send(browser, whole(browser, photo()), whole(browser, photo("blue"))).json()["messages"]
    assert (mine["stand_in"], len(mine["media"])) == (True, 2)


def test_a_piece_from_elsewhere_is_told_where_to_go_on(browser: Browser) -> None:
    url = begin(browser, 3 * SMALLEST_PIECE).headers["location"]
    add(browser, url, 0, bytes(SMALLEST_PIECE))
    wrong = add(browser, url, 0, bytes(SMALLEST_PIECE))
    assert problem(wrong, 409)["code"] == "wrong_offset"
    assert wrong.headers["upload-offset"] == str(SMALLEST_PIECE)


def test_what_is_gone_and_what_is_not_whole_are_told_apart(browser: Browser) -> None:
    rest = begin(browser, 5).headers["location"].rpartition("/")[2]
    assert problem(send(browser, rest), 409)["code"] == "upload_unfinished"
    gone = problem(send(browser, "0" * 32), 410)
    assert gone["code"] == "upload_gone" and is_chinese(gone["message"])


def test_another_session_finds_nothing(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    url = begin(browser, 5).headers["location"]
    other = new_browser()
    assert other.client.head(url).status_code == 401
    other.begin()
    nothing = f"{PATH}/{'0' * 32}"
    assert other.client.head(url).status_code == other.client.head(nothing).status_code == 404
    theirs, none = add(other, url, 0, b"12345"), add(other, nothing, 0, b"12345")
    assert problem(theirs, 404) == problem(none, 404)
    assert problem(send(other, url.rpartition("/")[2]), 410) == problem(send(other, "0" * 32), 410)
    assert browser.client.head(url).headers["upload-offset"] == "0"


def test_only_our_page_begins_and_adds(browser: Browser) -> None:
    assert browser.client.post(PATH, headers={"Upload-Length": "5"}).status_code == 403
    url = begin(browser, 5).headers["location"]
    headers = {"Upload-Offset": "0", "Content-Type": PIECE_TYPE}
    assert browser.client.patch(url, headers=headers, content=b"12345").status_code == 403
    assert problem(add(browser, url, 0, b"12345", kind="text/plain"), 415)["code"] == "wrong_type"


def test_so_many_are_begun_in_a_minute(browser: Browser) -> None:
    answers = [begin(browser, 5).status_code for _ in range(BEGUN + 1)]
    assert answers[0] == 201 and answers[-1] == 429
    assert begin(browser, 5).headers["retry-after"]
