"""The page before any script has run."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_the_page_speaks_the_language_asked_for_and_remembers_it(client: TestClient, language: str) -> None:
    answer = client.get(f"/?lang={language}")
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["content-language"] == language
    assert f'<html lang="{language}">' in client.get("/", headers={"accept-language": "fr"}).text


def test_a_language_that_there_is_not_is_not_taken(client: TestClient) -> None:
    answer = client.get("/?lang=xx", headers={"accept-language": "en"})
    assert '<html lang="en">' in answer.text and "set-cookie" not in answer.headers


def test_it_can_be_used_before_the_scripts_have_come(client: TestClient) -> None:
    page = client.get("/").text
    assert '<form class="composer" id="composer" method="post" action="/plain/say"' in page
    assert '<textarea id="words" name="text"' in page and '<button type="submit" class="round send"' in page
    assert '<noscript><meta http-equiv="refresh" content="0;url=/plain"></noscript>' in page
    assert 'id="broken" role="alert" hidden' in page


def test_the_page_is_not_sent_again_to_who_has_it(client: TestClient) -> None:
    tag = client.get("/").headers["etag"]
    assert client.get("/", headers={"if-none-match": tag}).status_code == 304
    assert client.get("/?lang=en", headers={"if-none-match": tag}).status_code == 200


def test_words_of_an_unknown_topic_are_not_there(client: TestClient) -> None:
    assert client.get("/page-words/en/help").json()["words"]["help.title"]
    assert client.get("/page-words/en/nothing").status_code == 404
