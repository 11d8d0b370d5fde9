"""How lines reach the page: the stream, looking where there is none, several tabs, another device."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from integrations.services.records import Sender
from tests.browser.conftest import NewPage, conversation_of, flowing, picture, until
from tests.browser.stage import Stage, bubble
from tests.conftest import wait_until
from tests.fake_wechat import Account
from tests.media_files import VOICE, FakeTranscriber
from tests.wechat.conftest import made
from tests.wechat.processes import HEARD

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def say(page: Page, text: str) -> None:
    page.get_by_role("textbox").first.fill(text)
    page.get_by_role("textbox").first.press("Enter")


def session(page: Page, url: str) -> str:
    """The conversation of this page, to which lines come by the stream."""
    flowing(page, lambda: page.goto(url))
    return conversation_of(page)


def tell(stage: Stage, conversation: str, text: str) -> None:
    with stage.services.unit_of_work() as tx:
        at = stage.services.clock()
        tx.conversations.append(conversation, sender=Sender.NOTICE, body={"text": text}, at=at)


def test_a_notice_comes_by_the_stream_without_asking(stage: Stage, new_page: NewPage) -> None:
    page = new_page("about:blank")
    mine = session(page, stage.url)
    asked = asks_for_lines(page)
    page.wait_for_timeout(4000)
    tell(stage, mine, "办好了。")
    expect(page.get_by_text("办好了。", exact=True).first).to_be_visible()
    assert asked == []


def test_without_a_stream_the_page_looks_by_itself(stage: Stage, new_page: NewPage) -> None:
    page = new_page("about:blank")
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.fulfill(status=503, body="{}")

    page.route("**/api/chat/stream*", refuse)
    page.goto(stage.url)
    until(page, lambda: refused)
    tell(stage, conversation_of(page), "办好了。")
    expect(page.get_by_text("办好了。", exact=True).first).to_be_visible()


def test_two_tabs_show_the_same_lines_once(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble(f"听到了：{said.text}")]
    first = new_page(stage.url)
    second = first.context.new_page()
    second.goto(stage.url)
    say(first, "路灯坏了。")
    for page in (first, second):
        expect(page.locator(".line .bubble", has_text="听到了：路灯坏了。")).to_have_count(1)
        expect(page.locator(".line.citizen .bubble", has_text="路灯坏了。")).to_have_count(1)


def test_a_conversation_goes_on_in_another_browser(stage: Stage, new_page: NewPage) -> None:
    first, second = new_page(stage.url), new_page(stage.url)
    say(first, "合肥路的路灯坏了。")
    expect(first.get_by_role("log")).to_contain_text("听到了：合肥路的路灯坏了。")
    for page in (first, second):
        page.get_by_role("button", name="更多").click()
        page.locator("[data-panel=devices]").click()
    first.get_by_role("button", name="要一个连接码").click()
    picture(first, "devices")
    code = first.locator(".device-digits [aria-hidden]").inner_text()
    second.get_by_label("八位数字的连接码").fill("1234")
    second.get_by_role("button", name="接到这里").click()
    expect(second.get_by_role("alert").filter(has_text="连接码是八个数字")).to_be_visible()
    second.get_by_label("八位数字的连接码").fill(code)
    second.get_by_role("button", name="接到这里").click()
    expect(second.get_by_role("dialog")).to_have_count(0)
    expect(second.get_by_role("log")).to_contain_text("听到了：合肥路的路灯坏了。")
    say(second, "还有垃圾。")
    expect(first.get_by_role("log")).to_contain_text("听到了：还有垃圾。")
    expect(second.locator(".line .bubble", has_text="听到了：还有垃圾。")).to_have_count(1)


# -- what goes wrong between ---------------------------------------------------------------------------------------


def lines_of(page: Page, text: str, who: str = "") -> Locator:
    """The bubbles with these words."""
    return page.locator(f".line{who} .bubble", has_text=text)


def asks_for_lines(page: Page) -> list[str]:
    """The requests for lines from now on."""
    asked: list[str] = []

    def note(one: Request) -> None:
        if "/api/chat/messages?" in one.url:
            asked.append(one.url)

    page.on("request", note)
    return asked


def test_two_tabs_that_speak_at_once_show_the_same_lines_in_the_same_order(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble(f"听到了：{said.text}")]
    stage.listener.seconds = 0.3
    first = new_page("about:blank")
    mine = session(first, stage.url)
    second = first.context.new_page()
    second.goto(stage.url)
    tabs = (first, second)
    for number in range(3):
        for name, page in zip("甲乙", tabs, strict=True):
            say(page, f"{name}{number}号路灯坏了。")
    for page in tabs:
        for name in "甲乙":
            for number in range(3):
                expect(lines_of(page, f"{name}{number}号路灯坏了。", ".citizen")).to_have_count(1)
        expect(page.locator(".line.own")).to_have_count(0)
    wait_until(lambda: not stage.services.conversing.is_pending(mine))
    said = stage.services.conversing.history(mine)
    for page in tabs:
        expect(page.locator("[data-seq] .bubble")).to_have_count(len(said))
    shown = [page.locator("[data-seq] .bubble").all_inner_texts() for page in tabs]
    assert shown[0] == shown[1]


def test_a_reload_in_the_middle_of_an_answer_loses_and_doubles_nothing(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble(f"听到了：{said.text}")]
    stage.listener.seconds = 2.0
    page = new_page(stage.url)
    with page.expect_request(lambda one: one.method == "POST" and one.url.endswith("/messages")):
        say(page, "路灯坏了。")
    page.wait_for_timeout(300)
    page.reload()
    expect(lines_of(page, "听到了：路灯坏了。")).to_have_count(1)
    page.wait_for_timeout(1500)
    expect(lines_of(page, "听到了：路灯坏了。")).to_have_count(1)
    expect(lines_of(page, "路灯坏了。", ".citizen")).to_have_count(1)
    assert stage.listener.texts == ["路灯坏了。"]


def test_words_that_a_reload_left_behind_go_out_once(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble(f"听到了：{said.text}")]
    page = new_page(stage.url)
    page.route("**/api/chat/messages", lambda route: route.abort())
    say(page, "路灯坏了。")
    expect(page.locator(".line.own")).to_have_count(1)
    page.unroute_all()
    page.reload()
    expect(lines_of(page, "听到了：路灯坏了。")).to_have_count(1)
    expect(lines_of(page, "路灯坏了。", ".citizen")).to_have_count(1)
    assert stage.listener.texts == ["路灯坏了。"]


def test_offline_and_back(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble(f"听到了：{said.text}")]
    page = new_page("about:blank")
    mine = session(page, stage.url)
    bar = page.locator("#offline")
    page.context.set_offline(True)
    expect(bar).not_to_be_empty()
    say(page, "路灯坏了。")
    tell(stage, mine, "办好了。")
    page.wait_for_timeout(1500)
    expect(lines_of(page, "办好了。")).to_have_count(0)
    assert stage.listener.texts == []
    page.context.set_offline(False)
    expect(bar).to_be_empty()
    for text in ("办好了。", "听到了：路灯坏了。"):
        expect(lines_of(page, text)).to_have_count(1)
    expect(lines_of(page, "路灯坏了。", ".citizen")).to_have_count(1)
    assert stage.listener.texts == ["路灯坏了。"]


# A stream that says once how it stands, and then nothing at all; later ones say nothing.
FALLS_SILENT = """
window.streams = 0;
window.EventSource = class extends EventTarget {
  constructor() {
    super();
    window.streams += 1;
    const first = window.streams === 1;
    const said = new MessageEvent("state", {data: '{"pending": false}'});
    if (first) Promise.resolve().then(() => this.dispatchEvent(said));
  }
  close() {}
};
"""


def test_after_twenty_silent_seconds_the_page_looks_by_itself(stage: Stage, new_page: NewPage) -> None:
    page = new_page("about:blank")
    page.clock.install()
    page.add_init_script(FALLS_SILENT)
    page.goto(stage.url)
    until(page, lambda: page.evaluate("window.streams === 1"))
    mine = conversation_of(page)
    page.wait_for_timeout(1000)
    asked = asks_for_lines(page)
    tell(stage, mine, "办好了。")
    page.wait_for_timeout(4000)
    assert asked == [], "it trusts the stream"
    page.clock.fast_forward(20_000)
    expect(lines_of(page, "办好了。")).to_have_count(1)
    tell(stage, mine, "又办好了。")
    expect(lines_of(page, "又办好了。")).to_have_count(1)
    assert page.evaluate("window.streams") >= 2, "it tries the stream again"


SEEN = """(state) => {
  Object.defineProperty(document, "visibilityState", {get: () => state, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_page_that_nobody_sees_closes_its_stream_and_looks_first_when_it_is_seen(
    stage: Stage, new_page: NewPage
) -> None:
    page = new_page("about:blank")
    page.clock.install()
    mine = session(page, stage.url)
    page.evaluate(SEEN, "hidden")
    tell(stage, mine, "刚刚办好了。")
    expect(lines_of(page, "刚刚办好了。")).to_have_count(1)
    page.clock.fast_forward(31_000)
    page.wait_for_timeout(500)
    asked = asks_for_lines(page)
    tell(stage, mine, "办好了两件。")
    page.wait_for_timeout(3000)
    expect(lines_of(page, "办好了两件。")).to_have_count(0)
    assert asked == []
    with page.expect_request("**/api/chat/stream*"):
        page.evaluate(SEEN, "visible")
        expect(lines_of(page, "办好了两件。")).to_have_count(1)
    assert "after=" in asked[0]


def test_a_page_from_the_back_and_forward_cache_looks_first(stage: Stage, new_page: NewPage) -> None:
    page = new_page("about:blank")
    mine = session(page, stage.url)
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    tell(stage, mine, "办好了。")
    page.wait_for_timeout(2000)
    expect(lines_of(page, "办好了。")).to_have_count(0)
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(lines_of(page, "办好了。")).to_have_count(1)
    tell(stage, mine, "又办好了。")
    expect(lines_of(page, "又办好了。")).to_have_count(1)


def test_a_recording_shows_its_words_as_soon_as_there_are_any(stage: Stage, new_page: NewPage) -> None:
    page = new_page("about:blank")
    mine = session(page, stage.url)
    told = threading.Event()
    transcriber = FakeTranscriber("路灯不亮", before=lambda: told.wait(20))
    object.__setattr__(stage.services.listening, "transcriber", transcriber)
    with stage.services.unit_of_work() as tx:
        conversation = tx.conversations.get(mine)
    assert conversation
    stage.services.receiving.take(mine, "voice-001", [VOICE])
    expect(lines_of(page, "（语音）", ".citizen")).to_have_count(1)
    driving = threading.Thread(target=lambda: asyncio.run(stage.services.conversing.drive(conversation)))
    driving.start()
    told.set()
    expect(lines_of(page, "路灯不亮", ".citizen")).to_have_count(1)
    expect(lines_of(page, "（语音）", ".citizen")).to_have_count(0)
    driving.join(20)


@pytest.mark.faults
def test_a_gateway_that_is_killed_in_the_middle_of_an_answer_loses_and_doubles_nothing(
    tmp_path: Path, empty_tables: str, new_page: NewPage
) -> None:
    with made(tmp_path, empty_tables, Account()) as system:
        page = new_page("about:blank")
        session(page, f"http://127.0.0.1:{system.ports[0]}")
        system.rasa.seconds = 2.0
        with page.expect_request(lambda one: one.method == "POST" and one.url.endswith("/messages")):
            say(page, "路灯坏了。")
        wait_until(lambda: system.rasa.times("路灯坏了。"))
        system.gateways[0].kill()
        say(page, "还有垃圾没人收。")
        expect(page.locator("#offline")).not_to_be_empty()
        system.gateways[0].start()
        for text in ("路灯坏了。", "还有垃圾没人收。"):
            expect(lines_of(page, HEARD + text)).to_have_count(1, timeout=60_000)
            expect(lines_of(page, text, ".citizen")).to_have_count(1)
        expect(page.locator("#offline")).to_be_empty()
        page.wait_for_timeout(3000)
        for text in ("路灯坏了。", "还有垃圾没人收。"):
            expect(lines_of(page, HEARD + text)).to_have_count(1)
            expect(lines_of(page, text, ".citizen")).to_have_count(1)
            assert system.rasa.times(text) == 1
