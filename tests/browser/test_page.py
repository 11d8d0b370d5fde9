"""The page itself: its panels, its menu, its languages, what is fetched."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.stage import Stage, bubble

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def test_what_is_said_is_answered(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble(f"听到了：{said.text}", "好", "不好")]
    page = new_page(stage.url)
    page.get_by_role("textbox").fill("路灯坏了")
    page.get_by_role("textbox").press("Enter")
    expect(page.get_by_role("log")).to_contain_text("听到了：路灯坏了")
    page.get_by_role("button", name="好", exact=True).click()
    expect(page.get_by_role("log")).to_contain_text("听到了：好")


def test_a_panel_is_closed_by_the_phones_way_back(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    page.get_by_role("button", name="更多").click()
    page.get_by_role("button", name="怎么用").click()
    expect(page.get_by_role("dialog", name="怎么用")).to_be_visible()
    expect(page.get_by_role("heading", name="怎么用")).to_be_focused()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="更多")).to_be_focused()


@pytest.mark.parametrize("way", ["escape", "back", "button"])
def test_every_way_out_of_a_panel_leaves_the_page_as_it_was(stage: Stage, new_page: NewPage, way: str) -> None:
    page = new_page(stage.url)
    for _ in range(2):
        page.get_by_role("button", name="更多").click()
        page.get_by_role("button", name="怎么用").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        if way == "escape":
            page.keyboard.press("Escape")
        elif way == "back":
            page.get_by_role("button", name="返回").click()
        else:
            page.get_by_role("button", name="知道了").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url.rstrip("/") == stage.url
