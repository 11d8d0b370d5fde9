"""Nothing that anybody writes is ever markup or runs, wherever the page shows it."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.stage import Stage, bubble

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

EVIL = "</script><img src=x class=evil onerror='window.ran=1'><b class=evil>\"'`${window.ran=1}"
ROWS = [{"label": EVIL, "value": EVIL}]
KINDS = ["confirm", "ticket", "known_issue", "danger", "notice", "staff", "handover", "constructor", EVIL]


def harmless(page: Page) -> None:
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert page.locator(".evil").count() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_words_and_cards_are_text(stage: Stage, new_page: NewPage, kind: str) -> None:
    card = {"kind": kind, "title": EVIL, "number": EVIL, "rows": ROWS}
    stage.listener.answers = lambda _: [bubble(EVIL, EVIL, card=card), bubble("到此为止")]
    page = new_page(stage.url)
    page.get_by_role("textbox").fill(EVIL)
    page.get_by_role("textbox").press("Enter")
    expect(page.get_by_role("log")).to_contain_text("到此为止")
    expect(page.locator(".citizen .bubble")).to_have_text(EVIL)
    harmless(page)
    page.reload()
    expect(page.get_by_role("log")).to_contain_text("到此为止")
    harmless(page)


def test_progress_and_incidents_are_text(stage: Stage, new_page: NewPage) -> None:
    progress = {
        "kind": "progress",
        "number": EVIL,
        "steps": [EVIL, "办结"],
        "step": 1,
        "rows": ROWS,
        "timeline": [{"at": EVIL, "text": EVIL}],
    }
    incidents = {"kind": "incidents", "title": EVIL, "items": [{"title": EVIL, "rows": ROWS}]}
    stage.listener.answers = lambda _: [bubble("一", card=progress), bubble("二", card=incidents)]
    page = new_page(stage.url)
    page.get_by_role("textbox").fill("进度")
    page.get_by_role("textbox").press("Enter")
    expect(page.locator(".happened p")).to_have_text(EVIL)
    expect(page.locator(".incident-title")).to_contain_text(EVIL)
    harmless(page)


@pytest.mark.parametrize(
    "address", [f"/?lang={quote(EVIL)}", f"/#ticket={quote(EVIL)}", f"/#{quote(EVIL)}", f"/{quote(EVIL)}"]
)
def test_the_address_is_never_markup(stage: Stage, new_page: NewPage, address: str) -> None:
    harmless(new_page(stage.url + address))
