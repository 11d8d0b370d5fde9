"""The map of the panel 位置: what others told of, in every look; how little it asks for; names that give way."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import pytest
from playwright.sync_api import Page, Route, expect

from kb.places import Place
from tests.browser.conftest import NewPage, until
from tests.browser.stage import Stage
from tests.browser.test_axe import LOOKS, SIDEWAYS, ZOOMED, Look, small_targets, unnamed, violations
from tests.browser.test_place import HERE, distance, open_map, open_panel, pin, to_where_i_am
from tests.builders import told

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

CENTRE = (36.0671, 120.3826)


def others(*found: tuple[float, float, str, int]) -> Callable[[Route], None]:
    """Answers with these open problems: north and east of the centre in metres, category, citizens."""

    def answer(route: Route) -> None:
        incidents = [
            {
                "lat": CENTRE[0] + north / 111_320,
                "lon": CENTRE[1] + east / 111_320 / math.cos(math.radians(CENTRE[0])),
                "category": category,
                "citizens": citizens,
                "since": "2026-11-02",
            }
            for north, east, category, citizens in found
        ]
        route.fulfill(json={"incidents": incidents})

    return answer


def to_the_centre(page: Page) -> None:
    """Open the map and have it go to where the phone is."""
    open_map(page)
    to_where_i_am(page)


def wrong(page: Page, look: Look) -> list[str]:
    """What somebody could not use in this look."""
    look.put_on(page)
    found = [*unnamed(page), *page.evaluate(SIDEWAYS)]
    return found if look in ZOOMED else [*found, *violations(page), *small_targets(page, look.least)]


def test_what_others_told_of_is_a_list_for_the_keyboard(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, geolocation=HERE, permissions=["geolocation"])
    page.route(
        "**/api/map/incidents?**",
        others((0, 520, "井盖缺失", 4), (-90, -90, "路灯不亮", 2), (5000, 0, "远处的事", 9)),
    )
    to_the_centre(page)
    button = page.get_by_role("button", name="附近别人反映过的事（2 件）")
    button.focus()
    page.keyboard.press("Enter")
    shown = page.get_by_role("dialog", name="附近别人反映过的事")
    expect(shown).to_contain_text("我会问您是不是这一件")
    first, second = shown.get_by_role("listitem").all()
    expect(first).to_contain_text(re.compile("路灯不亮.*2 位市民反映过，从11月2日起.*往西南，大约 130 米"))
    expect(second).to_contain_text(re.compile("井盖缺失.*4 位市民.*往东，大约 520 米"))
    second.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".map-told")).to_contain_text("井盖缺失，4 位市民反映过")
    expect(page.locator(".map-told")).to_contain_text("我会问您是不是这一件")
    expect(page.get_by_role("button", name="附近别人反映过的事（2 件）")).to_be_focused()
    frame = page.locator(".map-frame").bounding_box()
    assert frame
    page.mouse.move(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    expect(page.locator("canvas.leaflet-interactive")).to_be_visible()  # the tip of the pin is on the dot
    page.get_by_role("button", name="用这个位置").click()
    found = pin(stage, page)
    assert distance(found, CENTRE[0], CENTRE[1] + 520 / 111_320 / math.cos(math.radians(CENTRE[0]))) < 10


def test_a_dot_that_is_tapped_says_what_it_is(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, geolocation=HERE, permissions=["geolocation"])
    page.route("**/api/map/incidents?**", others((0, 0, "路灯不亮", 3)))
    to_the_centre(page)
    expect(page.get_by_role("button", name="（1 件）")).to_be_visible()
    frame = page.locator(".map-frame").bounding_box()
    assert frame
    page.mouse.click(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    expect(page.locator(".map-told")).to_contain_text(re.compile("路灯不亮，3 位市民反映过，从11月2日起"))
    page.locator(".map-ground").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".map-told")).to_be_empty()


@pytest.mark.parametrize(("fails", "said"), [(False, "没有好几位市民都反映过的事"), (True, "暂时看不到别人反映过什么")])
def test_nothing_near_and_nothing_known_are_said_kindly(
    stage: Stage, new_page: NewPage, fails: bool, said: str
) -> None:
    page = new_page(stage.url)
    if fails:
        page.route("**/api/map/incidents?**", lambda route: route.fulfill(status=503, json={}))
    open_map(page)
    page.get_by_role("button", name="附近别人反映过的事").click()
    expect(page.get_by_role("dialog", name="附近别人反映过的事")).to_contain_text(said)


def test_who_asks_before_the_answer_has_come_waits_for_it(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    held: list[Route] = []
    page.route("**/api/map/incidents?**", lambda route: held.append(route))
    open_map(page)
    page.get_by_role("button", name="附近别人反映过的事").click()
    until(page, lambda: held)
    page.wait_for_timeout(400)
    (asked,) = held
    expect(page.get_by_role("dialog", name="附近别人反映过的事")).to_have_count(0)
    asked.fulfill(json={"incidents": []})
    expect(page.get_by_role("dialog", name="附近别人反映过的事")).to_contain_text("没有好几位市民都反映过的事")


def test_real_incidents_of_two_citizens_stand_on_the_map(stage: Stage, new_page: NewPage) -> None:
    services, filed = stage.services, None
    for n in range(2):
        draft = told(services, "市南区五四广场路灯坏了", draft_id=f"draft-{n}", phone=None)
        place = Place(
            "五四广场", "市南区", "370202", spot="五四广场", lat=CENTRE[0], lon=CENTRE[1], crs="WGS-84", pinned=True
        )
        draft = replace(draft, place=place, join=filed.incident_id if filed else None)
        filed = services.filing.submit(draft, services.conversing.open("web", f"somebody-{n}").id)
    page = new_page(stage.url, geolocation=HERE, permissions=["geolocation"])
    to_the_centre(page)
    page.get_by_role("button", name="附近别人反映过的事（1 件）").click()
    expect(page.get_by_role("listitem").filter(has_text="2 位市民")).to_contain_text("就在针尖这里")


@pytest.mark.parametrize("look", [*LOOKS, *ZOOMED], ids=str)
def test_both_lists_are_for_everybody(stage: Stage, new_page: NewPage, look: Look) -> None:
    page = new_page(stage.url, geolocation=HERE, permissions=["geolocation"])
    page.route("**/api/map/incidents?**", others((0, 520, "井盖缺失", 4), (-90, -90, "路灯不亮", 2)))
    open_panel(page)
    page.get_by_text("先选区和街道").click()
    page.get_by_label("哪个区、哪个市").select_option("市南区")
    page.get_by_label("哪个街道、哪个镇").select_option("香港中路街道")
    assert wrong(page, look) == []
    page.get_by_role("button", name="在地图上选").click()
    page.get_by_role("button", name="我在哪里").click()
    page.get_by_role("button", name="附近别人反映过的事（2 件）").click()
    expect(page.get_by_role("dialog", name="附近别人反映过的事")).to_be_visible()
    assert wrong(page, look) == []


# -- what is asked for, and what stands on each other ------------------------------------------------------------------


# Every time that the pointer was let go and not taken up again for nearly as long as the map waits before it asks.
NOTE_RESTS = """() => {
    window.rests = [];
    let left = Infinity;
    addEventListener("pointerup", (event) => (left = event.timeStamp), true);
    addEventListener("pointerdown", (event) => {
        if (event.timeStamp - left > 200) rests.push(event.timeStamp - left);
    }, true);
}"""


def test_small_moves_ask_for_nothing_and_many_for_little(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    asked: list[str] = []
    page.on("request", lambda one: "/api/map/" in one.url and asked.append(one.url))
    open_map(page)
    expect(page.get_by_role("button", name="用这个位置")).to_be_enabled()
    page.wait_for_timeout(700)
    asked.clear()
    frame = page.locator(".map-frame").bounding_box()
    assert frame
    x, y = frame["x"] + 60, frame["y"] + 60
    page.evaluate(NOTE_RESTS)
    for turn in range(10):  # forth and back, by 40 pixels
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + (40 if turn % 2 else -40), y, steps=4)
        page.mouse.up()
        page.wait_for_timeout(60)
    rests = page.evaluate("rests.length")  # a busy machine pauses between moves
    page.wait_for_timeout(1500)
    assert 1 <= len([one for one in asked if "/where" in one]) <= 1 + rests
    assert [one for one in asked if "/where" not in one] == []
    for _ in range(8):  # far, and quickly
        page.locator(".map-ground").press("Shift+ArrowRight")
        page.wait_for_timeout(100)
    page.wait_for_timeout(1500)
    for part in ("layers/places", "layers/districts", "/incidents"):
        assert 1 <= len([one for one in asked if part in one]) <= 3, asked  # a busy machine pauses between keys


def test_what_is_on_its_way_for_another_sight_is_given_up(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, geolocation=HERE, permissions=["geolocation"])
    given_up: list[str] = []
    page.on("requestfailed", lambda one: given_up.append(one.url))
    held: list[Route] = []
    page.route("**/api/map/layers/places?**", lambda route: held.append(route))
    open_map(page)
    until(page, lambda: held)
    (former,) = held
    page.get_by_role("button", name="我在哪里").click()
    until(page, lambda: given_up and len(held) > 1)
    assert given_up == [former.request.url]
    _, later = held
    later.continue_()
    expect(page.locator(".map-name").first).to_be_visible()


def names(page: Page) -> list[tuple[str, float, float, float, float]]:
    """The names on the map that stands still: left, right, top, bottom."""
    expect(page.locator(".leaflet-zoom-anim")).to_have_count(0)
    found: list[tuple[str, float, float, float, float]] = page.evaluate(
        """() => [...document.querySelectorAll(".map-name")].map((one) => {
          const { left, right, top, bottom } = one.getBoundingClientRect();
          return [one.textContent, left, right, top, bottom];
        })"""
    )
    return found


def covered(boxes: list[tuple[str, float, float, float, float]]) -> list[tuple[str, str]]:
    """Pairs of names of which one stands on the other by more than three pixels both ways."""
    return [
        (one[0], other[0])
        for one, other in combinations(boxes, 2)
        if min(one[2], other[2]) - max(one[1], other[1]) > 3 and min(one[4], other[4]) - max(one[3], other[3]) > 3
    ]


def test_no_name_covers_another(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, width=900, height=900, reduced_motion="reduce")
    open_map(page)
    for zoom in range(11, 18):
        page.get_by_role("button", name="缩小" if zoom == 11 else "放大", exact=True).click()
        page.wait_for_timeout(900)
        for _ in range(20):  # a busy machine draws later
            boxes = names(page)
            if not covered(boxes) and (zoom > 13 or len(boxes) > 3):
                break
            page.wait_for_timeout(250)
        assert covered(boxes) == [], zoom
        assert zoom > 13 or len(boxes) > 3  # there is something to cover
