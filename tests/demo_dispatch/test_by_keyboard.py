"""The clerk's desk in a real browser, by the keyboard alone."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS

from .conftest import Citizen, serving
from .test_pictures import a_photo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
def desk(app: FastAPI) -> Iterator[tuple[Citizen, Page]]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("no Chromium is installed (Debian: apt install chromium)")
    with serving(app) as citizen, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        page = browser.new_context(viewport={"width": 375, "height": 760}, locale="zh-CN").new_page()
        page.goto(str(citizen.client.base_url))
        yield citizen, page
        browser.close()


def tab_to(page: Page, words: str) -> None:
    """Tab until what has the focus, or its label, says these words."""
    for _ in range(40):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "(e => (e.labels && e.labels.length ? e.labels[0] : e).innerText || '')(document.activeElement)"
        )
        if words in said:
            return
    pytest.fail(f"{words!r} cannot be reached by the keyboard")


def test_a_request_is_worked_on_to_its_end_without_a_mouse(desk: tuple[Citizen, Page], tmp_path: Path) -> None:
    citizen, page = desk
    number = citizen.file()
    citizen.step(number, "accepted")
    page.reload()

    tab_to(page, number)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="下一步")).to_be_visible()
    tab_to(page, "班组名称")
    page.keyboard.type("二班")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("已派给班组")

    tab_to(page, "办结")
    page.keyboard.press("Enter")
    tab_to(page, "办理结果")
    page.keyboard.type("已换灯")
    picture = tmp_path / "灯.jpg"
    picture.write_bytes(a_photo()[1])
    page.locator("#photos-closed").set_input_files(picture)
    tab_to(page, "经办人")
    page.keyboard.press("ArrowDown")
    tab_to(page, "确认办结")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("已办结")

    assert [one["event"] for one in citizen.history(number)] == ["accepted", "assigned", "closed"]
    assert (citizen.history(number)[2]["by"], len(citizen.history(number)[2]["photos"])) == ("李强", 1)
    expect(page.locator("img")).to_have_js_property("naturalWidth", 64)


def test_no_page_is_wider_than_a_phone(desk: tuple[Citizen, Page]) -> None:
    citizen, page = desk
    number = citizen.closed()
    citizen.tell(number, "recheck", text="w" * 300)
    long = citizen.file(description="长" * 500, address_string="a" * 400, **{"attribute[GRID]": "g" * 300})

    for path in ("/", f"/requests/{number}", f"/requests/{long}", "/nowhere"):
        page.goto(f"{citizen.client.base_url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") == 375, path
