"""Incidents are found by where they are and what they are about, and none is missed that a look at all would find."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.matching import MemoryIndex, OpenIncident, Report, shipped, weigh
from kb.matching.index import NEAREST, Vectors
from kb.matching.meaning import packed
from kb.places import Place
from tests.kb.matching.made import LAMP, OUTAGE, incident, incidents, pin, report, reports, spot


def found(index: MemoryIndex, mine: Report) -> list[str]:
    return [one.id for one in index.candidates(mine)]


def test_an_empty_index_has_no_candidates() -> None:
    assert found(MemoryIndex(), report()) == []


def test_by_name_by_pin_and_by_words() -> None:
    index = MemoryIndex([incident(id="name"), incident(id="pin", place=pin(150)), incident(id="far", place=pin(9_000))])
    assert found(index, report(text="灯不亮")) == ["name"]
    assert found(index, report(text="灯不亮", place=pin())) == ["pin"]
    assert set(found(index, report(place=Place("家里")))) == {"name", "pin", "far"}, "the very same words"


def test_a_name_in_the_words_finds_the_place_that_was_not_read() -> None:
    index = MemoryIndex([incident(place=spot("湖光山色东门", spot="湖光山色"))])
    assert found(index, report(text="湖光山色那个灯", place=None)) == ["one"]
    other = MemoryIndex([incident(place=Place(""), summary="湖光山色那个灯")])
    assert found(other, report(text="灯不亮", place=spot("湖光山色东门", spot="湖光山色"))) == []
    assert found(other, report(text="湖光山色东门的灯", place=None)) == ["one"]


def test_another_branch_along_a_road_is_passed_over_and_at_a_spot_is_not() -> None:
    road = Place("金水路", road="金水路")
    bill = incident(category="240101", place=road, summary="热费算错")
    assert found(MemoryIndex([bill]), report(place=road)) == []
    assert found(MemoryIndex([replace(bill, place=spot())]), report()) == ["one"]


def test_a_pin_or_a_rare_name_finds_what_was_taken_for_another_kind() -> None:
    far = "240101"
    assert far[:2] not in shipped().branches(LAMP)
    assert found(
        MemoryIndex([incident(category=far, place=pin(20), summary="说")]), report(place=pin(), text="灯")
    ) == ["one"]
    named = incident(category=far, place=Place(""), summary="碧溪河柳湾桥下水是黑的")
    assert found(MemoryIndex([named]), report(place=None, text="碧溪河柳湾桥那里有股味")) == ["one"]


def test_what_was_dropped_is_not_found_and_dropping_twice_is_harmless() -> None:
    index = MemoryIndex([incident(), incident(id="two")])
    index.drop("one")
    index.drop("one")
    assert found(index, report()) == ["two"] and len(index) == 1
    index.put(incident())
    assert set(found(index, report())) == {"one", "two"}


def test_news_of_an_incident_are_told_and_its_place_stays() -> None:
    index = MemoryIndex([incident()])
    index.put(replace(incident(), people=9))
    assert [one.people for one in index.candidates(report())] == [9]
    assert len(index) == 1


def test_a_crowded_road_gives_the_latest() -> None:
    road = Place("金水路", district="李沧区", road="金水路")
    index = MemoryIndex([incident(id=str(n), place=road, summary=f"第{n}件") for n in range(1_000)])
    some = found(index, report(place=road, text="灯不亮"))
    assert len(some) <= 250 and some[0] == "999"


def test_the_nearest_vectors_of_those_without_a_place() -> None:
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(300, 128)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    index = MemoryIndex(
        incident(id=str(n), place=Place(""), summary=f"说法{n}", vector=packed(row)) for n, row in enumerate(rows)
    )
    some = found(index, report(place=None, text="别的说法", vector=packed(rows[17])))
    assert some[0] == "17" and len(some) == NEAREST
    near = np.argsort(-(rows @ rows[17]))[:NEAREST]
    assert {int(n) for n in some} == {int(n) for n in near}


def test_the_oldest_vector_makes_room() -> None:
    rows = np.eye(128, dtype=np.float32)
    kept = Vectors(most=3)
    for n in range(5):
        kept.add(str(n), packed(rows[n]))
    assert set(kept.nearest(packed(rows[0]), 9)) == {"2", "3", "4"}
    kept.add("short", packed(rows[0])[:8])
    assert kept.nearest(packed(rows[0])[:8], 9) == []


@settings(max_examples=60)
@given(st.lists(incidents(), max_size=25), reports)
def test_the_index_finds_whatever_a_look_at_all_would_suggest(many: list[OpenIncident], mine: Report) -> None:
    index = MemoryIndex(many)
    have = set(found(index, mine))
    policy = shipped()
    for one in many:
        match = weigh(mine, one, one.last_report_at, policy)
        known = {"spot", "house", "crossing", "pin", "identical"} & match.features.keys()
        same_kind = one.category[:2] in policy.branches(mine.category)
        listed = mine.place is None or mine.place.district == one.place.district
        if match.probability >= policy.bars.same and known - {"spot"} and same_kind and listed:
            assert one.id in have, match.features


def test_outages_reach_farther_than_lamps() -> None:
    index = MemoryIndex([incident(id=code, category=code, place=pin(900), summary="说") for code in (LAMP, OUTAGE)])
    assert OUTAGE in found(index, report(category=OUTAGE, place=pin(), text="没水"))
