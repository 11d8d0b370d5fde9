"""What a screen reader is told: each answer once, history never, and the focus where it belongs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, until
from tests.browser.stage import Stage, bubble
from tests.browser.states import STATES, card, say

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Keeps all that is ever put into the live region, in order.
LISTEN = """
window.spoken = [];
new MutationObserver((changes) => {
  for (const change of changes)
    for (const node of change.addedNodes) if (node.nodeType === 1) window.spoken.push(node.textContent);
}).observe(document.getElementById("spoken"), { childList: true });
"""


def spoken(page: Page) -> list[str]:
    return list(page.evaluate("window.spoken"))


# -- spoken once ---------------------------------------------------------------------------------------------------


def test_each_answer_is_announced_once_with_its_card_and_choices(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    page.wait_for_timeout(500)
    page.evaluate(LISTEN)
    card("confirm")(stage, page)
    until(page, lambda: spoken(page))
    page.wait_for_timeout(1500)  # the stream brings the same lines that the POST's answer brought
    heard = spoken(page)
    assert len(heard) == 1
    for words in ("请您看看对不对", "地点：李沧区书院路与京口路路口", "可以选：确认提交（不留电话）、改地点、改时间"):
        assert words in heard[0]


def test_history_is_never_read_out_again(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    say(page, "路灯坏了")
    expect(page.get_by_role("log")).to_contain_text("听到了：路灯坏了")
    page.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ {LISTEN} }})")
    page.reload()
    expect(page.get_by_role("log")).to_contain_text("听到了：路灯坏了")
    page.wait_for_timeout(1500)
    assert spoken(page) == []


def test_what_another_tab_said_is_announced_here_once(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    page.wait_for_timeout(500)
    page.evaluate(LISTEN)
    other = page.context.new_page()
    other.goto(stage.url)
    say(other, "井盖响")
    expect(page.get_by_role("log")).to_contain_text("听到了：井盖响")
    until(page, lambda: spoken(page))
    page.wait_for_timeout(1000)
    assert [text for text in spoken(page) if "井盖响" in text] == ["听到了：井盖响"]


def test_typing_is_not_announced_and_the_log_is_no_live_region(stage: Stage, new_page: NewPage) -> None:
    stage.listener.seconds = 1.5
    page = new_page(stage.url)
    page.wait_for_timeout(500)
    page.evaluate(LISTEN)
    say(page, "路灯坏了")
    expect(page.locator("#typing")).to_be_visible()
    assert page.get_by_role("log").get_attribute("aria-live") == "off"
    live = page.evaluate("[...document.querySelectorAll('[aria-live=polite], [aria-live=assertive]')].map((n) => n.id)")
    assert live == ["spoken"]
    expect(page.get_by_role("log")).to_contain_text("听到了：路灯坏了")
    assert [text for text in spoken(page) if "输入" in text] == []


def test_the_live_region_is_inside_the_panel_that_is_open(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    STATES["panel-help"](stage, page)
    assert page.evaluate("Boolean(document.getElementById('spoken').closest('dialog[open]'))")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("document.getElementById('spoken').parentElement === document.body")


# -- names, roles, focus -------------------------------------------------------------------------------------------


def test_the_page_has_landmarks_and_one_heading(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    for role in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)


def test_a_quick_reply_leaves_the_focus_in_the_writing_line(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble("现在还坏着吗？", "还坏着", "好了")]
    page = new_page(stage.url)
    page.get_by_role("textbox").click()
    say(page, "路灯坏了")
    page.get_by_role("button", name="还坏着").click()
    expect(page.get_by_role("textbox")).to_be_focused()
