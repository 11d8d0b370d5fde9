"""显示和朗读: what is chosen holds at once, and on the next visit before anything is drawn."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.stage import Stage, bubble

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

# A voice that speaks nothing and keeps what it was given.
VOICE = """
window.heard = [];
Object.defineProperty(window, "speechSynthesis", { value: {
  getVoices: () => [{ lang: "zh-CN" }], cancel() {}, speak(words) { window.heard.push(words.text); },
} });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""


def open_display(page: Page) -> None:
    page.get_by_role("button", name="更多").click()
    page.get_by_role("button", name="显示和朗读").click()
    expect(page.get_by_role("dialog", name="显示和朗读")).to_be_visible()


def paper(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--paper').trim()"))


def test_what_is_chosen_is_remembered(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    light = paper(page)
    open_display(page)
    page.get_by_label("深色").check()
    dark = paper(page)
    assert dark != light
    page.get_by_role("checkbox", name="长辈模式").check()
    page.get_by_label("减少动画").check()
    page.reload()
    assert paper(page) == dark
    assert page.evaluate("document.documentElement.matches('.elder[data-calm]')")
    open_display(page)
    expect(page.get_by_label("深色")).to_be_checked()
    expect(page.get_by_role("checkbox", name="长辈模式")).to_be_checked()
    page.get_by_label("黑白更分明").check()
    assert paper(page) != dark


def test_light_can_be_chosen_on_a_dark_phone(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, color_scheme="dark")
    before = paper(page)
    open_display(page)
    page.get_by_label("浅色").check()
    assert paper(page) != before
    page.get_by_label("跟手机一样").check()
    assert paper(page) == before


def test_without_a_voice_the_page_says_so(stage: Stage, new_page: NewPage) -> None:
    page = new_page("about:blank")
    page.add_init_script("Object.defineProperty(window, 'speechSynthesis', { value: undefined })")
    page.goto(stage.url)
    open_display(page)
    expect(page.get_by_text("没有中文朗读的声音")).to_be_visible()


def test_answers_are_read_when_asked_for(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble(f"听到了：{said.text}")]
    page = new_page("about:blank")
    page.add_init_script(VOICE)
    page.goto(stage.url)
    page.get_by_role("textbox").fill("路灯坏了")
    page.get_by_role("textbox").press("Enter")
    expect(page.get_by_role("log")).to_contain_text("听到了：路灯坏了")
    assert page.evaluate("window.heard") == []
    page.get_by_role("button", name="听", exact=True).last.click()
    assert page.evaluate("window.heard") == ["听到了：路灯坏了"]
    page.get_by_role("button", name="停", exact=True).click()
    expect(page.get_by_role("button", name="停", exact=True)).to_have_count(0)
    open_display(page)
    page.get_by_label("自动朗读新的回答").check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("textbox").fill("水管漏水")
    page.get_by_role("textbox").press("Enter")
    expect(page.get_by_role("log")).to_contain_text("听到了：水管漏水")
    assert page.evaluate("window.heard") == ["听到了：路灯坏了", "听到了：水管漏水"]
