"""The panel 位置 and the map: by the phone, by the finger, by words, by the keyboard, and when nothing helps."""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from kb.places import Place, coordinates
from kb.places.distances import metres
from tests.browser.conftest import NewPage
from tests.browser.stage import Stage
from tests.browser.test_axe import LOOKS, SIDEWAYS, ZOOMED, Look, small_targets, unnamed, violations
from tests.builders import told

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

HERE = {"latitude": 36.0671, "longitude": 120.3826}


def open_panel(page: Page) -> None:
    page.locator(".tools [data-panel=place]").click()
    expect(page.get_by_role("dialog", name="在哪里")).to_be_visible()


def open_map(page: Page) -> None:
    open_panel(page)
    page.get_by_role("button", name="在地图上选").click()
    expect(page.get_by_role("dialog", name="在地图上选")).to_be_visible()
    expect(page.locator(".leaflet-container")).to_be_visible()


def pin(stage: Stage, page: Page) -> dict[str, Any]:
    """The pin that was heard, once the line stands."""
    for _ in range(100):
        if found := [said.location for said in stage.listener.said if said.location]:
            return dict(found[-1])
        page.wait_for_timeout(50)
    raise AssertionError("no pin was heard")


def distance(found: dict[str, Any], lat: float, lon: float) -> float:
    """Metres between a pin and a point."""
    return metres((found["lat"], found["lon"]), (lat, lon))


def test_where_the_phone_is(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, geolocation=HERE, permissions=["geolocation"])
    open_panel(page)
    page.get_by_role("button", name="用我现在的位置").click()
    found = pin(stage, page)
    assert (found["lat"], found["lon"], found["crs"]) == (36.0671, 120.3826, "WGS-84")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_who_does_not_allow_it_is_told_what_else_can_be_done(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    open_panel(page)
    page.get_by_role("button", name="用我现在的位置").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("打字说地点也一样")
    page.get_by_role("combobox", name="打字说地点").fill("李村大集东门")
    page.get_by_role("button", name="就是这里").click()
    expect(page.get_by_role("log")).to_contain_text("听到了：李村大集东门")


def test_words_as_they_are_and_none_at_all(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    open_panel(page)
    page.get_by_role("button", name="就是这里").click()
    expect(page.get_by_text("您还没写地点呢")).to_be_visible()
    page.get_by_role("combobox", name="打字说地点").press_sequentially("我家楼下")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("听到了：我家楼下")


def test_a_name_of_the_list_by_the_keyboard(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    open_panel(page)
    field = page.get_by_role("combobox", name="打字说地点")
    field.press_sequentially("李村")
    expect(page.get_by_role("option").first).to_be_visible()
    field.press("ArrowDown")
    name = page.get_by_role("option", selected=True).locator("b").inner_text()
    field.press("Enter")
    expect(field).to_have_value(name)
    expect(page.get_by_role("button", name="就是这里")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".line.citizen")).to_contain_text(name)


# -- districts and streets ---------------------------------------------------------------------------------------------


def heard(stage: Stage, page: Page) -> str:
    """The words that were heard, once there are some."""
    for _ in range(100):
        if found := [said.text for said in stage.listener.said if said.text]:
            return found[-1]
        page.wait_for_timeout(50)
    raise AssertionError("nothing was heard")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("我家楼下", "市南区 香港中路街道 我家楼下"),
        ("市南区我家楼下", "市南区 香港中路街道 我家楼下"),
        ("香港中路街道我家楼下", "市南区 香港中路街道 我家楼下"),
        ("市南区 香港中路街道 我家楼下", "市南区 香港中路街道 我家楼下"),
        ("就在市南区香港中路街道办旁边", "就在市南区香港中路街道办旁边"),
        ("", "市南区 香港中路街道"),
    ],
)
def test_district_and_street_are_said_with_the_words_and_not_twice(
    stage: Stage, new_page: NewPage, typed: str, said: str
) -> None:
    page = new_page(stage.url)
    open_panel(page)
    expect(page.get_by_label("哪个区、哪个市")).to_be_hidden()
    page.get_by_text("先选区和街道").click()
    expect(page.get_by_label("哪个街道、哪个镇")).to_be_hidden()
    page.get_by_label("哪个区、哪个市").select_option("市南区")
    page.get_by_label("哪个街道、哪个镇").select_option("香港中路街道")
    expect(page.get_by_text("市南区 香港中路街道（可以改）")).to_be_visible()
    page.get_by_role("combobox", name="打字说地点").fill(typed)
    page.get_by_role("button", name="就是这里").click()
    assert heard(stage, page) == said


def test_another_district_has_other_streets(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    open_panel(page)
    page.get_by_text("先选区和街道").focus()
    page.keyboard.press("Enter")
    district, street = page.get_by_label("哪个区、哪个市"), page.get_by_label("哪个街道、哪个镇")
    district.select_option("市南区")
    street.select_option("香港中路街道")
    district.select_option("李沧区")
    expect(street).to_have_value("")
    expect(street.locator("option", has_text="李村街道")).to_have_count(1)
    expect(street.locator("option", has_text="香港中路街道")).to_have_count(0)
    district.select_option("")
    expect(street).to_be_hidden()
    expect(page.get_by_text("先选区和街道")).to_be_visible()


def test_a_place_that_is_picked_fills_them_in_and_takes_them_along(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    open_panel(page)
    field = page.get_by_role("combobox", name="打字说地点")
    field.fill("五四广场")
    page.get_by_role("option").filter(has=page.locator("b", has_text=re.compile("^五四广场$"))).click()
    summary = page.locator(".place-divisions summary")
    expect(summary).to_contain_text("市南区 香港中路街道")
    field.fill("五四广场北边的公厕")
    expect(summary).to_contain_text("市南区 香港中路街道")
    page.get_by_role("button", name="就是这里").click()
    assert heard(stage, page) == "市南区 香港中路街道 五四广场北边的公厕"

    open_panel(page)
    field.fill("五四广场")
    page.get_by_role("option").filter(has=page.locator("b", has_text=re.compile("^五四广场$"))).click()
    expect(summary).to_contain_text("市南区 香港中路街道")
    field.fill("李村大集")
    expect(summary).to_contain_text("先选区和街道")
    page.get_by_role("button", name="就是这里").click()
    expect(page.get_by_role("log")).to_contain_text("听到了：李村大集")


def test_a_list_that_does_not_come_leaves_the_words(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    page.route("**/api/map/divisions", lambda route: route.abort())
    open_panel(page)
    page.get_by_text("先选区和街道").click()
    expect(page.get_by_text("直接打字说也一样")).to_be_visible()
    page.unroute("**/api/map/divisions")
    page.get_by_text("先选区和街道").click()
    page.get_by_text("先选区和街道").click()
    page.get_by_label("哪个区、哪个市").select_option("市南区")
    expect(page.get_by_text("直接打字说也一样")).to_have_count(0)


def test_escape_closes_the_list_and_then_the_panel(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    open_panel(page)
    field = page.get_by_role("combobox", name="打字说地点")
    field.press_sequentially("李村")
    expect(page.get_by_role("option").first).to_be_visible()
    field.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(page.get_by_role("dialog")).to_be_visible()
    field.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_point_under_the_pin(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_map(page)
    expect(page.locator(".map-spot")).not_to_be_empty()
    page.locator(".map-ground").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(1200)
    page.get_by_role("button", name="用这个位置").click()
    found = pin(stage, page)
    assert 35 < found["lat"] < 37.5 and 119 < found["lon"] < 121.5
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [url for url in asked if not url.startswith(stage.url)] == []  # nobody else is asked for anything


def test_a_late_answer_for_a_former_point_is_not_sent_for_this_one(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, geolocation=HERE, permissions=["geolocation"])
    held: list[Route] = []
    page.route("**/api/map/where?**", lambda route: held.append(route))
    open_map(page)
    page.wait_for_timeout(300)
    page.get_by_role("button", name="我在哪里").click()
    page.wait_for_timeout(60)  # the map has begun to move, and nothing is asked of the new point yet
    (former,) = held
    former.continue_()
    page.wait_for_timeout(1500)
    _, *later = held
    assert later
    expect(page.get_by_role("button", name="用这个位置")).to_be_disabled()
    for one in later:
        one.continue_()
    page.get_by_role("button", name="用这个位置").click()
    found = pin(stage, page)
    assert abs(found["lat"] - HERE["latitude"]) < 0.001 and abs(found["lon"] - HERE["longitude"]) < 0.001


def test_the_map_follows_a_name(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, geolocation=HERE, permissions=["geolocation"])
    open_map(page)
    page.get_by_role("button", name="我在哪里").click()
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="用这个位置").click()
    found = pin(stage, page)
    assert abs(found["lat"] - HERE["latitude"]) < 0.001 and abs(found["lon"] - HERE["longitude"]) < 0.001


def test_a_name_that_is_looked_for_on_the_map_becomes_the_pin(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    open_map(page)
    page.get_by_role("combobox", name="找地名").press_sequentially("五四广场")
    page.get_by_role("option").filter(has=page.locator("b", has_text=re.compile("^五四广场$"))).click()
    expect(page.locator(".map-spot")).to_have_text("五四广场附近")
    page.get_by_role("button", name="用这个位置").click()
    found = pin(stage, page)
    assert distance(found, 36.062, 120.379) < 50
    assert found["label"] == "五四广场附近"
    page.wait_for_timeout(400)
    open_map(page)  # where the last pin was
    expect(page.locator(".map-spot")).to_have_text("五四广场附近")


def test_the_first_label_is_that_of_the_centre_and_never_nothing(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    asked: list[str] = []
    page.on("request", lambda one: "/api/map/where" in one.url and asked.append(one.url))
    told = {"inside": True, "label": "", "district": "市南区", "street": "香港中路街道", "near": ""}
    page.route("**/api/map/where?**", lambda route: route.fulfill(json=told))
    open_map(page)
    expect(page.locator(".map-spot")).to_have_text("市南区 香港中路街道附近")
    north, east = stage.services.mapping.city().drawing.centre
    query = parse_qs(urlsplit(asked[0]).query)
    assert distance({"lat": float(query["lat"][0]), "lon": float(query["lon"][0])}, north, east) < 60
    page.get_by_role("button", name="用这个位置").click()
    found = pin(stage, page)
    assert found["label"] == ""  # no name is made up for the pin


def test_a_map_that_does_not_come_leaves_the_words(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    page.route("**/leaflet.js", lambda route: route.abort())
    open_panel(page)
    page.get_by_role("button", name="在地图上选").click()
    expect(page.get_by_text("地图打不开")).to_be_visible()
    expect(page.get_by_role("combobox", name="打字说地点")).to_be_visible()


def test_outside_the_city_it_is_said(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)

    def outside(route: Route) -> None:
        route.fulfill(json={"inside": False, "label": "", "district": "", "street": "", "near": ""})

    page.route("**/api/map/where?**", outside)
    open_map(page)
    expect(page.locator(".map-spot")).to_contain_text("不在本市")
    expect(page.get_by_role("button", name="用这个位置")).to_be_disabled()


def test_nothing_on_the_map_becomes_markup(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    evil = "<img src=x onerror=\"document.title='hacked'\">"

    def layer(route: Route) -> None:
        feature = {
            "type": "Feature",
            "properties": {"name": evil, "kind": "poi"},
            "geometry": {"type": "Point", "coordinates": [120.38, 36.07]},
        }
        route.fulfill(json={"type": "FeatureCollection", "features": [feature]})

    def dots(route: Route) -> None:
        one = {"lat": 36.07, "lon": 120.38, "category": evil, "citizens": 3, "since": "2026-11-01"}
        route.fulfill(json={"incidents": [one]})

    page.route("**/api/map/layers/**", layer)
    page.route("**/api/map/incidents?**", dots)
    open_map(page)
    page.wait_for_timeout(1200)
    assert page.title() != "hacked"
    assert page.locator(".map-ground img[src=x]").count() == 0


# -- what others have told of ------------------------------------------------------------------------------------------

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
    page.get_by_role("button", name="我在哪里").click()
    expect(page.get_by_role("button", name="用这个位置")).to_be_disabled()
    expect(page.get_by_role("button", name="用这个位置")).to_be_enabled()


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
    for turn in range(10):  # forth and back, by 40 pixels
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + (40 if turn % 2 else -40), y, steps=4)
        page.mouse.up()
        page.wait_for_timeout(60)
    page.wait_for_timeout(1500)
    assert len([one for one in asked if "/where" in one]) == 1
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
    for _ in range(100):
        if held:
            break
        page.wait_for_timeout(50)
    (former,) = held
    page.get_by_role("button", name="我在哪里").click()
    page.wait_for_timeout(1500)
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


# -- the city's own tiles ----------------------------------------------------------------------------------------------


def varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def archive(path: Path) -> Path:
    """A PMTiles file whose every tile is the same blue square."""
    made = io.BytesIO()
    Image.new("RGB", (256, 256), (20, 60, 220)).save(made, "PNG")
    tile = made.getvalue()
    root = b"".join(map(varint, (1, 0, 2**40, len(tile), 1)))
    offsets = (127, len(root), 127 + len(root), 0, 127 + len(root), 0, 127 + len(root), len(tile), 1, 1, 1)
    kinds = bytes([1, 1, 1, 2, 9, 12])  # clustered, nothing packed, PNG, zooms
    bounds = struct.pack("<iiiiBii", *(int(one * 1e7) for one in (119.5, 35.5, 121.0, 37.2)), 10, 0, 0)
    head = b"PMTiles\x03" + struct.pack("<11Q", *offsets) + kinds + bounds
    path.write_bytes(head.ljust(127, b"\0") + root + tile)
    return path


@pytest.mark.parametrize("crs", ["WGS-84", "GCJ-02"])
def test_the_citys_own_tiles_lie_under_everything(stage: Stage, new_page: NewPage, tmp_path: Path, crs: str) -> None:
    change = {"map_tiles": archive(tmp_path / "city.pmtiles"), "map_crs": crs, "map_approval": "鲁S(2026)001号"}
    stage.services.settings = stage.services.settings.model_copy(update=change)
    page = new_page(stage.url, geolocation=HERE, permissions=["geolocation"])
    open_map(page)
    expect(page.locator(".leaflet-tile-pane img").first).to_be_visible()
    expect(page.locator(".map-credits")).to_contain_text("鲁S(2026)001号")
    page.get_by_role("button", name="我在哪里").click()
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="用这个位置").click()
    found = pin(stage, page)
    assert abs(found["lat"] - HERE["latitude"]) < 0.0002 and abs(found["lon"] - HERE["longitude"]) < 0.0002


def test_both_sides_shift_alike(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    base = page.evaluate("JSON.parse(document.getElementById('frame').textContent).base")
    points = [(36.0671, 120.3826), (35.6, 119.5), (37.15, 121.0), (22.5, 114.0), (47.3, 130.3)]
    made = page.evaluate(
        """async ([base, points]) => {
          const { shown, real } = (await import(`${base}/map/crs.js`)).datum("GCJ-02");
          return points.map((point) => [shown(point), real(shown(point))]);
        }""",
        [base, points],
    )
    for point, (there, back) in zip(points, made, strict=True):
        assert max(abs(a - b) for a, b in zip(there, coordinates.gcj02(point), strict=True)) < 1e-7
        assert max(abs(a - b) for a, b in zip(back, point, strict=True)) < 1e-7
