"""Times for a call: offered within the desk's hours, understood as said, never promised when nobody is there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.handover.desk import ALWAYS, NEVER, Desk, hours
from kb.handover.windows import SOON, Wanted, Window, offered, read
from kb.working_time import CITY_TIME, WorkingTime

OFFICE = hours(("8:30-12:00", "13:30-17:30"))
DESK = Desk(weekly=(*(OFFICE,) * 5, hours(("9:00-11:00",)), ()), calendar=WorkingTime())
THURSDAY = datetime(2026, 11, 19, 10, 0, tzinfo=CITY_TIME)


def day(number: int, clock: str = "0:00") -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, number, hour, minute, tzinfo=CITY_TIME)


def window(number: int, begins: str, ends: str) -> Wanted:
    return Wanted(Window(day(number, begins), day(number, ends)))


def test_the_next_halves_of_days_are_offered() -> None:
    assert offered(DESK, THURSDAY) == (
        Window(day(19, "10:30"), day(19, "12:00")),
        Window(day(19, "13:30"), day(19, "17:30")),
        Window(day(20, "8:30"), day(20, "12:00")),
    )


def test_at_night_and_before_a_sunday_the_next_day_with_hours_is_offered() -> None:
    assert offered(DESK, day(20, "23:00"), 2) == (
        Window(day(21, "9:00"), day(21, "11:00")),
        Window(day(23, "8:30"), day(23, "12:00")),
    )


def test_what_is_left_of_a_morning_must_be_enough_for_a_call() -> None:
    assert offered(DESK, day(19, "11:10"), 1)[0].begins == day(19, "13:30")


def test_a_desk_without_hours_offers_nothing_and_one_that_is_always_there_offers_evenings() -> None:
    assert offered(NEVER, THURSDAY) == ()
    assert offered(ALWAYS, day(19, "17:50"), 2)[0] == Window(day(19, "18:20"), day(20))


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("今天下午", window(19, "13:30", "17:30")),
        ("下午吧", window(19, "13:30", "17:30")),
        ("上午", window(19, "10:00", "12:00")),
        ("明天上午", window(20, "8:30", "12:00")),
        ("明天", window(20, "8:30", "17:30")),
        ("明天下午三点以后", window(20, "15:00", "17:30")),
        ("下午三点半之前打给我", window(19, "13:30", "15:30")),
        ("下午2点到4点", window(19, "14:00", "16:00")),
        ("14:00-16:00", window(19, "14:00", "16:00")),
        ("两点到四点半", window(19, "14:00", "16:30")),
        ("三点左右", window(19, "15:00", "16:00")),
        ("9点", window(20, "9:00", "10:00")),  # today's is over
        ("明天9点", window(20, "9:00", "10:00")),
        ("周六上午", window(21, "9:00", "11:00")),
        ("星期一", window(23, "8:30", "17:30")),
        ("下周四下午", window(26, "13:30", "17:30")),
        ("25号上午十点", window(25, "10:00", "11:00")),
        ("中午", window(19, "11:00", "14:00")),
        ("现在就打", window(19, "10:00", "12:00")),
        ("尽快", window(19, "10:00", "12:00")),
        ("随时都行", Wanted(anytime=True)),
        ("都可以", Wanted(anytime=True)),
        ("工作时间", Wanted(anytime=True)),
        ("你们定", Wanted(anytime=True)),
        ("晚上", Wanted()),
        ("晚上8点以后", Wanted()),
        ("周日", Wanted()),
        ("今晚", Wanted()),
        ("凌晨三点", Wanted()),
        ("半夜三点", Wanted()),
        ("深夜11点", Wanted()),
    ],
)
def test_a_time_is_understood_as_it_is_said(said: str, wanted: Wanted) -> None:
    assert read(said, DESK, THURSDAY) == wanted
    assert read(said, DESK, THURSDAY.astimezone(UTC)) == wanted


@pytest.mark.parametrize(
    "said",
    ["", "好的", "13812345678", "路灯坏了", "上午不行", "除了下午", "别中午打", "99点", "32号", "2月30号", "第二个"],
)
def test_what_names_no_time_is_no_time(said: str) -> None:
    assert read(said, DESK, THURSDAY) is None


@pytest.mark.parametrize(("at", "begins"), [("12:10", 19), ("17:10", 20), ("23:50", 20)])
def test_the_afternoon_is_that_of_tomorrow_when_it_is_over(at: str, begins: int) -> None:
    assert read("下午", DESK, day(19, at)) == window(begins, "13:30", "17:30")


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(CITY_TIME))
WORDS = ["明天", "周三", "下午", "晚上", "3点", "十", "半", "到", "5点", "以后", "号", "月", "随时", "别", ":", "30"]
PIECES = st.lists(st.sampled_from(WORDS), max_size=6)


@settings(max_examples=150, deadline=None)
@given(MOMENTS, PIECES)
def test_whatever_is_said_nobody_is_promised_a_call_when_nobody_is_there(now: datetime, pieces: list[str]) -> None:
    wanted = read("".join(pieces), DESK, now)
    if wanted and wanted.window:
        one = wanted.window
        assert now <= one.begins < one.ends
        assert one.begins.date() == one.ends.date()
        assert DESK.is_open(one.begins) and DESK.between(one.begins, one.ends) > timedelta()


@settings(max_examples=60, deadline=None)
@given(MOMENTS)
def test_what_is_offered_is_in_order_apart_and_manned(now: datetime) -> None:
    windows = offered(DESK, now)
    assert len(windows) == 3
    assert all(one.begins >= now + SOON and DESK.is_open(one.begins) for one in windows)
    assert all(one.ends <= other.begins for one, other in pairwise(windows))
