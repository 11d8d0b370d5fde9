"""The page without scripts: the same conversation, with forms only."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.stage import bubble
from tests.browser.states import CARDS
from tests.fakes import FakeListener
from tests.web.conftest import Browser

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def plain(new_browser: Callable[[], Browser]) -> Browser:
    return new_browser()


def test_a_first_visit_is_greeted_and_gets_a_session(plain: Browser) -> None:
    answer = plain.client.get("/plain")
    assert answer.status_code == 200
    assert "jiesu_session" in answer.headers["set-cookie"] and "HttpOnly" in answer.headers["set-cookie"]
    assert answer.headers["cache-control"] == "no-store"
    assert plain.messages()[0]["text"].split("\n")[0] in answer.text
    assert "<script" not in answer.text and "style=" not in answer.text


@pytest.mark.parametrize(("sent_from", "back"), [("page", "/"), ("", "/plain#last")])
def test_words_are_taken_and_answered(plain: Browser, sent_from: str, back: str) -> None:
    data = {"text": "路灯 <b>不亮</b>", "from": sent_from}
    answer = plain.client.post("/plain/say", data=data, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, back)
    said = [line["text"] for line in plain.messages() if line["from"] == "citizen"]
    assert said == ["路灯 <b>不亮</b>"]
    page = plain.client.get("/plain").text
    assert "路灯 &lt;b&gt;不亮&lt;/b&gt;" in page and "<b>不亮" not in page


def test_a_button_is_a_button(plain: Browser) -> None:
    plain.client.get("/plain")
    greeting = plain.messages()[0]
    plain.client.post("/plain/say", data={"seq": str(greeting["seq"]), "option": "1"}, follow_redirects=False)
    assert plain.messages(greeting["seq"])[0]["text"] == greeting["options"][0]["title"]


@pytest.mark.parametrize(
    "data", [{"text": ""}, {"text": "字" * 2001}, {"seq": "x", "option": "1"}, {"text": "a", "id": "?"}]
)
def test_what_is_refused_is_said_and_kept(plain: Browser, data: dict[str, str]) -> None:
    answer = plain.client.post("/plain/say", data=data, follow_redirects=False)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text and f">{data.get('text', '')}</textarea>" in answer.text
    assert [line for line in plain.messages() if line["from"] == "citizen"] == []


@pytest.mark.parametrize("headers", [{"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}])
def test_another_site_sends_nothing(plain: Browser, headers: dict[str, str]) -> None:
    answer = plain.client.post("/plain/say", data={"text": "路灯不亮"}, headers=headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html") and 'role="alert"' in answer.text
    assert "set-cookie" not in answer.headers, "and no session is begun"


def test_what_was_refused_on_a_first_visit_begins_one_conversation(plain: Browser) -> None:
    refused = plain.client.post("/plain/say", data={"text": ""}, follow_redirects=False)
    assert refused.headers["set-cookie"].count("jiesu_session=") == 1
    plain.client.post("/plain/say", data={"text": "路灯不亮"}, follow_redirects=False)
    assert [line["text"] for line in plain.messages()][1] == "路灯不亮"


def test_a_body_that_is_no_form_is_refused(plain: Browser) -> None:
    body = "&".join(f"a{n}=1" for n in range(50))
    assert plain.client.post("/plain/say", content=body, headers=FORM).status_code == 422


def test_the_assistants_chinese_is_marked_in_another_language(plain: Browser) -> None:
    page = plain.client.get("/plain?lang=en").text
    assert '<html lang="en">' in page and 'class="said" lang="zh-Hans"' in page
    assert '<p class="said">I understand Chinese best' in page, "the notice is in the frame's own language"


def test_the_language_that_was_asked_for_stays_after_sending(plain: Browser) -> None:
    plain.client.get("/plain?lang=en")
    answer = plain.client.post("/plain/say", data={"text": "路灯不亮"})
    assert answer.url.path == "/plain" and '<html lang="en">' in answer.text
    assert '<a href="/plain?lang=zh-Hant" lang="zh-Hant" hreflang="zh-Hant">' in answer.text


@pytest.mark.parametrize("name", CARDS)
def test_every_card_is_told_in_rows(plain: Browser, listener: FakeListener, name: str) -> None:
    listener.answers = lambda said: CARDS[name]
    plain.client.post("/plain/say", data={"text": "路灯不亮"})
    page = plain.client.get("/plain")
    assert page.status_code == 200
    card = CARDS[name][0].card or {}
    told = [*card.get("rows", ()), *(row for item in card.get("items", ()) for row in item["rows"])]
    told += [{"label": entry["at"], "value": entry["text"]} for entry in card.get("timeline", ())]
    assert all(f">{row['label']}</dt><dd>{row['value']}</dd>" in page.text for row in told)


def test_a_notice_after_the_question_leaves_its_buttons(plain: Browser) -> None:
    plain.client.get("/plain")
    page = plain.client.get("/plain?lang=en").text
    assert page.index("I understand Chinese best") > page.index('name="option" value="1"')


def test_what_the_assistant_says_in_fixed_words_stands_in_english_beside_it(
    plain: Browser, listener: FakeListener
) -> None:
    card = {"kind": "confirm", "rows": [{"label": "地点", "value": "<b>没说"}]}
    listener.answers = lambda said: [bubble("那这事在哪儿呢？", "说不清在哪儿", "翠湖小区", card=card)]
    plain.client.post("/plain/say", data={"text": "没说"})
    english, chinese = plain.client.get("/plain?lang=en").text, plain.client.get("/plain?lang=zh-Hant").text
    for words in ("So where is it?</span></p>", "Place</span></dt>", "I can&#39;t say where</span></button>"):
        assert f' <span class="gloss" lang="en">{words}' in english
    assert english.count('class="gloss"') == 3, "what the citizen said stays alone"
    assert "&lt;b&gt;没说</dd>" in english
    assert 'class="gloss"' not in chinese
