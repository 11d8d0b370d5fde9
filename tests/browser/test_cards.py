"""Changing a line of the card where it stands."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from integrations.services.records import Bubble, Said
from tests.browser.conftest import NewPage
from tests.browser.stage import Stage, bubble
from tests.browser.states import CARDS, card

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def answers(said: Said) -> list[Bubble]:
    """What the dialogue does: the button asks, the answer brings the card anew."""
    if said.payload:
        return [bubble("新的地点是哪里？")]
    return CARDS["confirm"]


def to_the_card(stage: Stage, page: Page) -> None:
    card("confirm")(stage, page)
    stage.listener.answers = answers


def heard(stage: Stage) -> list[tuple[str, bool]]:
    """What was said, and whether by a button."""
    return [(said.text, said.payload is not None) for said in stage.listener.said]


def test_a_line_is_changed_where_it_stands(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    to_the_card(stage, page)
    page.get_by_role("button", name="改“地点”").click()
    field = page.get_by_role("textbox", name="新的地点")
    expect(field).to_be_focused()
    expect(field).to_have_value("李沧区书院路与京口路路口")
    field.fill("书院路 51 号，门口那盏")
    page.get_by_role("button", name="改好了").click()
    expect(page.locator(".card.confirm")).to_have_count(2)
    assert heard(stage)[1:] == [("改地点", True), ("书院路 51 号，门口那盏", False)]
    # only the newest card can be changed
    expect(page.locator(".card.confirm").first.locator(".edit")).to_have_count(0)
    expect(page.locator(".card.confirm").last.locator(".edit")).to_have_count(2)


def test_by_the_keyboard_and_back_again(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    to_the_card(stage, page)
    button = page.get_by_role("button", name="改“时间”")
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("别的")
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="新的时间").fill("前天晚上")
    page.keyboard.press("Enter")
    expect(page.locator(".card.confirm")).to_have_count(2)
    assert heard(stage)[1:] == [("改时间", True), ("前天晚上", False)]


def test_nothing_changed_says_nothing(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    to_the_card(stage, page)
    for name in ("改好了", "不改了"):
        page.get_by_role("button", name="改“地点”").click()
        page.get_by_role("button", name=name).click()
        expect(page.locator(".editing")).to_have_count(0)
    page.wait_for_timeout(300)
    assert len(stage.listener.said) == 1


def test_an_answered_card_cannot_be_changed(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    to_the_card(stage, page)
    stage.listener.answers = lambda said: CARDS["ticket"]
    page.get_by_role("button", name="确认提交（不留电话）").click()
    expect(page.get_by_role("log")).to_contain_text("登记好了")
    expect(page.locator(".edit")).to_have_count(0)
