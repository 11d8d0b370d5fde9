"""Which of their own tickets a citizen means."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deadlines import CITY_TIME
from kb.which_ticket import Known, about, pick, speaks_of_a_former_one

NOW = datetime(2026, 11, 25, 12, tzinfo=CITY_TIME)  # a Wednesday
RUBBISH = Known("1", NOW - timedelta(hours=2), "李沧区书院路29号门口垃圾没人收 垃圾清运 市容环卫")
LAMP = Known("2", NOW - timedelta(days=1), "市北区合肥路688号翠湖小区北门的路灯坏了 路灯 照明设施")
OLD_LAMP = Known("3", NOW - timedelta(days=9), "崂山区海尔路路灯不亮 路灯 照明设施")
COVER = Known("4", NOW - timedelta(days=40), "城阳区正阳路井盖响 井盖 市政设施")
ALL = (RUBBISH, LAMP, OLD_LAMP, COVER)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("我上次那个", "1"),
        ("刚才报的那个", "1"),
        ("上上次那个怎么样了", "2"),
        ("最早报的那个", "4"),
        ("昨天那个路灯的", "2"),
        ("昨天那个路灯的怎么样了", "2"),
        ("昨天报的，人呢", "2"),
        ("上周报的路灯", "3"),
        ("上星期一报的那个", "3"),
        ("翠湖小区那个办得怎么样了", "2"),
        ("海尔路那个催一下", "3"),
        ("井盖的事", "4"),
        ("11月16号报的那个", "3"),
        ("一个多月以前的井盖", "4"),
        ("上个月报的", "4"),
        ("九天前报的", "3"),
        ("最近那个路灯的", "2"),
        ("今天早上说的垃圾", "1"),
    ],
)
def test_words_mean_one_of_them(said: str, meant: str) -> None:
    one = pick(said, ALL, NOW).one
    assert one is not None and one.number == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [("路灯的怎么样了", ["2", "3"]), ("查进度", ["1", "2", "3", "4"]), ("", ["1", "2", "3", "4"])],
)
def test_words_that_fit_several_leave_several(said: str, meant: list[str]) -> None:
    assert [one.number for one in pick(said, ALL, NOW).tickets] == meant


def test_what_is_said_of_the_problem_weighs_more_than_the_day() -> None:
    """Days are misremembered: there was no lamp on Monday, but the day before yesterday's was yesterday's."""
    meant = pick("前天报的翠湖小区路灯", ALL, NOW)
    assert meant.one == LAMP
    assert "time" not in meant.by


def test_words_that_fit_none_are_told_apart_from_no_words() -> None:
    missed, nothing = pick("暖气那个", ALL, NOW), pick("那个怎么样了", ALL, NOW)
    assert (missed.tickets, missed.by, missed.rest) == (ALL, frozenset(), "暖气")
    assert (nothing.tickets, nothing.by, nothing.rest) == (ALL, frozenset(), "")


def test_last_month_is_not_the_last_one() -> None:
    assert pick("上个月报的那个", ALL, NOW).one == COVER
    assert pick("上个星期报的", ALL, NOW).one == OLD_LAMP


def test_a_date_that_is_none_says_nothing() -> None:
    assert pick("2月30号报的", ALL, NOW).tickets == ALL
    assert pick("13月1号", ALL, NOW).tickets == ALL


def test_a_date_ahead_was_last_year() -> None:
    last_year = Known("9", NOW - timedelta(days=330), "停水")
    assert pick("12月30号报的", [*ALL, last_year], NOW).one == last_year


def test_what_is_left_says_something_of_the_problem() -> None:
    assert about("昨天那个路灯的怎么样了") == "路灯"
    assert about("我上次那个") == ""


@pytest.mark.parametrize("said", ["上次那个撤了吧", "之前报的不用办了", "把昨天的单子撤了", "上周的投诉作废"])
def test_former_ones_are_told_from_the_one_at_hand(said: str) -> None:
    assert speaks_of_a_former_one(said)


@pytest.mark.parametrize("said", ["撤了吧", "不用来了", "补充一下，灯杆也歪了", "算了不报了"])
def test_the_one_at_hand_is_no_former_one(said: str) -> None:
    assert not speaks_of_a_former_one(said)


@given(st.text(max_size=40), st.lists(st.sampled_from(ALL), unique=True))
def test_nothing_is_made_up_and_something_is_always_left(said: str, tickets: list[Known]) -> None:
    ordered = sorted(tickets, key=lambda one: one.filed_at, reverse=True)
    meant = pick(said, ordered, NOW)
    assert set(meant.tickets) <= set(tickets)
    assert bool(meant.tickets) == bool(tickets)
    assert list(meant.tickets) == [one for one in ordered if one in meant.tickets]
