"""Finding out where it is: words, hints, pins, taps, corrections, and the map service that is asked when unsure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as times
from hypothesis import strategies as st

from integrations.bootstrap import Services
from integrations.services.errors import NeedsPerson, TryLater
from integrations.services.intake import Heard, Outcome, Stance, Utterance
from integrations.services.locating import Locating
from kb.places import Place
from kb.places.coordinates import SYSTEMS, from_wgs84
from kb.places.reading import Doubt
from kb.report import Ask, Contact, Draft, next_ask
from tests.builders import told
from tests.fakes import FakeGeocoder

EMPTY = Draft("draft-1")
SQUARE = (36.0625, 120.3815)  # 五四广场, 市南区
NORTH = (36.1062, 120.3826)  # 合肥路, 市北区
BEIJING = (39.9, 116.4)
UNKNOWN_ROAD = "槐荫里路"


@pytest.fixture
def geocoder() -> FakeGeocoder:
    return FakeGeocoder()


@pytest.fixture
def locating(knowledge: dict[str, Any]) -> Locating:
    """Of a city without a map service."""
    return Locating(places=knowledge["places"])


@pytest.fixture
def asking(knowledge: dict[str, Any], geocoder: FakeGeocoder) -> Locating:
    """Of a city with a map service."""
    return Locating(places=knowledge["places"], geocoder=lambda: geocoder)


def pin(at: tuple[float, float], crs: str = "WGS-84", label: str = "") -> Place:
    lat, lon = from_wgs84(at, crs)
    return Place(label or "地图上的定位", spot=label or None, lat=lat, lon=lon, crs=crs, confidence=0.6)


def place_of(draft: Draft) -> Place:
    assert draft.place is not None
    return draft.place


# -- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "😀", "路灯坏了", "楼上半夜装修", "。。。"])
def test_words_that_name_no_place_change_nothing(locating: Locating, text: str) -> None:
    assert locating.heard(EMPTY, text) == EMPTY
    assert locating.corrected(EMPTY, text) is None
    assert locating.read(text).doubt is Doubt.NOWHERE


def test_words_that_name_a_place_give_it(locating: Locating) -> None:
    place = place_of(locating.heard(EMPTY, "崂山区海尔路61号门口积水"))
    assert (place.district, place.road, place.text) == ("崂山区", "海尔路", "崂山区海尔路61号门口")


def test_only_a_district_is_asked_about_again(locating: Locating) -> None:
    draft = locating.heard(EMPTY, "李沧区的路灯坏了")
    assert not place_of(draft).precise
    assert next_ask(replace(draft, description="路灯坏了")) is Ask.PLACE


def test_a_worse_place_does_not_replace_a_better_one(locating: Locating) -> None:
    first = locating.heard(EMPTY, "崂山区海尔路61号门口积水")
    assert locating.heard(first, "整个崂山区都这样") == first


def test_a_place_elsewhere_is_kept_by_its_city_only_while_no_place_is_known(locating: Locating) -> None:
    assert locating.heard(EMPTY, "济南泉城路的路灯坏了").elsewhere == "济南"
    here = locating.heard(EMPTY, "崂山区海尔路61号门口积水")
    assert locating.heard(here, "济南泉城路的路灯也坏了") == here
    again = locating.answered(replace(EMPTY, elsewhere="济南"), "济南泉城路")
    assert (again.elsewhere, again.place) == ("济南", None)
    assert locating.answered(again, "市南区香港中路").elsewhere is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("合肥路", True),
        ("济南泉城路", True),
        ("我家楼下", True),
        ("附近", True),
        ("什么时候能修好呢？我想知道楼下那个", False),
        ("你好", False),
        ("", False),
    ],
)
def test_what_counts_as_an_answer_to_where_it_is(locating: Locating, text: str, names: bool) -> None:
    assert locating.names_a_place(text) is names


# -- several of one name -----------------------------------------------------------------------------------------


def test_a_name_in_several_districts_is_offered_with_each(locating: Locating) -> None:
    asked = locating.heard(EMPTY, "合肥路的路灯坏了")
    assert [place.district for place in asked.place_options] == ["市北区", "崂山区"]
    assert place_of(asked).district is None


@pytest.mark.parametrize("value", ["", "2", "-1", "01", "²", "１", "9" * 5000, "one", "none ", "0 "])
def test_a_button_that_was_never_offered_is_old(locating: Locating, value: str) -> None:
    asked = locating.heard(EMPTY, "合肥路的路灯坏了")
    assert len(asked.place_options) == 2
    assert locating.chosen(asked, value) is None


@pytest.mark.parametrize("value", ["none", "0", "1"])
def test_an_old_button_does_not_take_away_the_place_that_was_found_since(locating: Locating, value: str) -> None:
    settled = locating.chosen(locating.heard(EMPTY, "合肥路的路灯坏了"), "0")
    assert settled is not None and place_of(settled).district == "市北区"
    assert locating.chosen(settled, value) is None
    assert locating.chosen(EMPTY, value) is None


def test_a_chosen_place_is_taken_and_what_was_found_at_the_old_one_is_gone(locating: Locating) -> None:
    asked = replace(locating.heard(EMPTY, "合肥路的路灯坏了"), known_issue="KI", similar=("i",), join="i")
    for value, district in (("0", "市北区"), ("1", "崂山区")):
        chosen = locating.chosen(asked, value)
        assert chosen is not None
        assert (place_of(chosen).district, place_of(chosen).road) == (district, "合肥路")
        assert (chosen.place_options, chosen.known_issue, chosen.similar, chosen.join) == ((), None, (), None)


def test_none_of_the_offered_places_leaves_only_the_words(locating: Locating) -> None:
    neither = locating.chosen(locating.heard(EMPTY, "合肥路的路灯坏了"), "none")
    assert neither is not None
    assert place_of(neither) == Place("合肥路", confidence=0.1)
    assert neither.place_options == ()


def test_a_district_said_in_answer_decides_and_another_one_moves_on(locating: Locating) -> None:
    asked = locating.heard(EMPTY, "合肥路的路灯坏了")
    assert place_of(locating.answered(asked, "崂山区的")).road == "合肥路"
    assert place_of(locating.answered(asked, "李沧区的")).road is None


@pytest.mark.parametrize("district", ["市北区", "崂山区"])
def test_a_district_told_before_decides_without_a_question(locating: Locating, district: str) -> None:
    known = locating.heard(EMPTY, f"{district}的路灯坏了")
    draft = locating.answered(known, "合肥路")
    assert (place_of(draft).district, place_of(draft).road, draft.place_options) == (district, "合肥路", ())
    assert place_of(draft).district_code


def test_a_street_told_before_stays_for_the_road_and_not_for_another_one(locating: Locating) -> None:
    street = locating.heard(EMPTY, "李沧区虎山路街道路灯坏了")
    first = locating.answered(street, "槐荫里路")
    assert (place_of(first).street, place_of(first).road) == ("虎山路街道", "槐荫里路")
    other = locating.corrected(first, "不是槐荫里路，是柳荫里路")
    assert other is not None
    assert (place_of(other).district, place_of(other).street, place_of(other).road) == ("李沧区", None, "柳荫里路")


# -- hints -------------------------------------------------------------------------------------------------------


def test_a_hint_is_asked_about_once_and_joined_to_the_name(locating: Locating) -> None:
    hinted = locating.answered(EMPTY, "我家楼下")
    assert (hinted.place_hint, place_of(hinted).text, place_of(hinted).precise) == ("我家楼下", "我家楼下", False)

    named = locating.answered(hinted, "百通馨苑")
    assert (place_of(named).text, place_of(named).spot, named.place_hint) == (
        "百通馨苑（我家楼下）",
        "百通馨苑",
        None,
    )


def test_a_second_hint_is_taken_as_the_place_and_not_asked_about_again(locating: Locating) -> None:
    again = locating.answered(locating.answered(EMPTY, "我家楼下"), "就是门口那里")
    assert place_of(again).text == "就是门口那里（我家楼下）"
    assert place_of(again).precise
    assert again.place_hint is None


def test_a_hint_goes_with_every_place_of_a_name(locating: Locating) -> None:
    asked = locating.answered(locating.answered(EMPTY, "我家楼下"), "合肥路")
    assert [place.text for place in asked.place_options] == ["合肥路（我家楼下）"] * 2
    chosen = locating.chosen(asked, "0")
    assert chosen is not None and chosen.place_hint is None


def test_a_hint_goes_with_a_pin(locating: Locating) -> None:
    draft, remarks = locating.pinned(locating.answered(EMPTY, "我家楼下"), pin(NORTH))
    assert remarks == ()
    assert "我家楼下" in place_of(draft).text
    assert place_of(draft).lat == NORTH[0]
    assert draft.place_hint is None


def test_a_hint_of_before_is_no_part_of_a_place_that_is_told_later(locating: Locating) -> None:
    settled = locating.answered(locating.answered(EMPTY, "我家楼下"), "老槐树东头")
    later = locating.answered(settled, "大坑东头")
    assert place_of(later).text == "大坑东头"


def test_a_hint_in_a_known_district_keeps_the_district(locating: Locating) -> None:
    hinted = locating.answered(locating.heard(EMPTY, "李沧区的路灯坏了"), "我家门口")
    assert (place_of(hinted).district, hinted.place_hint) == ("李沧区", "我家门口")


# -- pins --------------------------------------------------------------------------------------------------------


def test_a_pin_outside_changes_nothing_and_is_remarked(locating: Locating) -> None:
    here = locating.heard(EMPTY, "合肥路的路灯坏了")
    for draft in (EMPTY, here, replace(EMPTY, elsewhere="济南")):
        assert locating.pinned(draft, pin(BEIJING)) == (draft, ("report.pin_outside",))


@pytest.mark.parametrize("crs", SYSTEMS)
def test_a_pin_alone_is_a_place(locating: Locating, crs: str) -> None:
    draft, remarks = locating.pinned(replace(EMPTY, elsewhere="济南"), pin(SQUARE, crs))
    assert remarks == ()
    assert (place_of(draft).district, place_of(draft).crs, place_of(draft).precise) == ("市南区", crs, True)
    assert draft.elsewhere is None


def test_a_pin_decides_between_places_of_one_name(locating: Locating) -> None:
    draft, _ = locating.pinned(locating.heard(EMPTY, "合肥路的路灯坏了"), pin(NORTH))
    assert (place_of(draft).district, place_of(draft).road, draft.place_options) == ("市北区", "合肥路", ())


def test_a_pin_far_from_the_words_is_asked_about_with_both(locating: Locating) -> None:
    draft, _ = locating.pinned(locating.heard(EMPTY, "五四广场的路灯坏了"), pin(NORTH))
    said, shown = draft.place_options
    assert (said.spot, shown.lat, shown.spot) == ("五四广场", NORTH[0], None)
    assert place_of(draft) == said
    for value, place in (("0", said), ("1", shown)):
        chosen = locating.chosen(draft, value)
        assert chosen is not None
        assert (chosen.place, chosen.place_options) == (place, ())


def test_words_after_a_pin_are_joined_to_it(locating: Locating) -> None:
    shown, _ = locating.pinned(EMPTY, pin(NORTH))
    draft = locating.heard(shown, "合肥路688号北门的路灯坏了")
    assert (place_of(draft).road, place_of(draft).lat, place_of(draft).district) == ("合肥路", NORTH[0], "市北区")
    assert "北门" in place_of(draft).text
    assert len(locating.heard(shown, "五四广场的路灯坏了").place_options) == 2
    assert locating.heard(shown, "市北区的路灯都坏了").place == shown.place


def test_a_second_pin_replaces_the_first(locating: Locating) -> None:
    first, _ = locating.pinned(EMPTY, pin(SQUARE))
    second, _ = locating.pinned(first, pin(NORTH))
    assert (second.place_options, place_of(second).lat) == ((), NORTH[0])


# -- corrections -------------------------------------------------------------------------------------------------


def test_a_place_is_corrected_by_words(locating: Locating) -> None:
    wrong = locating.heard(EMPTY, "市北区合肥路688号的路灯坏了")
    right = locating.corrected(wrong, "不是合肥路，是福州路")
    assert right is not None
    assert place_of(right).road == "福州路"
    assert "合肥路" not in place_of(right).text


def test_a_corrected_place_asks_again_where_the_name_is_in_several_districts(locating: Locating) -> None:
    wrong = locating.heard(EMPTY, "崂山区海尔路61号的路灯坏了")
    asked = locating.corrected(wrong, "不是海尔路，是北京路")
    assert asked is not None
    assert place_of(asked).road == "北京路"
    assert place_of(asked).district != "崂山区" or asked.place_options == ()


def test_a_correction_keeps_the_pin_and_drops_a_point_that_came_from_the_wrong_words(
    asking: Locating, geocoder: FakeGeocoder
) -> None:
    geocoder.knows(UNKNOWN_ROAD, *NORTH, district="市北区")
    guessed = asking.heard(EMPTY, f"{UNKNOWN_ROAD}12号的路灯坏了")
    assert place_of(guessed).lat == NORTH[0]
    right = asking.corrected(guessed, f"不是{UNKNOWN_ROAD}，是柳荫里路")
    assert right is not None
    assert (place_of(right).road, place_of(right).lat) == ("柳荫里路", None)

    shown, _ = asking.pinned(asking.heard(EMPTY, "合肥路的路灯坏了"), pin(NORTH))
    right = asking.corrected(shown, "不是合肥路，是柳荫里路")
    assert right is not None
    assert (place_of(right).lat, place_of(right).pinned) == (NORTH[0], True)


def test_the_card_is_corrected_in_words(services: Services) -> None:
    heard = services.intake.hear(told(services), Ask.CONFIRMATION, Utterance("不是合肥路，是福州路"))
    assert place_of(heard.draft).road == "福州路"
    assert heard.draft.similar == ()


@pytest.mark.parametrize("option", ["at:0", "at:none", "at:", "elsewhere:enough"])
def test_old_buttons_of_the_place_change_nothing(services: Services, option: str) -> None:
    draft = told(services)
    assert services.intake.hear(draft, Ask.CONFIRMATION, Utterance(option=option)) == Heard(
        draft, remarks=("report.button_is_old",)
    )


def test_the_button_to_ring_another_city_ends_the_report_while_it_is_asked(services: Services) -> None:
    draft = services.intake.hear(EMPTY, Ask.DESCRIPTION, Utterance("济南泉城路的路灯坏了")).draft
    assert services.intake.hear(draft, Ask.PLACE, Utterance(option="elsewhere:enough")).outcome is Outcome.DROP


def test_no_to_the_offered_places_asks_anew(services: Services) -> None:
    draft = services.intake.hear(EMPTY, Ask.DESCRIPTION, Utterance("合肥路的路灯坏了")).draft
    neither = services.intake.hear(draft, Ask.PLACE, Utterance("都不是", stance=Stance.NO)).draft
    assert (neither.place_options, place_of(neither).precise, next_ask(neither)) == ((), False, Ask.PLACE)


# -- the map service ---------------------------------------------------------------------------------------------


def test_a_city_without_a_key_has_no_map_service(services: Services) -> None:
    assert services.geocoder is None
    assert services.locating.geocoder() is None


@pytest.mark.parametrize(
    "text",
    [
        "崂山区海尔路61号门口积水",  # known
        "五四广场的音响太吵",  # known with a coordinate
        "李沧区的路灯坏了",  # only a district
        "合肥路的路灯坏了",  # in two districts: the citizen knows
        "路灯坏了",  # nothing
        "济南泉城路12号的路灯坏了",
        "",
    ],
)
def test_the_map_service_is_not_asked_where_it_could_not_help(
    asking: Locating, geocoder: FakeGeocoder, text: str
) -> None:
    geocoder.knows("", *SQUARE, district="市南区")
    assert asking.read(text) == replace(asking.places().read(text))
    assert geocoder.asked == []


def test_the_map_service_is_asked_where_our_own_evidence_is_weak(asking: Locating, geocoder: FakeGeocoder) -> None:
    geocoder.knows(UNKNOWN_ROAD, *NORTH, district="市北区")
    reading = asking.read(f"{UNKNOWN_ROAD}12号的路灯坏了")
    assert geocoder.asked == [(f"{UNKNOWN_ROAD}12号", None)]
    assert reading.place is not None and reading.doubt is None
    place = reading.place
    assert (place.district, place.district_code, place.road) == ("市北区", "370203", UNKNOWN_ROAD)
    assert (place.lat, place.crs, place.pinned) == (NORTH[0], "WGS-84", None)
    assert place.confidence == reading.candidates[0].confidence == 0.81


def test_with_a_house_number_the_map_service_tells_which_of_two_roads_it_is(
    asking: Locating, geocoder: FakeGeocoder
) -> None:
    geocoder.knows("合肥路688号", *NORTH, district="市北区")
    draft = asking.heard(EMPTY, "合肥路688号的路灯坏了")
    assert (place_of(draft).district, draft.place_options) == ("市北区", ())


def test_a_district_that_has_no_road_of_that_name_is_not_believed(asking: Locating, geocoder: FakeGeocoder) -> None:
    geocoder.knows("合肥路688号", *SQUARE, district="市南区")
    draft = asking.heard(EMPTY, "合肥路688号的路灯坏了")
    assert place_of(draft).lat is None
    assert [place.district for place in draft.place_options] == ["市北区", "崂山区"]


@pytest.mark.parametrize(
    "fault", [TryLater("too slow"), NeedsPerson("the key is wrong")], ids=lambda one: type(one).__name__
)
def test_a_map_service_in_trouble_changes_nothing(
    asking: Locating, locating: Locating, geocoder: FakeGeocoder, fault: Exception
) -> None:
    geocoder.knows("", *NORTH, district="市北区")
    geocoder.fail(fault, fault)
    assert asking.heard(EMPTY, f"{UNKNOWN_ROAD}12号积水") == locating.heard(EMPTY, f"{UNKNOWN_ROAD}12号积水")
    assert asking.answered(EMPTY, "老槐树东头大坑旁") == locating.answered(EMPTY, "老槐树东头大坑旁")
    assert len(geocoder.asked) == 2


@pytest.mark.parametrize("at", [None, BEIJING, (0.0, 0.0)])
def test_an_answer_of_nothing_or_of_elsewhere_changes_nothing(
    asking: Locating, locating: Locating, geocoder: FakeGeocoder, at: tuple[float, float] | None
) -> None:
    if at:
        geocoder.knows("", *at)
    for text in (f"{UNKNOWN_ROAD}12号积水", "老槐树东头大坑旁"):
        assert asking.answered(EMPTY, text) == locating.answered(EMPTY, text)
    assert len(geocoder.asked) == 2


def test_a_point_in_another_district_than_was_said_is_not_taken(
    asking: Locating, locating: Locating, geocoder: FakeGeocoder
) -> None:
    """Else the department would get the words of one district with the coordinate of another."""
    geocoder.knows("", *SQUARE, district="市南区")
    known = asking.heard(EMPTY, "李沧区的路灯坏了")
    assert asking.answered(known, "老槐树东头大坑旁") == locating.answered(known, "老槐树东头大坑旁")
    assert geocoder.asked == [("老槐树东头大坑旁", "李沧区")]


def test_words_that_no_list_knows_are_asked_about_with_the_district_told_before(
    asking: Locating, geocoder: FakeGeocoder
) -> None:
    geocoder.knows("老槐树", 36.16, 120.43, district="李沧区")
    place = place_of(asking.answered(asking.heard(EMPTY, "李沧区的路灯坏了"), "老槐树东头大坑旁"))
    assert (place.text, place.district, place.lat) == ("老槐树东头大坑旁", "李沧区", 36.16)


def test_the_map_service_is_not_asked_where_the_citizen_has_shown_the_place(
    asking: Locating, geocoder: FakeGeocoder
) -> None:
    shown, _ = asking.pinned(EMPTY, pin(NORTH))
    place = place_of(asking.answered(shown, "老槐树东头大坑旁"))
    assert (place.text, place.lat, place.pinned) == ("老槐树东头大坑旁", NORTH[0], True)
    assert geocoder.asked == []


def test_the_citizens_hint_is_not_sent_to_the_map_service(asking: Locating, geocoder: FakeGeocoder) -> None:
    draft = asking.answered(asking.answered(EMPTY, "我家楼下"), "老槐树东头大坑旁")
    assert place_of(draft).text == "老槐树东头大坑旁（我家楼下）"
    assert geocoder.asked == [("老槐树东头大坑旁", None)]


# -- what leads into somebody's home -----------------------------------------------------------------------------

PRIVATE = [
    "三单元五零二室", "2-1-501", "501户", "3号楼2单元501室", "2单元501", "五零二室", "3号楼1-302", "8栋1203", "2门401",
    "二单元四楼东户", "5号楼五零二", "12号3户", "3号楼601号", "电话13812345678", "0532-85012345", "85012345",
    "37020319900101123X", "三单元", "一单元一零一",
]  # fmt: skip
AROUND = ["{}", "老槐树小院{}", "我家{}", "我家楼下{}", "槐荫里路{}", "槐荫里路12号{}漏水", "翠湖小区{}",
          "合肥路{}门口", "李沧区老槐树{}旁边", "就在{}那里"]  # fmt: skip
_LEAK = re.compile(r"单元|[室户]|501|502|302|401|601|1203|零|东户|2-1|1-3|\d{6}")


def _leaks(draft: Draft, geocoder: FakeGeocoder) -> list[str]:
    kept = [draft.place_hint or "", *(asked for asked, _ in geocoder.asked)]
    for place in (draft.place, *draft.place_options):
        kept += [place.text, place.spot or "", place.road or "", place.community or ""] if place else []
    return [one for one in kept if _LEAK.search(one)]


@pytest.mark.parametrize("private", PRIVATE)
@pytest.mark.parametrize("around", AROUND)
def test_no_flat_and_no_telephone_is_in_a_place_or_sent_away(
    asking: Locating, geocoder: FakeGeocoder, around: str, private: str
) -> None:
    said = around.format(private)
    hinted = asking.answered(EMPTY, "我家楼下")
    for draft in (
        asking.heard(EMPTY, said),
        asking.answered(EMPTY, said),
        asking.answered(hinted, said),
        asking.answered(asking.answered(EMPTY, said), "翠湖小区"),
        asking.answered(asking.answered(EMPTY, said), "老槐树"),
        asking.corrected(EMPTY, said) or EMPTY,
        asking.pinned(EMPTY, pin(NORTH, label=said))[0],
        asking.pinned(asking.answered(EMPTY, said), pin(NORTH))[0],
    ):
        assert _leaks(draft, geocoder) == []


@given(
    st.lists(st.sampled_from([*PRIVATE, "老槐树", "翠湖小区", "我家", "槐荫里路", "门口", "旁边"]), max_size=6),
    st.sampled_from(["，", " ", "的", "、"]),
)
@times(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_mixture_of_words_lets_a_flat_out(knowledge: dict[str, Any], pieces: list[str], between: str) -> None:
    geocoder = FakeGeocoder()
    asking = Locating(places=knowledge["places"], geocoder=lambda: geocoder)
    once = asking.answered(EMPTY, between.join(pieces))
    assert _leaks(asking.answered(once, between.join(pieces)), geocoder) == []
    assert _leaks(once, geocoder) == []


@pytest.mark.parametrize("said", ["13812345678", "2单元501室", "三单元"])
def test_an_answer_of_nothing_but_a_flat_or_a_telephone_keeps_what_is_known(locating: Locating, said: str) -> None:
    known = locating.heard(EMPTY, "李沧区的路灯坏了")
    assert locating.answered(known, said) == known
    assert locating.answered(EMPTY, said) == EMPTY


@pytest.mark.parametrize(
    "said", ["槐荫里路12号", "槐荫里路100-3号", "槐荫里路甲3号", "老槐树12号楼", "老槐树2期A12栋北门"]
)
def test_house_and_building_numbers_reach_the_worker_and_the_map_service(
    asking: Locating, geocoder: FakeGeocoder, said: str
) -> None:
    assert place_of(asking.answered(EMPTY, said)).text == said
    assert geocoder.asked[0][0] == said


# -- the city's layers -------------------------------------------------------------------------------------------


def test_a_place_without_facts_has_no_layers(locating: Locating) -> None:
    assert locating.with_layers(None) is None
    place = Place("五四广场", district="市南区")
    assert locating.with_layers(place) is place


# -- conversations that began before -----------------------------------------------------------------------------

BEFORE = {
    "id": "draft-1",
    "description": "路灯坏了",
    "category": "410102",
    "category_confidence": 0.9,
    "place": {
        "text": "地图上的定位", "district": "市北区", "lat": 36.1, "lon": 120.4, "crs": "GCJ-02", "confidence": 0.6,
    },
    "asked": {"report_place": 1},
    "contact": "anonymous",
}  # fmt: skip


def test_a_draft_of_before_the_change_is_read_and_goes_on(services: Services) -> None:
    draft = Draft.from_dict(BEFORE)
    assert (draft.place_options, draft.place_hint, draft.elsewhere, draft.pinned) == ((), None, None, False)
    assert draft.contact is Contact.ANONYMOUS
    assert (place_of(draft).layers, place_of(draft).pinned) == (None, None)
    heard = services.intake.hear(draft, Ask.CONFIRMATION, Utterance("不对，在崂山区海尔路61号"))
    assert place_of(heard.draft).road == "海尔路"
    assert Draft.from_dict(heard.draft.as_dict()) == heard.draft


@pytest.mark.parametrize("text", ["合肥路的路灯坏了", "济南泉城路的路灯坏了", "五四广场的路灯坏了"])
def test_a_draft_with_everything_new_survives_the_memory(locating: Locating, text: str) -> None:
    draft = locating.answered(locating.heard(EMPTY, text), "我家楼下")
    draft, _ = locating.pinned(draft, pin(NORTH, "GCJ-02"))
    for one in (draft, locating.heard(EMPTY, text), locating.answered(EMPTY, "我家楼下")):
        assert Draft.from_dict(one.as_dict()) == one
