"""HEAD, as load balancers and previews of links ask: the head that GET has, no body, no conversation begun."""

from __future__ import annotations

import socket

import httpx
import pytest

from integrations.bootstrap import Services
from integrations.web.page_files import PageFiles
from tests.web.conftest import Gateway

FILE = f"{PageFiles().base}/chat.js"
PATHS = ("/", "/?lang=en", "/plain", FILE, "/page/chat.css", "/page-words/en/help", "/page/no.js")
SAME = ("content-type", "cache-control", "etag", "content-language", "vary", "content-encoding", "content-length")


@pytest.mark.parametrize("path", PATHS)
def test_the_head_alone_is_as_with_the_body(gateway: Gateway, path: str) -> None:
    url = f"http://127.0.0.1:{gateway.port}{path}"
    whole, head = httpx.get(url, trust_env=False), httpx.head(url, trust_env=False)
    assert head.status_code == whole.status_code
    names = [name for name in SAME if not (path == "/plain" and name == "content-length")]
    assert {name: head.headers.get(name) for name in names} == {name: whole.headers.get(name) for name in names}


@pytest.mark.parametrize("path", PATHS)
def test_no_body_follows(gateway: Gateway, path: str) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as line:
        line.sendall(f"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := line.recv(65536):
            answer += chunk
    assert answer.partition(b"\r\n\r\n")[2] == b""


def test_what_a_browser_has_is_not_named_again(gateway: Gateway) -> None:
    url = f"http://127.0.0.1:{gateway.port}/"
    tag = httpx.head(url, trust_env=False).headers["etag"]
    assert httpx.head(url, headers={"if-none-match": tag}, trust_env=False).status_code == 304


def test_the_plain_page_begins_no_conversation(gateway: Gateway, services: Services) -> None:
    begun: list[object] = []
    opening = services.conversing.open
    object.__setattr__(services.conversing, "open", lambda *how: begun.append(how) or opening(*how))
    head = httpx.head(f"http://127.0.0.1:{gateway.port}/plain", trust_env=False)
    assert head.status_code == 200 and "set-cookie" not in head.headers and begun == []
    httpx.get(f"http://127.0.0.1:{gateway.port}/plain", trust_env=False)
    assert len(begun) == 1
