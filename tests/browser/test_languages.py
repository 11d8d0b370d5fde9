"""The page's frame in another language: nothing is lost by changing it, and every word says in which one it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from kb import page_words
from tests.browser.conftest import NewPage, picture
from tests.browser.stage import Stage, bubble
from tests.browser.states import STATES, say
from tests.browser.test_axe import LOOKS, SIDEWAYS, small_targets, violations
from tests.browser.test_tickets import mine
from tests.system import RunningSystem

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

LOCALES = {"en": "en-GB", "zh-Hant": "zh-TW"}
NOTICES = {"en": "I understand Chinese best", "zh-Hant": "我最懂簡體中文"}
HAN = re.compile(r"[\u3400-\u9fff]")
# Every word that is shown or read out, with the language it is in. What citizens and the city's lists of places say
# is in whatever language it is.
WORDS = """
() => {
  const said = ".line.citizen .bubble, .ticket-what, .ticket-where, textarea, option, .leaflet-container .map-name";
  const lang = (node) => (node.closest("[lang]") || document.documentElement).lang;
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    const text = walk.currentNode.textContent.trim();
    if (text && !node.closest(`script, ${said}`) && node.getClientRects().length) found.push([text, lang(node)]);
  }
  for (const node of document.body.querySelectorAll("[aria-label], [placeholder], [title], [alt]")) {
    if (!node.getClientRects().length) continue;
    for (const name of ["aria-label", "placeholder", "title", "alt"])
      if (node.getAttribute(name)) found.push([node.getAttribute(name), lang(node)]);
  }
  return found;
}
"""


def words(page: Page) -> list[tuple[str, str]]:
    return [(text, language) for text, language in page.evaluate(WORDS)]


def frame(language: str) -> set[str]:
    """What the frame says, without what it is filled with."""
    return {text for text in page_words.load().frame(language).sentences.values() if "{" not in text}


def filled(language: str) -> Iterator[re.Pattern[str]]:
    """What the frame says with words of the assistant's in its gaps: 'Change 地点'."""
    for text in page_words.load().frame(language).sentences.values():
        if re.search(r"\w", re.sub(r"\{\w+\}", "", text)) and "{" in text:
            yield re.compile(".+".join(map(re.escape, re.split(r"\{\w+\}", text))), re.DOTALL)


def is_traditional(text: str) -> bool:
    """Big5 has no character that is a simplified one only."""
    return all(character.encode("big5", "ignore") for character in HAN.findall(text))


def wrong(page: Page, language: str) -> list[Any]:
    """Words that are not in the language they say they are in."""
    own, gaps = frame(language), list(filled(language))
    found: list[Any] = []
    for text, said in words(page):
        if said == language:
            right = is_traditional(text) if language == "zh-Hant" else not HAN.search(text)
            if not right and not any(one.fullmatch(text) for one in gaps):
                found.append(("not in the frame's language", text))
        elif text in own - frame(said):
            found.append((f"the frame's own words as {said}", text))
    return found


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("language", LOCALES)
def test_every_word_of_every_state_is_in_the_language_it_says(
    stage: Stage, new_page: NewPage, language: str, state: str
) -> None:
    page = new_page(f"{stage.url}/?lang={language}", width=320, height=568, locale=LOCALES[language])
    expect(page.locator(".line.notice")).to_contain_text(NOTICES[language])
    reached(stage, page, state)
    page.wait_for_timeout(100)
    assert page.locator("html").get_attribute("lang") == language
    assert wrong(page, language) == []
    assert page.evaluate(SIDEWAYS) == []


def reached(stage: Stage, page: Page, state: str) -> None:
    """The state; where its first look is in simplified Chinese, what stands in its place."""
    if state != "welcome":
        STATES[state](stage, page)


@pytest.mark.parametrize("language", LOCALES)
def test_a_ticket_says_in_which_language_its_words_are(stage: Stage, new_page: NewPage, language: str) -> None:
    page = new_page(stage.url, locale=LOCALES[language])
    expect(page.locator(".line.notice")).to_contain_text(NOTICES[language])
    mine(stage, page)
    page.locator(".tools [data-panel=tickets]").click()
    page.locator(".ticket-row").click()
    expect(page.locator(".one-ticket .ticket-deeds").first).to_be_visible()
    assert wrong(page, language) == []


def choose(page: Page, name: str) -> None:
    """By the link in the menu, as a citizen does."""
    page.locator("#menu-button").click()
    page.locator(".languages").get_by_role("link", name=name).click()
    expect(page.locator("html[data-ready]")).to_have_count(1)


def test_another_language_keeps_the_conversation_and_what_was_begun(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble("这事在哪儿？", "说不清在哪儿")]
    page = new_page(stage.url)
    say(page, "路灯坏了")
    expect(page.get_by_role("log")).to_contain_text("这事在哪儿？")
    page.get_by_role("textbox").fill("香港中路，我还没")
    for name, language in (("English", "en"), ("繁體中文", "zh-Hant"), ("简体中文", "zh-Hans")):
        choose(page, name)
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.get_by_role("log")).to_contain_text("路灯坏了")
        expect(page.get_by_role("log")).to_contain_text("这事在哪儿？")
        expect(page.get_by_role("textbox")).to_have_value("香港中路，我还没")
        expect(page.get_by_role("button", name="说不清在哪儿")).to_be_enabled()
    page.get_by_role("textbox").press("Enter")
    expect(page.locator(".line.citizen .bubble").last).to_have_text("香港中路，我还没")
    expect(page.locator(".line.assistant .bubble").filter(has_text="这事在哪儿？")).to_have_count(2)
    assert [one.text for one in stage.listener.said] == ["路灯坏了", "香港中路，我还没"]


def test_what_has_not_been_sent_goes_out_in_the_other_language(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    expect(page.get_by_role("log")).to_contain_text("您好")
    page.route("**/api/chat/messages", lambda route: route.abort())
    say(page, "井盖响")
    expect(page.locator(".line.own")).to_have_count(1)
    page.unroute("**/api/chat/messages")
    choose(page, "English")
    expect(page.locator(".line.citizen:not(.own) .bubble")).to_have_text("井盖响")
    assert [one.text for one in stage.listener.said] == ["井盖响"]


@pytest.mark.parametrize("language", LOCALES)
def test_the_notice_comes_once_in_each_language(stage: Stage, new_page: NewPage, language: str) -> None:
    page = new_page(stage.url, locale=LOCALES[language])
    notice = page.locator(".line.notice").filter(has_text=NOTICES[language])
    expect(notice).to_have_count(1)
    page.reload()
    expect(notice).to_have_count(1)
    second = page.context.new_page()
    second.goto(stage.url)
    expect(second.locator(".line.notice").filter(has_text=NOTICES[language])).to_have_count(1)
    choose(page, "简体中文")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    choose(page, {"en": "English", "zh-Hant": "繁體中文"}[language])
    say(page, "路灯坏了")
    expect(page.locator(".line.assistant").last).to_contain_text("听到了")
    expect(page.locator(".line.notice")).to_have_count(1)


def test_a_screen_reader_is_told_in_which_language_an_answer_is(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble("这事在哪儿？", "说不清在哪儿")]
    page = new_page(stage.url, locale="en-GB")
    say(page, "The street light is broken")
    expect(page.locator("#spoken p[lang=zh-Hans]")).to_have_text("这事在哪儿？")
    expect(page.locator("#spoken p:not([lang])")).to_have_text("You can choose: 说不清在哪儿")
    expect(page.locator(".line.assistant .bubble").last).to_have_attribute("lang", "zh-Hans")
    assert page.locator(".line.notice .bubble").get_attribute("lang") is None, "in the frame's own language"
    assert page.locator(".line.citizen .bubble").get_attribute("lang") is None, "whatever it is in"


def test_what_the_assistant_says_in_fixed_words_stands_in_english_beside_it(stage: Stage, new_page: NewPage) -> None:
    rows = [{"label": "地点", "value": "没说", "edit": 2, "begin": ""}, {"label": "类别", "value": "路灯不亮"}]
    card = {"kind": "confirm", "title": "请您核对", "rows": rows}
    stage.listener.answers = lambda said: [bubble("那这事在哪儿呢？", "说不清在哪儿", "翠湖小区", card=card)]
    page = new_page(stage.url, locale="en-GB", width=320)
    say(page, "The street light is broken")
    answer = page.locator(".line.assistant").filter(has_text="那这事在哪儿呢？")
    expect(answer.locator(".bubble")).to_have_text("那这事在哪儿呢？So where is it?")
    expect(answer.locator("dt .gloss")).to_have_text(["Place", "Kind"])
    expect(answer.locator("dd .gloss")).to_have_text(["not said"])
    expect(answer.locator(".options .gloss")).to_have_text(["I can't say where"])
    assert set(answer.locator(".gloss").evaluate_all("all => all.map((one) => one.lang)")) == {"en"}
    assert page.evaluate(SIDEWAYS) == []
    page.get_by_role("button", name="I can't say where").click()
    expect(page.locator(".line.citizen .bubble").last).to_have_text("说不清在哪儿")
    expect(page.get_by_role("button", name="Chosen: 说不清在哪儿", exact=True)).to_be_disabled()


def test_everybody_can_use_what_stands_beside_it(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, locale="en-GB")
    STATES["card-confirm"](stage, page)
    expect(page.locator(".option.main .gloss")).to_be_visible()
    found: list[str] = []
    for look in LOOKS:
        look.put_on(page)
        wrongs = [*violations(page), *small_targets(page, look.least), *page.evaluate(SIDEWAYS)]
        found += [f"{look}: {one}" for one in wrongs]
    assert found == []


def test_in_chinese_nothing_stands_beside_it(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble("那这事在哪儿呢？", "说不清在哪儿")]
    page = new_page(stage.url, locale="zh-TW")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    say(page, "路燈壞了")
    expect(page.locator(".line.assistant .bubble").last).to_have_text("那这事在哪儿呢？")
    page.wait_for_timeout(300)
    assert page.locator(".gloss").count() == 0
    assert [url for url in asked if "terms" in url or "gloss" in url] == []


def test_without_the_glosses_the_talk_goes_on(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble("那这事在哪儿呢？", "说不清在哪儿")]
    page = new_page(stage.url, locale="en-GB")
    page.route("**/page-words/*/terms", lambda route: route.abort())
    say(page, "The street light is broken")
    expect(page.locator(".line.assistant .bubble").last).to_have_text("那这事在哪儿呢？")
    page.unroute("**/page-words/*/terms")
    page.get_by_role("button", name="说不清在哪儿").click()
    expect(page.locator(".line.assistant .bubble").last).to_have_text("那这事在哪儿呢？So where is it?")


def test_what_the_server_refuses_is_said_in_its_own_language(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, locale="en-GB")
    expect(page.locator(".line.notice")).to_have_count(1)
    sorry = '{"error": {"code": "too_fast", "message": "您发得有点快"}}'
    page.route("**/api/chat/messages", lambda route: route.fulfill(status=429, body=sorry))
    say(page, "The street light is broken")
    expect(page.locator("#trouble")).to_have_text("您发得有点快")
    expect(page.locator("#trouble")).to_have_attribute("lang", "zh-Hans")
    page.route("**/api/chat/messages", lambda route: route.fulfill(status=503, body="{}"))
    expect(page.locator("#trouble")).to_contain_text("It is busy right now")
    expect(page.locator("#trouble")).to_have_attribute("lang", "en")


# -- the whole way, with a real Rasa -------------------------------------------------------------------------------


def to_the_card(page: Page, unknown: str, submit: str) -> None:
    """Whatever detail is asked before the card is not known."""
    last = page.locator(".line:not(.citizen)").last
    for _ in range(150):
        if last.get_by_role("button", name=submit).count():
            return
        button = last.get_by_role("button", name=unknown)
        if button.count() and button.is_enabled():
            button.click()
        page.wait_for_timeout(200)
    raise AssertionError(f"no card: {page.get_by_role('log').inner_text()[-200:]}")


def in_the_department(page: Page, url: str, said: str) -> str:
    """What the clerk who deals with it has before them."""
    clerk = page.context.new_page()
    for _ in range(40):
        clerk.goto(f"{url}/department/")
        if clerk.get_by_text(said[:20]).count():
            break
        clerk.wait_for_timeout(500)
    clerk.get_by_role("link").filter(has_text=said[:20]).first.click()
    return clerk.locator("body").inner_text()


def test_a_complaint_in_english_from_the_first_word_to_its_progress(system: RunningSystem, new_page: NewPage) -> None:
    said = "The street lamp in front of 32 Xianggang Middle Road has been out for three days."
    page = new_page(system.url, locale="en-GB")
    expect(page.locator(".line.notice")).to_contain_text(NOTICES["en"])
    say(page, said)
    to_the_card(page, "I don't know", "Send the report, no phone number")
    card = page.locator(".card.confirm")
    for label, value in (("Problem", said), ("Place", "香港中路32号"), ("Since", "三天")):
        expect(card.locator(".rows > div").filter(has_text=label).first).to_contain_text(value)
    expect(page.get_by_role("log")).to_contain_text("Would you like to leave a phone number")
    picture(page, "english-card")
    page.get_by_role("button", name="Send the report, no phone number").click()
    expect(page.locator(".card.ticket")).to_contain_text("Report number")
    expect(page.locator(".card.ticket")).to_contain_text("Answer by")
    picture(page, "english-ticket")
    say(page, "What has become of my report?")
    expect(page.locator(".card.progress")).to_contain_text("Progress")
    assert page.evaluate(SIDEWAYS) == []
    assert said in in_the_department(page, system.url, said), "word for word"


def test_a_complaint_in_english_is_asked_for_its_place_once(system: RunningSystem, new_page: NewPage) -> None:
    page = new_page(system.url, locale="en-GB")
    say(page, "The street light in front of the school is broken.")
    expect(page.locator(".line.assistant .bubble").last).to_contain_text("Where is it?")
    say(page, "Zhongshan Park, the south gate")
    to_the_card(page, "I don't know", "Send the report, no phone number")
    expect(page.locator(".card.confirm .rows > div").filter(has_text="Place")).to_contain_text("中山公园")
    assert page.get_by_role("log").inner_text().count("Where is it?") == 1
    page.get_by_role("button", name="Send the report, no phone number").click()
    expect(page.locator(".card.ticket .number strong")).to_have_text(re.compile(r"\d{4}\s\d{4}\s\d{4}"))


def test_a_complaint_in_traditional_characters_keeps_them(system: RunningSystem, new_page: NewPage) -> None:
    said = "嶗山區香港東路195號門口的井蓋壞了三天了，一踩就響"
    page = new_page(system.url, locale="zh-TW")
    expect(page.locator(".line.notice")).to_contain_text(NOTICES["zh-Hant"])
    say(page, said)
    to_the_card(page, "不知道", "确认提交（不留电话）")
    expect(page.locator(".card.confirm")).to_contain_text(said)
    page.get_by_role("button", name="确认提交（不留电话）").click()
    expect(page.locator(".card.ticket")).to_contain_text("訴求編號")
    say(page, "查進度")
    expect(page.locator(".card.progress")).to_contain_text("辦理進度")
    assert said in in_the_department(page, system.url, said), "word for word"
