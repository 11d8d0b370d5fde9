"""Whether two reports are about one problem."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.matching import BAR, MOST, PERIOD, RADIUS_M, OpenIncident, Similar, metres, similar
from kb.places import Place

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LAMP = "410101"
NOISE = "630203"
TEXT = "路灯坏了三天没人修"
DEGREE = 111_195  # metres of one degree of latitude


def spot(text: str = "翠湖小区北门", **changes: Any) -> Place:
    return Place(**{"text": text, "district": "李沧区", "spot": "翠湖小区", **changes})


def incident(**changes: Any) -> OpenIncident:
    fields: dict[str, Any] = {
        "id": "one",
        "category": LAMP,
        "place": spot(),
        "summary": TEXT,
        "opened_at": NOW - timedelta(days=2),
        "last_report_at": NOW - timedelta(days=1),
        "people": 3,
    }
    return OpenIncident(**{**fields, **changes})


def look(
    *incidents: OpenIncident, code: str = LAMP, place: Place | None = None, text: str = TEXT
) -> tuple[Similar, ...]:
    return similar(code=code, place=place or spot(), text=text, now=NOW, incidents=incidents)


def test_the_same_spot_and_category_is_found_with_reasons() -> None:
    (found,) = look(incident())
    assert found.incident.id == "one"
    assert found.score >= 0.9
    assert found.reasons == ("同一地点", "同一类问题", "2天前有人反映", "已有3人反映")


def test_what_was_reported_today_says_so() -> None:
    assert "今天有人反映" in look(incident(opened_at=NOW - timedelta(hours=5)))[0].reasons


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("翠湖小区3号楼", "翠湖小区5号楼"),
        ("翠湖小区3栋", "翠湖小区5栋"),
        ("金水路65号", "金水路67号"),
        ("翠湖小区３号楼", "翠湖小区5号楼"),
        ("翠湖小区三号楼", "翠湖小区五号楼"),
    ],
)
def test_another_building_is_another_problem(mine: str, theirs: str) -> None:
    assert look(incident(place=spot(theirs)), place=spot(mine)) == ()


def test_another_building_is_another_problem_though_the_pins_are_close() -> None:
    here, there = (
        spot("翠湖小区3号楼", lat=36.1, lon=120.4, crs="WGS-84"),
        spot("翠湖小区5号楼", lat=36.1 + 60 / DEGREE, lon=120.4, crs="WGS-84"),
    )
    assert look(incident(place=there), place=here) == ()


@pytest.mark.parametrize(("mine", "theirs"), [("翠湖小区3号楼", "翠湖小区3栋"), ("翠湖小区3号楼", "翠湖小区")])
def test_the_same_building_or_one_that_was_not_said_may_be_the_same(mine: str, theirs: str) -> None:
    assert look(incident(place=spot(theirs)), place=spot(mine))


def test_a_metro_line_is_no_building() -> None:
    assert look(incident(place=spot("翠湖小区2号线站口")), place=spot("翠湖小区3号楼"))


def test_another_district_is_another_problem() -> None:
    assert look(incident(place=spot(district="市北区"))) == ()
    assert look(incident(place=spot(district=None))), "a district that was not said contradicts nothing"


@pytest.mark.parametrize(
    ("code", "found"), [(LAMP, True), ("410102", True), ("410201", True), ("420101", False), ("510101", False)]
)
def test_only_the_same_branch_can_be_the_same_problem(code: str, found: bool) -> None:
    assert bool(look(incident(category=code))) is found


def test_nearer_categories_weigh_more() -> None:
    same, near, far = (look(incident(category=code))[0] for code in (LAMP, "410102", "410201"))
    assert same.score > near.score > far.score
    assert [one.reasons[1] for one in (same, near, far)] == ["同一类问题", "相近的问题", "同一大类"]


@pytest.mark.parametrize("branch", sorted(PERIOD))
def test_noise_and_the_like_are_over_after_their_period(branch: str) -> None:
    code = f"{branch}0203"
    still = incident(category=code, last_report_at=NOW - PERIOD[branch])
    over = incident(category=code, last_report_at=NOW - PERIOD[branch] - timedelta(seconds=1))
    assert look(still, code=code)
    assert look(over, code=code) == ()


def test_a_broken_lamp_stays_the_same_until_it_is_closed() -> None:
    assert look(incident(opened_at=NOW - timedelta(days=400), last_report_at=NOW - timedelta(days=300)))


@pytest.mark.parametrize(("away", "found"), [(0, True), (100, True), (249, True), (251, False), (2_000, False)])
def test_pins_tell_by_distance(away: int, found: bool) -> None:
    here = Place("地图上的定位", lat=36.1, lon=120.4, crs="WGS-84")
    there = Place("定位", lat=36.1 + away / DEGREE, lon=120.4, crs="WGS-84")
    assert bool(look(incident(place=there), place=here)) is found


def test_distance_is_told_in_round_metres() -> None:
    here = Place("地图上的定位", lat=36.1, lon=120.4, crs="WGS-84")
    there = Place("定位", lat=36.1 + 123 / DEGREE, lon=120.4, crs="WGS-84")
    assert look(incident(place=there), place=here)[0].reasons[0] == "相距约120米"


def test_pins_of_different_systems_are_not_compared() -> None:
    here = Place("甲", lat=36.1, lon=120.4, crs="WGS-84")
    assert look(incident(place=Place("乙", lat=36.1, lon=120.4, crs="GCJ-02")), place=here) == ()


def test_the_same_road_alone_is_weaker_than_the_same_spot() -> None:
    road = Place("金水路", district="李沧区", road="金水路")
    (found,) = look(incident(place=Place("李沧区金水路", district="李沧区", road="金水路")), place=road)
    assert found.reasons[0] == "都在金水路"
    assert found.score < look(incident())[0].score
    assert look(incident(place=spot(road="金水路", spot="百通馨苑", text="百通馨苑")), place=spot(road="金水路")) == ()


def test_at_most_five_are_offered_the_best_first() -> None:
    many = [incident(id=str(n), summary="路灯" + "甲乙丙丁戊己庚辛壬"[n:]) for n in range(9)]
    found = look(*many)
    assert len(found) == MOST == 5
    assert [one.incident.id for one in found] == ["8", "7", "6", "5", "4"]
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_nothing_open_nothing_offered() -> None:
    assert look() == ()


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    assert metres((36.0, 120.0), (37.0, 120.0)) == pytest.approx(DEGREE, rel=0.001)
    assert metres((36.1, 120.4), (36.1, 120.4)) == 0
    assert RADIUS_M == 250


words = st.text(st.sampled_from("翠湖小区金水路北门3号楼5栋李沧"), max_size=12)
somewhere = st.builds(
    Place,
    text=words,
    district=st.none() | st.sampled_from(["李沧区", "市北区"]),
    road=st.none() | words,
    spot=st.none() | words,
    community=st.none() | words,
    lat=st.none() | st.floats(36, 36.01),
    lon=st.none() | st.floats(120, 120.01),
    crs=st.none() | st.just("WGS-84"),
)


@given(somewhere, somewhere, st.text(max_size=20), st.text(max_size=20), st.sampled_from([LAMP, "410102", NOISE]))
def test_a_score_lies_between_the_bar_and_one_and_is_the_same_from_both_sides(
    mine: Place, theirs: Place, my_text: str, their_text: str, code: str
) -> None:
    found = look(incident(place=theirs, summary=their_text, category=code), place=mine, text=my_text)
    back = look(incident(place=mine, summary=my_text), place=theirs, text=their_text, code=code)
    assert all(BAR <= one.score <= 1 and len(one.reasons) == 4 and all(one.reasons) for one in found)
    if code != NOISE:
        assert [one.score for one in found] == [one.score for one in back]
