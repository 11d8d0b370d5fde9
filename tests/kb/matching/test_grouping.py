"""Reports put together as they come, and what is offered."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kb.matching as matching
from kb.matching import BAR, MOST, Grouping, Report, similar
from kb.places import Place
from tests.kb.matching.made import COVER, LAMP, NOW, TEXT, incident, report, reports, spot

HOUR = timedelta(hours=1)


def look(*given: matching.OpenIncident, text: str = TEXT) -> tuple[matching.Similar, ...]:
    return similar(code=LAMP, place=spot(), text=text, now=NOW, incidents=given)


def test_at_most_five_are_offered_the_likeliest_first() -> None:
    many = [incident(id=str(n), summary="路灯" + "坏了三天没人修"[:n]) for n in range(8)]
    found = look(*many)
    assert len(found) == MOST == 5
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert found[0].incident.id == "7" and all(one.score >= BAR for one in found)


def test_nothing_open_and_nothing_like_it_is_nothing_offered() -> None:
    assert look() == ()
    assert look(incident(category="240101", place=spot("百通馨苑", spot="百通馨苑"), summary="热费算错了")) == ()


def test_of_two_alike_the_later_comes_first() -> None:
    older, later = incident(id="a", last_report_at=NOW - 9 * HOUR), incident(id="b", last_report_at=NOW - 8 * HOUR)
    assert {one.incident.id for one in look(older, later)} == {"a", "b"}
    assert look(older, later)[0].incident.id == look(later, older)[0].incident.id


def test_a_name_that_is_none_is_told_so() -> None:
    with pytest.raises(AttributeError, match="BARS"):
        _ = matching.BARS


def test_the_same_again_joins_and_counts() -> None:
    grouping = Grouping()
    assert grouping.add("a", report(), NOW) == ("a", None, ())
    again = grouping.add("b", report(), NOW + HOUR)
    assert again.incident == "a" and again.suggested[0].incident.id == "a"
    third = grouping.add("c", report(), NOW + 2 * HOUR)
    assert third.incident == "a" and "已有2人反映" in third.suggested[0].reasons


def test_another_problem_opens_its_own() -> None:
    grouping = Grouping()
    grouping.add("a", report(), NOW)
    other = report(category=COVER, text="井盖丢了", place=Place("金水路", road="金水路"))
    assert grouping.add("b", other, NOW).incident == "b"


def test_after_closure_the_same_again_is_a_recurrence_and_the_next_joins_that() -> None:
    grouping = Grouping()
    grouping.add("a", report(), NOW)
    grouping.add("b", report(), NOW + HOUR)
    grouping.close("b", NOW + 24 * HOUR)
    back = grouping.add("c", report(), NOW + 48 * HOUR)
    assert (back.incident, back.recurrence_of) == ("c", "a")
    assert grouping.add("d", report(), NOW + 49 * HOUR)[:2] == ("c", None)


def test_long_after_closure_it_is_new() -> None:
    grouping = Grouping()
    grouping.add("a", report(), NOW)
    grouping.close("a", NOW + HOUR)
    assert grouping.add("b", report(), NOW + timedelta(days=300)) == ("b", None, ())


def test_an_id_again_and_an_unknown_one_are_told() -> None:
    grouping = Grouping()
    grouping.add("a", report(), NOW)
    with pytest.raises(ValueError, match="'a'"):
        grouping.add("a", report(), NOW)
    with pytest.raises(KeyError):
        grouping.close("z", NOW)


@settings(max_examples=40)
@given(st.lists(reports, max_size=12))
def test_every_group_is_that_of_its_first_report(many: list[Report]) -> None:
    grouping, of = Grouping(), dict[str, str]()
    for n, one in enumerate(many):
        placed = grouping.add(str(n), one, NOW + n * HOUR)
        of[str(n)] = placed.incident
        assert of[placed.incident] == placed.incident
        assert len(placed.suggested) <= MOST
        assert placed.incident == str(n) or placed.incident in {each.incident.id for each in placed.suggested}
