"""The panel 位置 and the map: by the phone, by the finger, by words, by the keyboard, and when nothing helps."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from kb.places import coordinates
from kb.places.distances import metres
from tests.browser.conftest import NewPage, until
from tests.browser.stage import Stage

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
    until(page, lambda: [said for said in stage.listener.said if said.location])
    return dict([said.location for said in stage.listener.said if said.location][-1])


def to_where_i_am(page: Page) -> None:
    """Have the map go to where the phone is, and wait until it is asked what is there."""

    def asks_there(asked: str) -> bool:
        query = parse_qs(urlsplit(asked).query)
        return "/api/map/where" in asked and abs(float(query["lat"][0]) - HERE["latitude"]) < 0.001

    with page.expect_response(lambda answer: asks_there(answer.url)):
        page.get_by_role("button", name="我在哪里").click()
    expect(page.get_by_role("button", name="用这个位置")).to_be_enabled()


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
    until(page, lambda: [said for said in stage.listener.said if said.text])
    return [said.text for said in stage.listener.said if said.text][-1]


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
    until(page, lambda: held)
    (former,) = held
    page.get_by_role("button", name="我在哪里").click()
    page.wait_for_timeout(60)  # the map has begun to move, and mostly nothing is asked of the new point yet
    former.continue_()
    until(page, lambda: len(held) > 1)
    page.wait_for_timeout(500)
    _, *later = held
    expect(page.get_by_role("button", name="用这个位置")).to_be_disabled()
    for one in later:
        one.continue_()
    page.get_by_role("button", name="用这个位置").click()
    found = pin(stage, page)
    assert abs(found["lat"] - HERE["latitude"]) < 0.001 and abs(found["lon"] - HERE["longitude"]) < 0.001


def test_the_map_follows_a_name(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, geolocation=HERE, permissions=["geolocation"])
    open_map(page)
    to_where_i_am(page)
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
    to_where_i_am(page)
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
