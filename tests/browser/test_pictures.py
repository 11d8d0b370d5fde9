"""Pictures of every state for docs/screens.md.

`JIESU_PICTURES=docs/images/page python -m pytest tests/browser/test_pictures.py` makes them anew.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.stage import Stage
from tests.browser.states import STATES
from tests.browser.test_axe import Look
from tests.browser.test_casework import a_photo_of_the_lamp
from tests.browser.test_place import HERE
from tests.browser.test_place_map import others, to_the_centre
from tests.browser.test_tickets import choose, mine, open_list, open_one, tap

FOLDER = os.environ.get("JIESU_PICTURES", "")

expect.set_options(timeout=20_000)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.skipif(not FOLDER, reason="pictures are made when JIESU_PICTURES names a folder"),
]

# Looks of which a few states are enough.
OTHERS = {
    "dark": (Look(dark=True), ("card-confirm", "card-progress", "panel-place", "card-danger")),
    "elder": (Look(elder=True), ("welcome", "card-confirm", "card-incidents", "panel-tickets", "panel-place")),
    "contrast": (Look(contrast=True), ("card-confirm",)),
    "small": (Look(width=320, height=568), ("welcome", "card-progress")),
    "wide": (Look(width=1280, height=800), ("card-confirm",)),
}


def keep(page: Page, name: str) -> None:
    """In 128 colours: a third of the size, and nothing is seen of it."""
    page.wait_for_timeout(500)
    picture = Image.open(io.BytesIO(page.screenshot()))
    folder = Path(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    picture.convert("RGB").quantize(128).save(folder / f"{name}.png", optimize=True)


@pytest.mark.parametrize("state", STATES)
def test_each_state_on_a_phone(stage: Stage, new_page: NewPage, state: str) -> None:
    page = new_page(stage.url, device_scale_factor=1.5)
    STATES[state](stage, page)
    keep(page, state)
    for look, (seen, states) in OTHERS.items():
        if state in states:
            seen.put_on(page)
            keep(page, f"{state}-{look}")


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_the_page_in_other_languages(stage: Stage, new_page: NewPage, language: str) -> None:
    page = new_page(f"{stage.url}/?lang={language}", device_scale_factor=1.5)
    STATES["card-confirm"](stage, page)
    keep(page, f"language-{language}")


def test_the_page_without_scripts(stage: Stage, new_page: NewPage) -> None:
    page = new_page(f"{stage.url}/plain", java_script_enabled=False, device_scale_factor=1.5)
    keep(page, "plain")


def test_a_ticket_of_ones_own(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, device_scale_factor=1.5)
    mine(stage, page)
    open_list(page)
    keep(page, "tickets")
    page.locator(".ticket-row").first.click()
    page.wait_for_timeout(500)
    keep(page, "ticket")


def test_what_is_added_to_it(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, device_scale_factor=1.5)
    mine(stage, page)
    open_list(page)
    open_one(page, "路灯")
    tap(page, "补充")
    choose(page, a_photo_of_the_lamp()["buffer"])
    page.get_by_label("补充的内容").fill("灯杆也歪了")
    keep(page, "addition")


def test_what_others_told_of(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, device_scale_factor=1.5, geolocation=HERE, permissions=["geolocation"])
    page.route("**/api/map/incidents?**", others((60, 250, "井盖缺失", 4), (-150, -90, "路灯不亮", 2)))
    to_the_centre(page)
    page.wait_for_timeout(1500)
    keep(page, "map-dots")
    page.get_by_role("button", name="附近别人反映过的事（2 件）").click()
    keep(page, "map-others")
