"""The map over HTTP: what it shows, what stands where, what is open there; and what nobody gets to see."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.bootstrap import Services
from integrations.clients.tiles import CityTiles
from integrations.services.records import Complaint
from integrations.web import map as city_map
from kb.places import Place
from kb.places.areas import Areas
from kb.places.atlas import Atlas
from kb.places.gazetteer import Division, Gazetteer, NamedPlace
from kb.places.layers import Layers
from tests.builders import told
from tests.web.conftest import Browser, is_chinese, problem

SQUARE = (36.062, 120.379)
AROUND_SQUARE = "120.37,36.05,120.40,36.08"
CITY = "120.0,35.7,120.7,36.9"
PATHS = (
    "",
    f"/layers/places?bbox={CITY}&zoom=14",
    "/where?lat=36.062&lon=120.379",
    "/search?q=五四广场",
    "/divisions",
    f"/incidents?bbox={AROUND_SQUARE}",
    "/tiles.pmtiles",
)
WORD = "藏在灌木后面"


def get(browser: Browser, path: str, **headers: str) -> httpx.Response:
    return browser.client.get(f"/api/map{path}", headers=headers)


def read(browser: Browser, path: str, **headers: str) -> Any:
    answer = get(browser, path, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


# -- the doors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_without_a_session_nothing_is_shown(new_browser: Callable[[], Browser], path: str) -> None:
    assert problem(get(new_browser(), path), 401)["code"] == "no_session"


@pytest.mark.parametrize("path", PATHS)
def test_whoever_asks_too_often_is_told_to_wait(
    browser: Browser, path: str, monkeypatch: pytest.MonkeyPatch, new_browser: Callable[[], Browser]
) -> None:
    for name in ("LAYERS_A_MINUTE", "LOOKS_A_MINUTE", "SEARCHES_A_MINUTE", "INCIDENTS_A_MINUTE", "PARTS_A_MINUTE"):
        monkeypatch.setattr(city_map, name, 2)
    other = new_browser()
    other.begin()

    first = [get(browser, path).status_code for _ in range(2)]
    refused = get(browser, path)

    assert 429 not in first
    assert problem(refused, 429)["code"] == "too_fast"
    assert refused.headers["retry-after"]
    assert get(other, path).status_code != 429


@pytest.mark.parametrize(
    "path",
    [
        "/layers/pipes?bbox=120,36,121,37&zoom=12",
        "/layers/places?zoom=12",
        "/layers/places?bbox=120,36,121,37",
        "/layers/places?bbox=120,36,121,37&zoom=21",
        "/layers/places?bbox=120,36,121&zoom=12",
        "/layers/places?bbox=121,36,120,37&zoom=12",
        "/layers/places?bbox=nan,36,121,37&zoom=12",
        "/layers/places?bbox=120,36,inf,37&zoom=12",
        "/layers/places?bbox=a,b,c,d&zoom=12",
        "/layers/places?bbox=" + "1" * 101 + "&zoom=12",
        "/incidents?bbox=120,36,120,37",
        "/where?lat=91&lon=120",
        "/where?lat=36",
        "/where?lat=nan&lon=120",
        "/search",
        "/search?q=" + "街" * 41,
    ],
)
def test_what_makes_no_sense_is_refused_in_words(browser: Browser, path: str) -> None:
    assert is_chinese(problem(get(browser, path), 422)["message"])


# -- what the map is made of -------------------------------------------------------------------------------------


def test_the_map_says_what_it_has_and_claims_nothing_that_is_not_set(browser: Browser) -> None:
    about = read(browser, "")

    west, south, east, north = about["bounds"]
    assert west < SQUARE[1] < east and south < SQUARE[0] < north
    assert south < about["centre"][0] < north and west < about["centre"][1] < east
    assert about["layers"] == [{"name": "districts", "min_zoom": 0}, {"name": "places", "min_zoom": 9}]
    assert (about["attribution"], about["approval"], about["crs"], about["tiles"]) == ("", "", "WGS-84", None)


def test_whose_map_it_is_and_its_approval_are_told_as_they_are_set(services: Services, browser: Browser) -> None:
    services.settings = services.settings.model_copy(
        update={"map_attribution": "© 某市自然资源局", "map_approval": "某审字(2026)1号", "map_crs": "GCJ-02"}
    )

    about = read(browser, "")

    assert (about["attribution"], about["approval"], about["crs"]) == ("© 某市自然资源局", "某审字(2026)1号", "GCJ-02")


def test_places_are_geojson_with_name_and_kind(browser: Browser) -> None:
    answer = get(browser, f"/layers/places?bbox={AROUND_SQUARE}&zoom=16")

    assert answer.headers["content-type"] == "application/geo+json"
    made = answer.json()
    assert made["type"] == "FeatureCollection"
    square = next(one for one in made["features"] if one["properties"]["name"] == "五四广场")
    assert square["properties"] == {"name": "五四广场", "kind": "park"}
    assert square["geometry"] == {"type": "Point", "coordinates": [SQUARE[1], SQUARE[0]]}
    assert all(120.37 <= one["geometry"]["coordinates"][0] <= 120.40 for one in made["features"])


def test_a_layer_is_packed_kept_and_not_sent_twice(browser: Browser) -> None:
    path = f"/layers/places?bbox={CITY}&zoom=16"
    plain, packed = get(browser, path, **{"Accept-Encoding": "identity"}), get(browser, path)

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    assert packed.json() == plain.json()
    assert packed.headers["cache-control"] == "private, max-age=3600"
    again = get(browser, path, **{"If-None-Match": packed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    elsewhere = get(browser, f"/layers/places?bbox={AROUND_SQUARE}&zoom=16")
    assert elsewhere.headers["etag"] != packed.headers["etag"]


def test_the_districts_are_listed_with_their_streets(browser: Browser) -> None:
    listed = {one["name"]: one["streets"] for one in read(browser, "/divisions")["districts"]}

    assert len(listed) == 10
    assert "香港中路街道" in listed["市南区"]
    assert not any("社区" in street for streets in listed.values() for street in streets)


def test_places_that_are_taken_into_use_are_on_the_map_at_once(services: Services, browser: Browser) -> None:
    before = read(browser, "/search?q=五四广场")["places"]
    known = {"990101": Division("990101", "district", "新区", "9901")}
    place = NamedPlace("新广场", "park", ("新区",), None, (), 30.0, 110.0)
    other = Atlas(Gazetteer(known, [place]), Areas.empty(), Layers({}, {}))

    services.mapping.places = lambda: other

    assert before and read(browser, "/search?q=五四广场")["places"] == []
    assert read(browser, "/search?q=新广场")["places"][0]["lat"] == 30.0
    assert read(browser, "")["centre"] == [30.0, 110.0]
    assert read(browser, "/divisions")["districts"] == [{"name": "新区", "streets": []}]


# -- what stands where -------------------------------------------------------------------------------------------


def test_a_point_is_named_as_a_pin_there_would_be_understood(browser: Browser) -> None:
    found = read(browser, "/where?lat=36.0621&lon=120.3791")

    assert found == {
        "inside": True,
        "label": "五四广场附近",
        "district": "市南区",
        "street": "香港中路街道",
        "near": "五四广场",
    }


def test_a_point_outside_the_city_is_said_to_be_outside(browser: Browser) -> None:
    found = read(browser, "/where?lat=39.9&lon=116.4")

    assert found == {"inside": False, "label": "", "district": "", "street": "", "near": ""}


def test_where_nothing_is_near_no_name_is_made_up(browser: Browser) -> None:
    found = read(browser, "/where?lat=36.2&lon=120.25")

    assert found["inside"] is True
    assert found["label"] == ""


def test_a_place_is_found_by_name_by_pinyin_and_with_a_slip(browser: Browser) -> None:
    for typed in ("五四广场", "wusiguangchang", "wsgc", "五四广厂", "五四廣場", "市南区五四广场门口"):
        (first, *rest) = read(browser, f"/search?q={typed}")["places"]
        assert (first["name"], first["kind"], first["district"]) == ("五四广场", "park", "市南区"), typed
        assert (first["street"], first["lat"], first["lon"]) == ("香港中路街道", *SQUARE)
        assert len(rest) < 10
    assert read(browser, "/search?q=")["places"] == []
    assert len(read(browser, "/search?q=路")["places"]) == 10


def test_a_place_without_a_coordinate_is_found_and_none_is_made_up(browser: Browser) -> None:
    first = read(browser, "/search?q=香港中路")["places"][0]

    assert (first["name"], first["kind"], first["lat"], first["lon"]) == ("香港中路", "road", None, None)


def test_what_somebody_looks_at_is_kept_nowhere(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", logger="integrations"):
        for path in ("/where?lat=36.0621&lon=120.3791", "/search?q=五四广场", f"/incidents?bbox={AROUND_SQUARE}"):
            assert get(browser, path).headers["cache-control"] == "no-store"

    assert "36.0621" not in caplog.text and "五四广场" not in caplog.text


# -- what is open there ------------------------------------------------------------------------------------------


@pytest.fixture
def each_alone(services: Services) -> None:
    """What one citizen told of is shown: for tests that are about something else."""
    services.mapping.least_citizens = 1


@pytest.fixture
def file(services: Services) -> Callable[..., Complaint]:
    """Files a complaint with a pin at the square, by another citizen each time."""
    count = 0

    def filed(*, pin: tuple[float, float] = SQUARE, secret: bool = False, joins: Complaint | None = None) -> Complaint:
        nonlocal count
        count += 1
        draft = told(services, f"市南区五四广场路灯坏了，{WORD}", draft_id=f"draft-{count}", phone=None)
        place = Place(
            "五四广场", "市南区", "370202", spot="五四广场", lat=pin[0], lon=pin[1], crs="WGS-84", pinned=True
        )
        draft = replace(draft, place=place, confidential=secret, join=joins.incident_id if joins else None)
        conversation = services.conversing.open("web", f"somebody-{count}")
        return services.filing.submit(draft, conversation.id)

    return filed


def dots(browser: Browser, bbox: str = AROUND_SQUARE) -> list[dict[str, Any]]:
    return list(read(browser, f"/incidents?bbox={bbox}")["incidents"])


def test_an_open_incident_is_a_dot_with_nothing_of_anybody(
    services: Services, browser: Browser, file: Callable[..., Complaint]
) -> None:
    complaint = file(pin=(36.0620449, 120.3790449))
    file(joins=complaint)

    answer = get(browser, f"/incidents?bbox={AROUND_SQUARE}")

    name = services.taxonomy.names[complaint.category]
    assert answer.json() == {
        "incidents": [{"lat": 36.062, "lon": 120.379, "category": name, "citizens": 2, "since": "2026-11-21"}]
    }
    for hidden in (complaint.number, complaint.id, complaint.incident_id, WORD, "somebody"):
        assert hidden not in answer.text


def test_what_a_single_citizen_told_of_is_on_nobodys_map(browser: Browser, file: Callable[..., Complaint]) -> None:
    alone = file()
    assert dots(browser) == []

    file(joins=alone)
    assert [one["citizens"] for one in dots(browser)] == [2]


def test_a_city_may_ask_for_more_citizens_or_fewer(
    services: Services, browser: Browser, file: Callable[..., Complaint]
) -> None:
    first = file()
    file(joins=first)
    file(pin=(36.07, 120.39))
    shown = {}
    for least in (1, 2, 3):
        services.mapping.least_citizens = least
        shown[least] = sorted(one["citizens"] for one in dots(browser))

    assert shown == {1: [1, 2], 2: [2], 3: []}


def test_confidential_complaints_are_not_counted(browser: Browser, file: Callable[..., Complaint]) -> None:
    secret = file(secret=True)
    file(joins=secret)
    assert dots(browser) == []

    file(joins=secret)
    assert [one["citizens"] for one in dots(browser)] == [2]


@pytest.mark.usefixtures("each_alone")
def test_what_only_confidential_complaints_tell_of_is_not_shown(
    browser: Browser, file: Callable[..., Complaint]
) -> None:
    secret = file(secret=True)
    assert dots(browser) == []

    file(joins=secret)
    assert [one["citizens"] for one in dots(browser)] == [1]


@pytest.mark.usefixtures("each_alone")
def test_what_is_withdrawn_or_closed_is_not_shown(
    services: Services, browser: Browser, file: Callable[..., Complaint]
) -> None:
    withdrawn, closed = file(), file(pin=(36.07, 120.39))
    assert len(dots(browser)) == 2

    services.withdrawing.withdraw(withdrawn.conversation_id, withdrawn.number, key="m-1")
    with services.unit_of_work() as tx:
        tx.incidents.close(closed.incident_id, services.clock())

    assert dots(browser) == []


@pytest.mark.usefixtures("each_alone")
def test_who_withdrew_is_not_counted(services: Services, browser: Browser, file: Callable[..., Complaint]) -> None:
    first = file()
    file(joins=first)
    services.withdrawing.withdraw(first.conversation_id, first.number, key="m-1")

    assert [one["citizens"] for one in dots(browser)] == [1]


@pytest.mark.usefixtures("each_alone")
def test_a_merged_incident_is_one_dot(services: Services, browser: Browser, file: Callable[..., Complaint]) -> None:
    one, other = file(), file(pin=(36.0625, 120.3845))
    assert len(dots(browser)) == 2

    services.merging.merge(one.incident_id, [other.incident_id], by="clerk", why="the same")

    assert [(dot["lat"], dot["citizens"]) for dot in dots(browser)] == [(36.062, 2)]


@pytest.mark.usefixtures("each_alone")
def test_only_what_is_in_the_box_is_shown_and_nothing_in_a_box_too_wide(
    browser: Browser, file: Callable[..., Complaint]
) -> None:
    file()

    assert len(dots(browser)) == 1
    assert dots(browser, "120.39,36.05,120.40,36.08") == []
    assert dots(browser, CITY) == []


@pytest.mark.usefixtures("each_alone")
def test_of_many_the_latest_are_shown(
    services: Services, browser: Browser, file: Callable[..., Complaint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.services.mapping.MOST_INCIDENTS", 2)
    for n in range(3):
        file(pin=(36.06 + n / 1000, 120.379))
        services.clock.move(hours=1)  # type: ignore[attr-defined]

    assert [one["lat"] for one in dots(browser)] == [36.062, 36.061]


# -- the city's own tiles ----------------------------------------------------------------------------------------

BODY = bytes(range(256)) * 8_000


def archive(path: Path, *, kind: int = 2, version: int = 3, body: bytes = BODY) -> Path:
    """A file whose head says what it is; what is inside is the browser's business."""
    head = b"PMTiles" + bytes([version]) + struct.pack("<11Q", *range(11)) + bytes([1, 1, 1, kind, 9, 17])
    path.write_bytes(head.ljust(127, b"\0") + body)
    return path


@pytest.fixture
def tiles(services: Services, browser: Browser, tmp_path: Path) -> Path:
    path = archive(tmp_path / "city.pmtiles")
    services.settings = services.settings.model_copy(update={"map_tiles": path})
    return path


def part(browser: Browser, asked: str) -> httpx.Response:
    return get(browser, "/tiles.pmtiles", Range=asked)


def test_the_citys_tiles_are_told_and_given_in_parts(browser: Browser, tiles: Path) -> None:
    whole = tiles.read_bytes()

    assert read(browser, "")["tiles"] == {"url": "/api/map/tiles.pmtiles", "min_zoom": 9, "max_zoom": 17}
    head = part(browser, "bytes=0-126")
    assert (head.status_code, head.content) == (206, whole[:127])
    assert head.headers["content-range"] == f"bytes 0-126/{len(whole)}"
    assert head.headers["etag"] and head.headers["accept-ranges"] == "bytes"
    assert part(browser, "bytes=5000-5999").content == whole[5000:6000]
    assert part(browser, f"bytes={len(whole) - 10}-{len(whole) + 10}").content == whole[-10:]
    assert part(browser, f"bytes={len(whole) - 10}-").content == whole[-10:]


@pytest.mark.parametrize(
    "asked",
    ["", "bytes=-100", "bytes=5-4", "bytes=0-", "bytes=0-1048576", "bytes=9999999-", "bytes=0-1,5-6", "lines=0-1", "x"],
)
def test_other_parts_are_refused(browser: Browser, tiles: Path, asked: str) -> None:
    answer = part(browser, asked)

    problem(answer, 416)
    assert answer.headers["content-range"] == f"bytes */{tiles.stat().st_size}"


def test_a_file_that_was_changed_has_another_tag(browser: Browser, tiles: Path) -> None:
    before = part(browser, "bytes=0-9").headers["etag"]
    archive(tiles, body=BODY + b"more")

    after = part(browser, "bytes=0-9")

    assert after.headers["etag"] != before
    assert after.headers["content-range"].endswith(f"/{tiles.stat().st_size}")


def test_where_the_city_has_no_tiles_there_are_none(browser: Browser) -> None:
    assert problem(part(browser, "bytes=0-9"), 404)["code"] == "no_tiles"


@pytest.mark.parametrize("wrong", ["gone", "short", "version", "vector", "other"])
def test_a_file_that_is_no_map_is_said_in_the_log_and_the_map_goes_on(
    tmp_path: Path, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = archive(tmp_path / "city.pmtiles")
    match wrong:
        case "gone":
            path.unlink()
        case "short":
            path.write_bytes(b"PMTiles\x03")
        case "version":
            archive(path, version=2)
        case "vector":
            archive(path, kind=1)
        case _:
            path.write_bytes(b"\x89PNG".ljust(400, b"\0"))
    city = CityTiles(path)

    assert city.now() is None and city.now() is None
    assert caplog.text.count("without tiles") == 1

    archive(path)
    found = city.now()
    assert found is not None and found.max_zoom == 17
