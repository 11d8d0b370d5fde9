"""What came while nobody looked is marked, in the talk and in the tab; larger letters are offered once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from integrations.services.records import Sender
from tests.browser.conftest import NewPage, conversation_of, flowing
from tests.browser.stage import Stage, bubble
from tests.browser.states import say

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  const state = hidden ? "hidden" : "visible";
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def tell(stage: Stage, page: Page, text: str) -> None:
    """A notice of the worker's."""
    mine = conversation_of(page)
    with stage.services.unit_of_work() as tx:
        tx.conversations.append(mine, sender=Sender.NOTICE, body=bubble(text).as_json(), at=stage.services.clock())


def test_what_came_meanwhile_is_marked_at_the_next_visit(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    say(page, "路灯坏了")
    expect(page.get_by_role("log")).to_contain_text("听到了：路灯坏了")
    expect(page.locator(".unread")).to_have_count(0)
    page.wait_for_timeout(300)
    page.goto("about:blank")
    other = page.context.new_page()
    other.goto(f"{stage.url}/plain")
    tell(stage, other, "您反映的路灯修好了。")
    other.close()
    page.bring_to_front()
    page.goto(stage.url)
    expect(page.get_by_role("log")).to_contain_text("您反映的路灯修好了。")
    expect(page.locator(".line:has(.unread)")).to_contain_text("您反映的路灯修好了。")
    say(page, "谢谢")
    expect(page.locator(".unread")).to_have_count(0)
    expect(page.get_by_role("log")).to_contain_text("听到了：谢谢")
    page.wait_for_timeout(300)
    page.reload()
    expect(page.get_by_role("log")).to_contain_text("听到了：谢谢")
    page.wait_for_timeout(300)
    expect(page.locator(".unread")).to_have_count(0)


def test_a_tab_in_the_background_counts_in_its_title(stage: Stage, new_page: NewPage) -> None:
    page = new_page("about:blank")
    flowing(page, lambda: page.goto(stage.url))
    title = page.title()
    page.evaluate(HIDE, True)
    tell(stage, page, "第一条。")
    tell(stage, page, "第二条。")
    expect(page).to_have_title(f"(2) {title}")
    expect(page.locator(".line:has(.unread)")).to_contain_text("第一条。")
    page.evaluate(HIDE, False)
    expect(page).to_have_title(title)
    expect(page.locator(".unread")).to_have_count(1)


def test_larger_letters_are_offered_once(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    expect(page.locator("#offer")).to_be_visible()
    page.locator("#offer").get_by_role("button", name="放大一点").click()
    expect(page.locator("html.elder")).to_have_count(1)
    expect(page.locator("#offer")).to_be_hidden()
    page.reload()
    expect(page.locator("html.elder")).to_have_count(1)
    expect(page.locator("#offer")).to_be_hidden()


def test_who_does_not_want_them_is_not_asked_again(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    page.get_by_role("button", name="不用了").click()
    expect(page.locator("#offer")).to_be_hidden()
    page.reload()
    expect(page.get_by_role("log")).to_contain_text("您好")
    expect(page.locator("#offer")).to_be_hidden()
