"""A complaint's clock: yellow, red, up the levels, more time; and dates over years that nobody knows yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import clocks, deadline_rules, taxonomy
from kb.clocks import Colour, colour, extended, over_the_rule, promised, provisional, steps, yellow_at
from kb.deadline_rules import Extension
from kb.deadlines import Deadline, Unit, due
from kb.taxonomy import Urgency
from kb.working_time import CITY_TIME, WORKING_DAY, WorkingTime

PLAIN = WorkingTime()
TREE = taxonomy.load()
RULES = deadline_rules.load(TREE)
FIVE, DAY, TWO_HOURS = Deadline(5, Unit.WORKING_DAYS), Deadline(24, Unit.HOURS), Deadline(2, Unit.HOURS)

moments = st.datetimes(datetime(2025, 12, 1), datetime(2026, 8, 1), timezones=st.just(CITY_TIME))
deadlines = st.sampled_from(sorted({leaf.deadline for leaf in TREE}, key=str))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY_TIME)


# -- yellow and red ------------------------------------------------------------------------------------------------

YELLOW = [
    # one working day is left: from the morning of the last day on
    ("2026-11-20 10:00", FIVE, "2026-11-27 09:00"),
    ("2026-02-12 10:00", Deadline(3, Unit.WORKING_DAYS), "2026-02-24 09:00"),
    ("2026-10-09 10:00", Deadline(1, Unit.WORKING_DAYS), "2026-10-10 09:00"),
    # less than a working day was given: half of it
    ("2026-11-23 10:00", TWO_HOURS, "2026-11-23 11:00"),
    ("2026-11-21 23:00", TWO_HOURS, "2026-11-22 00:00"),
    ("2026-11-20 16:30", Deadline(4, Unit.WORKING_HOURS), "2026-11-23 10:00"),
    ("2026-09-30 16:30", Deadline(4, Unit.WORKING_HOURS), "2026-10-08 10:00"),
    ("2026-11-21 10:00", DAY, "2026-11-21 22:00"),
    # twenty-four hours in which there is a whole working day
    ("2026-11-23 18:00", DAY, "2026-11-24 09:00"),
]


@pytest.mark.parametrize(("start", "deadline", "yellow"), YELLOW)
def test_yellow_is_one_working_day_before_or_half_of_a_short_time(start: str, deadline: Deadline, yellow: str) -> None:
    assert yellow_at(at(start), due(at(start), deadline), deadline.unit) == at(yellow)


@given(moments, deadlines)
def test_it_is_green_at_first_then_yellow_then_red(start: datetime, deadline: Deadline) -> None:
    end = due(start, deadline, PLAIN)
    yellow = yellow_at(start, end, deadline.unit, PLAIN)
    assert start < yellow < end
    seen = [
        colour(moment, start, end, deadline.unit, PLAIN)
        for moment in (start, yellow - timedelta(seconds=1), yellow, end - timedelta(seconds=1), end)
    ]
    assert seen == [Colour.GREEN, Colour.GREEN, Colour.YELLOW, Colour.YELLOW, Colour.RED]
    assert PLAIN.between(yellow, end) <= WORKING_DAY


@given(moments, deadlines)
def test_the_zone_of_the_start_does_not_matter(start: datetime, deadline: Deadline) -> None:
    end = due(start, deadline, PLAIN)
    assert yellow_at(start.astimezone(UTC), end.astimezone(UTC), deadline.unit, PLAIN) == yellow_at(
        start, end, deadline.unit, PLAIN
    )


def test_a_date_that_was_moved_before_the_beginning_is_yellow_and_red_at_once() -> None:
    start = at("2026-11-23 10:00")
    assert colour(start, start, start - timedelta(hours=1), Unit.WORKING_DAYS) is Colour.RED
    assert yellow_at(start, start - timedelta(hours=1), Unit.HOURS) == start


@given(moments, deadlines, st.sampled_from(list(Urgency)))
def test_a_clock_says_everything_in_order_and_never_a_level_before_it_is_red(
    start: datetime, deadline: Deadline, urgency: Urgency
) -> None:
    end = due(start, deadline, PLAIN)
    said = steps(start, end, deadline.unit, RULES.escalation[urgency], PLAIN)
    assert [one.at for one in said] == sorted(one.at for one in said)
    assert [one.colour for one in said] == [Colour.YELLOW] + [Colour.RED] * (1 + len(RULES.levels))
    assert [one.level for one in said] == [0, 0, *sorted(RULES.levels)]
    assert said[1].at == end


@given(moments, moments, deadlines, st.sampled_from(list(Urgency)))
def test_what_is_filed_later_is_never_due_earlier(
    one: datetime, other: datetime, deadline: Deadline, urgency: Urgency
) -> None:
    first, second = sorted((one, other))
    assert promised(first, deadline, urgency, PLAIN) <= promised(second, deadline, urgency, PLAIN)


@given(moments, deadlines)
def test_no_answer_counted_in_working_time_is_due_on_a_holiday(start: datetime, deadline: Deadline) -> None:
    if deadline.unit is not Unit.HOURS:
        assert PLAIN.is_working_day(due(start, deadline, PLAIN).date())


def test_what_is_dangerous_is_answered_within_two_hours_whatever_its_category_may_take() -> None:
    night = at("2026-10-01 03:00")
    assert promised(night, FIVE, Urgency.CRITICAL) == at("2026-10-01 05:00")
    assert promised(night, FIVE, Urgency.URGENT) == due(night, FIVE)
    assert clocks.unit_of(FIVE, Urgency.CRITICAL) is Unit.HOURS


# -- more time -----------------------------------------------------------------------------------------------------


def test_more_time_is_counted_from_the_date_and_not_from_the_day_of_asking() -> None:
    before = due(at("2026-11-20 10:00"), FIVE)
    assert extended(before, FIVE) == at("2026-12-04 17:30")
    assert extended(before, FIVE) == due(at("2026-11-20 10:00"), Deadline(10, Unit.WORKING_DAYS))


@pytest.mark.parametrize(
    ("rule", "after", "times", "why"),
    [
        (Extension(1), "2026-12-04 17:30", 0, None),
        (Extension(1), "2026-12-04 17:31", 0, "longer than until 2026-12-04 17:30"),
        (Extension(1), "2026-12-04 17:30", 1, "more than 1 extensions"),
        (Extension(0), "2026-11-27 17:31", 0, "more than 0 extensions"),
        (Extension(2, Deadline(1, Unit.WORKING_DAYS)), "2026-11-30 17:30", 1, None),
        (Extension(2, Deadline(1, Unit.WORKING_DAYS)), "2026-12-01 09:00", 1, "longer than"),
        # an earlier date, or the same, is not more time
        (Extension(0), "2026-11-27 17:30", 3, None),
        (Extension(0), "2026-11-26 17:30", 3, None),
    ],
)
def test_more_time_than_the_rule_allows_is_seen(rule: Extension, after: str, times: int, why: str | None) -> None:
    before = at("2026-11-27 17:30")
    found = over_the_rule(rule, FIVE, before=before, after=at(after), times=times, calendar=None)
    assert found is None if why is None else why in (found or "")


# -- years without holidays --------------------------------------------------------------------------------------


def test_a_date_over_a_year_without_holidays_is_provisional() -> None:
    last = PLAIN.known_until()
    eve = datetime(last, 12, 31, 16, 0, tzinfo=CITY_TIME)
    assert provisional(eve, due(eve, FIVE, PLAIN), FIVE.unit, PLAIN)
    assert not provisional(eve, due(eve, DAY, PLAIN), DAY.unit, PLAIN), "hours need no holidays"
    early = eve - timedelta(days=60)
    assert not provisional(early, due(early, FIVE, PLAIN), FIVE.unit, PLAIN)


def test_when_the_holidays_come_the_date_is_no_more_provisional_and_not_earlier() -> None:
    year = PLAIN.known_until() + 1
    holidays = {datetime(year, 1, day).date(): False for day in range(1, 8)}
    known = WorkingTime(holidays, frozenset({year}))
    eve = datetime(year - 1, 12, 30, 10, 0, tzinfo=CITY_TIME)
    before, after = (due(eve, FIVE, calendar) for calendar in (PLAIN, known))
    assert provisional(eve, before, FIVE.unit, PLAIN) and not provisional(eve, after, FIVE.unit, known)
    assert before < after
