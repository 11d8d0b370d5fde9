"""What somebody with bad intentions sends as a picture: refused in words, in little time, in little memory.

The memory is that of this process, the decoders' own too: how far its highest mark rises while a file is worked on.
"""

from __future__ import annotations

import io
import resource
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from PIL import Image

from integrations.bootstrap import Services
from integrations.services.media import LARGEST
from integrations.services.uploading import PIECE
from integrations.web.media import BODY_LIMIT, PATH
from integrations.web.uploads import PATH as UPLOADS
from integrations.web.uploads import PIECE_TYPE
from tests.media_files import photo
from tests.web.conftest import OURS, Browser, is_chinese, problem
from tests.web.test_uploads import add, begin, send, whole

SCRIPT = b"<html><script>alert(document.cookie)</script><?php system('id'); __HALT_COMPILER(); ?>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
# Megabytes by which one picture may raise the highest mark, and seconds that it may take on a busy machine.
MEGABYTES, SECONDS = 250, 15.0


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, body: bytes | None = None) -> bytes:
    """A PNG that says how large it is, with so little in it as there is: black packs a thousandfold."""
    if body is None:
        packer = zlib.compressobj(9)
        row = bytes(1 + (width + 7) // 8)
        body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.jpg", bytes(50_000_000))
    return target.getvalue()


def text_bomb() -> bytes:
    """A PNG whose note unpacks to 200 MB."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1_000_000)) for _ in range(200)) + packer.flush()
    whole_one = png(8, 8)
    return whole_one[:33] + _chunk(b"zTXt", b"Comment\0\0" + packed) + whole_one[33:]


def gif() -> bytes:
    target = io.BytesIO()
    Image.new("P", (8, 8)).save(target, "GIF")
    return target.getvalue()


def with_notes(notes: bytes) -> bytes:
    jpeg = photo()
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(notes) + 2) + notes + jpeg[2:]


@contextmanager
def bounded() -> Iterator[None]:
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert megabytes < MEGABYTES, f"{megabytes:.0f} MB"
    assert seconds < SECONDS, f"{seconds:.1f} s"


def post(browser: Browser, *parts: tuple[str, bytes, str], key: str = "picture-1") -> httpx.Response:
    return browser.client.post(PATH, data={"id": key}, files=[("file", one) for one in parts], headers=OURS)


REFUSED: dict[str, Callable[[], bytes]] = {
    "a pixel bomb": lambda: png(30_000, 30_000),
    "a pixel bomb that is only announced": lambda: png(2**31 - 1, 2**31 - 1, b""),
    "a row of pixels without end": lambda: png(2**31 - 1, 1, b""),
    "a zip bomb": zipped,
    "SVG": lambda: SVG,
    "SVG behind a sign of order": lambda: b"\xef\xbb\xbf" + SVG,
    "GIF": gif,
    "HTML": lambda: SCRIPT,
    "half a PNG": lambda: png(64, 64)[:40],
    "a JPEG of three bytes": lambda: b"\xff\xd8\xff",
    "nothing": lambda: b"",
    "MPO": lambda: b"\xff\xd8\xff\xe2\x00\x10MPF\0" + bytes(64),
    "EPS behind a JPEG's sign": lambda: b"\xff\xd8\xff%!PS-Adobe-3.0 EPSF-3.0\n" + bytes(64),
}


@pytest.mark.parametrize("pieces", [False, True], ids=["at once", "in pieces"])
@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_no_picture_is_refused_in_little_time_and_memory(browser: Browser, name: str, pieces: bool) -> None:
    content = REFUSED[name]()
    with bounded():
        if not pieces:
            answer = post(browser, ("a.jpg", content, "image/jpeg"))
        elif content:
            answer = send(browser, whole(browser, content))
        else:
            answer = begin(browser, 0)
    assert is_chinese(problem(answer, 422)["message"])
    assert len(browser.messages()) == 1, "only the greeting"


POLYGLOTS: dict[str, Callable[[], bytes]] = {
    "behind the picture": lambda: photo() + SCRIPT,
    "in a comment": lambda: photo()[:2] + b"\xff\xfe" + struct.pack(">H", len(SCRIPT) + 2) + SCRIPT + photo()[2:],
    "in the notes": lambda: with_notes(b"Exif\0\0" + SCRIPT),
    "a whole archive behind it": lambda: photo() + zipped()[:40_000],
    "in a PNG's text": lambda: png(8, 8)[:33] + _chunk(b"tEXt", b"Comment\0" + SCRIPT) + png(8, 8)[33:],
}


@pytest.mark.parametrize("name", sorted(POLYGLOTS))
def test_of_what_is_a_picture_and_more_only_the_picture_stays(browser: Browser, name: str) -> None:
    mine = send(browser, whole(browser, POLYGLOTS[name]())).json()["messages"][0]
    shown = browser.client.get(mine["media"][0]["url"])
    assert shown.status_code == 200
    for trace in (b"<script", b"<?php", b"__HALT_COMPILER", b"PK\x03\x04", b"Exif"):
        assert trace not in shown.content
    with Image.open(io.BytesIO(shown.content)) as picture:
        assert picture.format == "JPEG"


@pytest.mark.parametrize(
    "content",
    [with_notes(b"Exif\0\0MM\0*" + b"\xff" * 65_000), with_notes(b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x01" * 60_000),
     with_notes(b"Exif\0\0" + bytes(65_000)), text_bomb(), photo()[:-20], photo() + bytes(LARGEST - 5_000)],
    ids=["notes of nothing", "65535 notes", "empty notes", "a note of 200 MB", "the end is missing", "long"],
)  # fmt: skip
def test_strange_pictures_are_taken_or_refused_but_never_felt(browser: Browser, content: bytes) -> None:
    with bounded():
        answer = post(browser, ("a.jpg", content, "image/jpeg"))
    assert answer.status_code in (200, 422), answer.text


def test_the_largest_picture_that_is_taken_stays_within_bounds(browser: Browser) -> None:
    content = png(7_000, 7_000)
    with bounded():
        answer = post(browser, ("a.png", content, "image/png"))
    assert answer.status_code == 200


def test_neither_name_nor_type_is_believed_or_given_back(browser: Browser) -> None:
    names = ['a".jpg\r\nSet-Cookie: x=1', "../../etc/passwd", "a" * 3_000, "照片\x00.svg", ""]
    for number, name in enumerate(names):
        body = (
            b"--b\r\nContent-Disposition: form-data; name=id\r\n\r\n" + f"picture-{number}".encode() + b"\r\n--b\r\n"
            b'Content-Disposition: form-data; name=file; filename="' + name.encode() + b'"\r\n'
            b"Content-Type: text/html\r\n\r\n" + photo() + b"\r\n--b--\r\n"
        )  # fmt: skip
        headers = {**OURS, "Content-Type": "multipart/form-data; boundary=b"}
        answer = browser.client.post(PATH, content=body, headers=headers)
        assert answer.status_code in (200, 400, 422), name
        assert "x=1" not in str(answer.headers) and "passwd" not in answer.text
        for line in answer.json().get("messages", [])[:1]:
            shown = browser.client.get(line["media"][0]["url"])
            assert shown.headers["content-type"] == "image/jpeg"
            assert shown.headers["content-disposition"] == "inline"


def test_a_picture_is_shown_as_nothing_else_and_runs_nothing(browser: Browser) -> None:
    mine = post(browser, ("a.html", photo() + SCRIPT, "text/html")).json()["messages"][0]
    headers = browser.client.get(mine["media"][0]["url"]).headers
    assert headers["content-type"] == "image/jpeg"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "private, no-store"


def test_many_parts_are_refused(browser: Browser) -> None:
    refused = post(browser, *[("a.jpg", photo(), "image/jpeg")] * 10)
    assert is_chinese(problem(refused, 422)["message"])
    many = [("x", ("a", b"1", "text/plain"))] * 1_500
    with bounded():
        answer = browser.client.post(PATH, data={"id": "picture-1"}, files=many, headers=OURS)
    assert answer.status_code in (400, 422)
    assert send(browser, *["0" * 32] * 500).status_code == 422


def test_a_length_that_lies_and_a_body_without_end_are_cut_off(browser: Browser) -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        yield b'--b\r\nContent-Disposition: form-data; name=file; filename="a"\r\n\r\n\xff\xd8\xff'
        while read < 10 * BODY_LIMIT:
            read += 65_536
            yield bytes(65_536)

    headers = {**OURS, "Content-Type": "multipart/form-data; boundary=b"}
    assert problem(browser.client.post(PATH, content=endless(), headers=headers), 413)["code"] == "too_large"
    claimed = {**headers, "Content-Length": str(10 * BODY_LIMIT)}
    assert problem(browser.client.post(PATH, content=b"--b--", headers=claimed), 413)["code"] == "too_large"
    short = {**headers, "Content-Length": "5"}
    body = b"--b\r\nContent-Disposition: form-data; name=id\r\n\r\npicture-1\r\n--b--\r\n"
    assert browser.client.post(PATH, content=body, headers=short).status_code in (400, 422)


def test_no_piece_is_longer_than_it_may_be(browser: Browser) -> None:
    url = begin(browser, LARGEST).headers["location"]
    assert add(browser, url, 0, bytes(PIECE + 1)).status_code == 413
    small = begin(browser, 10).headers["location"]
    assert problem(add(browser, small, 0, bytes(11)), 413)["code"] == "too_large"

    def endless() -> Iterator[bytes]:
        for _ in range(1_000):
            yield bytes(65_536)

    headers = {**OURS, "Upload-Offset": "0", "Content-Type": PIECE_TYPE}
    assert browser.client.patch(url, content=endless(), headers=headers).status_code == 413
    assert browser.client.head(url).headers["upload-offset"] == "0"


@pytest.mark.parametrize("value", ["-1", "x", "1e3", str(2**31), str(2**63), "", "５", "0x10"])
def test_numbers_that_are_none_are_refused(browser: Browser, value: str) -> None:
    raw = [(b"x-jiesu", b"page"), (b"upload-length", value.encode())]
    assert browser.client.post(UPLOADS, headers=raw).status_code in (413, 422)
    url = begin(browser, 5).headers["location"]
    raw = [(b"x-jiesu", b"page"), (b"upload-offset", value.encode()), (b"content-type", PIECE_TYPE.encode())]
    assert browser.client.patch(url, headers=raw, content=b"12345").status_code in (409, 422)


@pytest.mark.parametrize("name", ["1", "../session", "%2e%2e", "' OR 1=1 --", "0" * 33, "Z" * 32])
def test_an_id_that_is_none_opens_nothing(services: Services, browser: Browser, name: str) -> None:
    begin(browser, 5)
    assert add(browser, f"{UPLOADS}/{name}", 0, b"12345").status_code in (404, 405, 422)
    assert send(browser, name).status_code in (410, 422)
