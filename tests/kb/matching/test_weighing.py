"""Is it the same problem: probability, reasons, periods, contradictions."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kb.matching import OpenIncident, Report, shipped, weigh
from kb.matching.meaning import packed
from kb.places import Place
from kb.places.coordinates import from_wgs84
from tests.kb.matching.made import (
    BILL,
    COVER,
    LAMP,
    LIFT,
    NOISE,
    NOW,
    OUTAGE,
    TEXT,
    incident,
    incidents,
    pin,
    report,
    reports,
    spot,
    times,
)

SUGGEST, SAME = shipped().bars.suggest, shipped().bars.same


def chance(mine: Report, theirs: OpenIncident) -> float:
    return weigh(mine, theirs, NOW).probability


def at(text: str, **changes: object) -> tuple[Report, OpenIncident]:
    """A report and an incident whose places are told by the same words."""
    return report(place=spot(text, **changes)), incident(
        place=spot(text, **changes), summary="灯不亮好久了，晚上看不见"
    )


def test_the_same_spot_and_category_is_the_same_with_reasons() -> None:
    found = weigh(report(), incident(), NOW)
    assert found.probability >= SAME and found.automatic
    assert found.reasons == ("内容相同", "都在翠湖", "同一类问题", "2天前有人反映", "已有3人反映")


def test_what_was_reported_today_says_so_and_what_was_closed_says_when() -> None:
    assert "今天有人反映" in weigh(report(), incident(opened_at=NOW - timedelta(hours=5)), NOW).reasons
    closed = incident(closed_at=NOW - timedelta(days=4))
    assert "4天前办结过" in weigh(report(), closed, NOW).reasons


# -- contradictions ------------------------------------------------------------------------------------------

CONTRADICTIONS = [
    (LIFT, "翠湖小区3号楼", "翠湖小区5号楼"),
    (LIFT, "翠湖小区三号楼", "翠湖小区五栋"),
    (LIFT, "翠湖小区３号楼", "翠湖小区5#楼"),
    (LIFT, "翠湖小区3号楼1单元", "翠湖小区3号楼2单元"),
    (LAMP, "翠湖小区东门", "翠湖小区西门"),
    (OUTAGE, "翠湖小区一期", "翠湖小区二期"),
    (LAMP, "翠湖小区A区", "翠湖小区B区"),
]


@pytest.mark.parametrize(("code", "mine", "theirs"), CONTRADICTIONS)
def test_another_building_gate_or_part_never_joins_and_lowers(code: str, mine: str, theirs: str) -> None:
    one, other = report(category=code, place=spot(mine)), incident(category=code, place=spot(theirs))
    apart, together = weigh(one, other, NOW), weigh(one, replace(other, place=spot(mine)), NOW)
    assert apart.probability < together.probability
    different = replace(other, summary="换个说法讲一下这件事", place=spot(theirs))
    assert not weigh(one, different, NOW).automatic


def test_a_part_or_building_that_only_one_names_is_left_to_a_person() -> None:
    whole = incident(category=OUTAGE, place=spot("翠湖小区"), summary="一早起来没水")
    part = weigh(report(category=OUTAGE, place=spot("翠湖小区二期"), text="家里没水"), whole, NOW)
    assert part.features["half_part"] == 1.0 and not part.automatic
    lift = incident(category=LIFT, place=spot("翠湖小区"), summary="电梯停了好几天")
    assert not weigh(report(category=LIFT, place=spot("翠湖小区3号楼"), text="电梯坏了"), lift, NOW).automatic


def test_a_road_listed_in_one_district_may_go_on_into_the_next() -> None:
    told = Place("李沧区金水路", district="李沧区", district_code="370213", road="金水路", confidence=0.9)
    listed = Place("金水路", district="市北区", district_code="370203", road="金水路", confidence=0.9)
    mine, theirs = report(place=told, text="李沧区金水路井没有盖"), incident(place=listed, summary="金水路的井盖丢了")
    found = weigh(mine, theirs, NOW)
    assert "other_listed_district" in found.features and "district" not in found.against
    said = replace(theirs, summary="市北区金水路的井盖丢了")
    assert "district" in weigh(mine, said, NOW).against
    elsewhere = replace(theirs, place=replace(listed, text="九水路", road="九水路"), summary="九水路的井盖丢了")
    assert "district" in weigh(mine, elsewhere, NOW).against


def test_compounds_that_no_list_knows_are_told_apart_by_their_names() -> None:
    road = Place("九水路", road="九水路")
    mine, theirs = report(place=road, text="九水路锦瑞豪庭灯不亮"), incident(place=road, summary="九水路锦瑞花园灯不亮")
    assert "spot" in weigh(mine, theirs, NOW).against
    assert "spot" not in weigh(mine, replace(theirs, summary="锦瑞豪庭门口灯不亮"), NOW).against


def test_one_town_speaks_for_one_place_where_both_say_it() -> None:
    here = Place("沙河街道", district="崂山区", street="沙河街道")
    mine = report(place=here, text="沙河路边停满了车")
    assert weigh(mine, incident(place=here, summary="沙河这几天车太多"), NOW).features.get("street") == 1.0
    unsaid = replace(here, text="石桥", spot="石桥")
    assert "street" not in weigh(mine, incident(place=unsaid, summary="这几天车太多"), NOW).features


def test_another_building_counts_though_the_pins_are_close() -> None:
    here = replace(pin(), text="翠湖小区3号楼", spot="翠湖小区")
    there = replace(pin(60), text="翠湖小区5号楼", spot="翠湖小区")
    mine, theirs = report(category=LIFT, place=here), incident(category=LIFT, place=there, summary="电梯停了")
    assert "other_building" in weigh(mine, theirs, NOW).features
    assert chance(mine, theirs) < chance(mine, replace(theirs, place=replace(there, text="翠湖小区3号楼")))


def test_an_outage_is_the_same_in_the_next_building() -> None:
    theirs = incident(category=OUTAGE, place=spot("翠湖小区5号楼"), summary="停水了一整天")
    mine = report(category=OUTAGE, place=spot("翠湖小区3号楼"), text="家里没水")
    found = weigh(mine, theirs, NOW)
    assert "other_building" not in found.features and found.probability >= SUGGEST


def test_somebody_elses_bill_is_another_matter() -> None:
    mine, theirs = report(category=BILL, text="气费不对"), incident(category=BILL, summary="气表走得快")
    assert chance(mine, theirs) < chance(replace(mine, category=LAMP), replace(theirs, category=LAMP))
    assert "home" in weigh(mine, theirs, NOW).features


@pytest.mark.parametrize(
    ("mine", "theirs", "name"),
    [
        ("金水路65号", "金水路165号", "other_house"),
        ("金水路65号", "金水路67号", "next_house"),
        ("金水路与九水路路口", "金水路与青山路路口", "other_section"),
    ],
)
def test_along_a_road_the_house_or_the_section_counts(mine: str, theirs: str, name: str) -> None:
    one = report(place=Place(mine, district="李沧区", road="金水路"), text="灯不亮")
    other = incident(place=Place(theirs, district="李沧区", road="金水路"))
    found = weigh(one, other, NOW)
    assert name in found.features and not found.automatic
    assert found.probability < weigh(one, replace(other, place=one.place or spot()), NOW).probability


def test_another_district_counts_and_one_that_was_not_said_does_not() -> None:
    mine = report(place=spot("李沧区翠湖小区"), text="灯不亮")
    theirs = incident(place=spot("市北区翠湖小区", district="市北区"))
    assert not weigh(mine, theirs, NOW).automatic
    assert chance(mine, theirs) < SUGGEST < chance(mine, incident(place=spot("翠湖小区", district=None)))


def test_the_words_of_another_compound_count() -> None:
    mine, theirs = report(text="灯不亮"), incident(place=spot("百通馨苑北门", spot="百通馨苑"))
    assert chance(mine, theirs) < SUGGEST


@given(reports, incidents(), times)
def test_a_contradiction_always_lowers(mine: Report, theirs: OpenIncident, now: object) -> None:
    del now
    plain = weigh(mine, theirs, NOW)
    worse = dict(shipped().weights)
    for name, value in plain.features.items():
        if name.startswith("other_") or name in ("far", "next_house", "late", "stranger", "home"):
            assert worse[name] < 0 < value


# -- distance ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("away", "found"), [(0, True), (100, True), (199, True), (600, False), (5_000, False)])
def test_pins_tell_by_distance(away: int, found: bool) -> None:
    mine, theirs = report(place=pin()), incident(place=pin(away), summary="路灯不亮三天没人修")
    assert (chance(mine, theirs) >= SUGGEST) is found


def test_distance_is_told_in_round_metres() -> None:
    assert weigh(report(place=pin()), incident(place=pin(123)), NOW).reasons[1] == "相距约120米"


@pytest.mark.parametrize("crs", ["GCJ-02", "BD-09"])
def test_pins_of_different_systems_are_compared(crs: str) -> None:
    lat, lon = from_wgs84((36.1, 120.4), crs)
    shown = replace(pin(), lat=lat, lon=lon, crs=crs)
    assert weigh(report(place=pin()), incident(place=shown), NOW).features["pin"] > 0.99


def test_the_nearer_the_likelier() -> None:
    some = [chance(report(place=pin(), text="灯不亮"), incident(place=pin(away))) for away in range(0, 1_500, 50)]
    assert some == sorted(some, reverse=True) and some[0] > some[-1]


# -- category ------------------------------------------------------------------------------------------------


def test_nearer_categories_weigh_more() -> None:
    codes = (LAMP, "410102", "410201", "420101", "240101")
    some = [chance(report(text="灯不亮"), incident(category=code)) for code in codes]
    assert some == sorted(some, reverse=True) and len(set(some)) == len(some)
    said = [weigh(report(), incident(category=code), NOW).reasons[2] for code in codes[:4]]
    assert said == ["同一类问题", "相近的问题", "同一大类", "相关的问题"]


def test_a_category_that_it_may_be_too_brings_it_nearer() -> None:
    sure, unsure = report(category=COVER), report(category=COVER, likely=((COVER, 0.6), (LAMP, 0.4)))
    assert chance(replace(unsure, text="不亮"), incident()) > chance(replace(sure, text="不亮"), incident())


# -- time ----------------------------------------------------------------------------------------------------


def test_noise_fades_with_its_period_and_is_over_after_two() -> None:
    period = shipped().of(NOISE).period
    assert period is not None
    mine = report(category=NOISE, text="酒吧太吵了")
    some = [
        chance(mine, incident(category=NOISE, summary="音乐太大声", last_report_at=NOW - period * part))
        for part in (0, 0.5, 1, 1.9, 2.01)
    ]
    assert some == sorted(some, reverse=True) and some[0] >= SUGGEST and some[-1] == 0


def test_after_its_period_nothing_joins_by_itself() -> None:
    period = shipped().of(NOISE).period
    assert period is not None
    late = incident(category=NOISE, summary="音乐太大声", last_report_at=NOW - period * 1.1)
    assert not weigh(report(category=NOISE), late, NOW).automatic


def test_a_broken_lamp_stays_the_same_until_it_is_closed() -> None:
    old = incident(opened_at=NOW - timedelta(days=400), last_report_at=NOW - timedelta(days=300))
    assert chance(report(), old) >= SUGGEST


def test_a_closed_one_comes_back_within_its_days_only() -> None:
    recurs = shipped().of(LAMP).recurs
    assert chance(report(), incident(closed_at=NOW - recurs / 2)) >= SUGGEST
    assert chance(report(), incident(closed_at=NOW - recurs * 2.1)) == 0


# -- words ---------------------------------------------------------------------------------------------------


def test_without_a_place_only_near_words_may_match_and_never_by_themselves() -> None:
    nowhere = Place(text="")
    mine = report(place=None, text="路灯坏了没人修")
    assert chance(mine, incident(place=nowhere, summary="灯泡憋了，黑灯瞎火的")) == 0
    same = weigh(mine, incident(place=nowhere, summary="路灯坏了没人修"), NOW)
    assert not same.automatic, "anybody may say that of any lamp"
    near = weigh(mine, incident(place=nowhere, summary="路灯坏了没人修呢"), NOW)
    assert not near.automatic


def test_the_same_letter_again_joins_without_a_place() -> None:
    letter = "本人反映宿舍东侧的路灯自三月起一直不亮，晚上老人出门摔了两次，希望尽快安排维修。"
    found = weigh(report(place=None, text=letter), incident(place=Place(text=""), summary=letter + "！"), NOW)
    assert found.automatic and found.probability >= SAME and found.reasons[0] == "内容相同"


def test_vectors_that_are_near_raise_and_broken_ones_are_none() -> None:
    row = np.zeros(128, dtype=np.float32)
    row[0] = 1.0
    other = np.roll(row, 5)
    mine = report(text="灯不亮", vector=packed(row))
    near, far = (chance(mine, incident(vector=packed(one))) for one in (row, other))
    assert near > far
    assert "no_vector" in weigh(mine, incident(vector=packed(row)[:9]), NOW).features


# -- what always holds ---------------------------------------------------------------------------------------


@given(reports, incidents(), times)
def test_any_report_gets_a_probability_and_reasons(mine: Report, theirs: OpenIncident, now: object) -> None:
    found = weigh(mine, theirs, now)  # type: ignore[arg-type]
    assert 0 <= found.probability <= 1
    assert all(found.reasons) and 3 <= len(found.reasons) <= 5
    assert found.features.keys() <= shipped().weights.keys()


@given(reports, incidents())
def test_it_is_the_same_from_both_sides(mine: Report, theirs: OpenIncident) -> None:
    assume(shipped().of(mine.category) == shipped().of(theirs.category) and theirs.closed_at is None)
    later = theirs.last_report_at
    one = weigh(mine, theirs, later)
    back = OpenIncident(
        "b", mine.category, mine.place or Place(text=""), mine.text, later, later, 1, vector=mine.vector
    )
    other = weigh(Report(theirs.summary, theirs.category, theirs.place, theirs.vector), back, later)
    assert one.probability == pytest.approx(other.probability, abs=2e-4)


@given(st.text(max_size=60))
def test_the_same_report_again_is_at_least_offered_where_the_place_is_known(text: str) -> None:
    assert chance(report(text=text or TEXT), incident(summary=text or TEXT)) >= SUGGEST
