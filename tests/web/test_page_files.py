"""The page's files as browsers and proxies ask for them."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from integrations.web.page_files import ASK, FOREVER, PAGE, PageFiles

FILES = PageFiles()


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


def test_this_version_is_kept_for_ever_and_others_are_asked_for(client: TestClient) -> None:
    kept = {
        path: client.get(path).headers["cache-control"]
        for path in (f"{FILES.base}/chat.js", "/page/chat.js", "/page/v-000000000000/chat.js")
    }
    assert list(kept.values()) == [FOREVER, ASK, ASK]


def test_what_a_browser_has_is_not_sent_again(client: TestClient) -> None:
    tag = client.get("/page/chat.css").headers["etag"]
    for asked in (tag, f"W/{tag}", f'"other", {tag}'):
        answer = client.get("/page/chat.css", headers={"if-none-match": asked})
        assert (answer.status_code, answer.content) == (304, b"")
    assert client.get("/page/chat.css", headers={"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("GZIP", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("x-not-gzip", False),
    ],
)
def test_packed_only_for_who_takes_it(client: TestClient, accepted: str, packed: bool) -> None:
    with client.stream("GET", "/page/chat.css", headers={"accept-encoding": accepted}) as answer:
        body = b"".join(answer.iter_raw())
    assert ("content-encoding" in answer.headers) is packed
    assert (gzip.decompress(body) if packed else body) == FILES.files["chat.css"].body
    assert answer.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize(
    "path",
    [
        "/page/../page_files.py",
        "/page/%2e%2e/page_files.py",
        "/page/..%2fpage_files.py",
        f"{FILES.base}/../../page_files.py",
        "/page/v-123/chat.js",
        "/page//etc/passwd",
        "/page/%00",
        "/page/",
    ],
)
def test_nothing_else_is_given_out(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_every_module_that_one_needs_is_there() -> None:
    assert set(FILES.needed_by("chat.js")) <= set(FILES.files)
    assert "talk.js" in FILES.needed_by("chat.js")


def test_comments_and_blanks_stay_here() -> None:
    for name, file in FILES.files.items():
        source = (PAGE / name).read_bytes()
        if (PAGE / name).parent.joinpath("LICENSE.txt").exists():
            assert file.body == source
        elif name.endswith((".js", ".css")):
            assert not re.search(rb"^\s*(//|/\*)", file.body, re.MULTILINE), name
            assert name == "chat.css" or len(file.body) < len(source), name


def test_the_style_sheet_is_one_with_all_that_it_imports_in_order() -> None:
    one = FILES.files["chat.css"].body
    assert b"@import" not in one
    places = [
        one.index(start)
        for start in (b":root{color-scheme", b".head{", b".log{", b".card{", b".panel{", b"@media (forced-colors")
    ]
    assert places == sorted(places)


def test_an_import_of_what_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "chat.css").write_text('@import "./look/gone.css";\n')
    with pytest.raises(FileNotFoundError, match=r"look/gone\.css"):
        _ = PageFiles(tmp_path).files
