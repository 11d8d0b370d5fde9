"""The page with the keyboard alone: a complaint from the first word to its number, and every panel there and back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from integrations.services.records import Bubble, Said
from tests.browser.conftest import NewPage
from tests.browser.stage import Stage, bubble
from tests.browser.states import CARDS

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

FOCUSED = "(document.activeElement.getAttribute('aria-label') || document.activeElement.textContent || '').trim()"


def answers(said: Said) -> list[Bubble]:
    """A report in two questions."""
    if "不知道" in said.text:
        return CARDS["confirm"]
    if "确认提交" in said.text:
        return CARDS["ticket"]
    return [bubble("在哪个位置？", "不知道")]


def tab_to(page: Page, name: str, *, back: bool = False, most: int = 40) -> None:
    """Press Tab until the control of that name has the focus."""
    for _ in range(most):
        if str(page.evaluate(FOCUSED)).startswith(name):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{name} cannot be reached; the focus is on {page.evaluate(FOCUSED)!r}")


def has_visible_focus(page: Page) -> bool:
    return bool(
        page.evaluate(
            "(() => { const s = getComputedStyle(document.activeElement);"
            " return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; })()"
        )
    )


def test_a_complaint_from_the_first_word_to_its_number(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = answers
    page = new_page(stage.url)
    expect(page.get_by_role("log")).to_contain_text("您好")
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == "words":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("路灯坏了三天了")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="不知道")).to_be_enabled()
    tab_to(page, "不知道", back=True)
    assert has_visible_focus(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="确认提交（不留电话）")).to_be_enabled()
    tab_to(page, "确认提交", back=True)
    page.keyboard.press("Space")
    expect(page.get_by_role("log")).to_contain_text("4817 2093 5562")
    tab_to(page, "复制编号", back=True)
    assert has_visible_focus(page)


def test_every_stop_of_the_tab_key_is_seen(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    expect(page.get_by_role("log")).to_contain_text("您好")
    page.wait_for_timeout(500)
    stops = []
    for _ in range(30):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement === document.body ? '' : " + FOCUSED)
        if name:
            stops.append((name, has_visible_focus(page)))
    assert stops
    assert [name for name, seen in stops if not seen] == []


@pytest.mark.parametrize("panel", ["我的诉求", "显示和朗读", "换个设备接着说", "我的个人信息", "怎么用"])
def test_every_panel_opens_and_closes_and_gives_the_focus_back(stage: Stage, new_page: NewPage, panel: str) -> None:
    page = new_page(stage.url)
    expect(page.get_by_role("log")).to_contain_text("您好")
    tab_to(page, "更多")
    page.keyboard.press("Enter")
    tab_to(page, panel)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(12):  # the focus stays inside
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="更多")).to_be_focused()


def test_the_menu_closes_with_escape(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    tab_to(page, "更多")
    page.keyboard.press("Enter")
    expect(page.locator("#menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).to_be_hidden()
    expect(page.get_by_role("button", name="更多")).to_be_focused()
    expect(page.get_by_role("textbox")).to_be_enabled()
    page.get_by_role("textbox").click()  # nothing stays closed off
    expect(page.get_by_role("textbox")).to_be_focused()
