"""Since when and how often, as citizens say it, reckoned from the moment of the message."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.times import Precision, When, shipped
from kb.working_time import CITY_TIME

SUNDAY = datetime(2026, 11, 22, 9, 30, tzinfo=CITY_TIME)
TUESDAY = datetime(2026, 11, 24, 20, 15, tzinfo=CITY_TIME)
TIMES = shipped()


def when(text: str, now: datetime = SUNDAY) -> When:
    found = TIMES.read(text, now).when
    assert found is not None, text
    return found


def began(text: str, now: datetime = SUNDAY) -> tuple[str, str]:
    found = when(text, now)
    return found.began, found.precision.value


@pytest.mark.parametrize(
    ("said", "begin", "precision"),
    [
        ("上周三晚上", "2026-11-18", "part"),
        ("周五那天", "2026-11-20", "day"),
        ("昨晚十点多", "2026-11-23T22", "hour"),
        ("昨天8点", "2026-11-23", "day"),  # morning or evening was not said
        ("昨天21:40", "2026-11-23T21:40", "minute"),
        ("11月18日晚上8点半", "2026-11-18T20:30", "minute"),
        ("从10月初", "2026-10-01", "third"),
        ("半个月了", "2026-11-09", "week"),
        ("去年冬天开始", "2025-11", "season"),
        ("前年", "2024", "year"),
        ("中秋节那天", "2026-09-25", "day"),
    ],
)
def test_what_was_said_is_the_day_and_no_finer_than_it_was_said(said: str, begin: str, precision: str) -> None:
    assert began(said, TUESDAY) == (begin, precision)


def test_the_words_stay_as_they_were_said() -> None:
    assert when("路灯坏了，三天了").words == "三天了"
    assert when("打從昨晚１０點多開始").words == "昨晚１０點多"


def test_the_day_turns_at_the_citys_midnight_not_at_greenwich() -> None:
    just_after = datetime(2026, 11, 21, 16, 5, tzinfo=UTC)  # 22 November, 00:05 in the city
    assert began("昨天停的水", just_after) == ("2026-11-21", "day")


def test_whoever_is_still_up_calls_the_past_evening_this_evening() -> None:
    midnight = datetime(2026, 11, 22, 0, 40, tzinfo=CITY_TIME)
    assert began("今晚九点开始吵", midnight) == ("2026-11-21T21", "hour")


def test_one_in_the_morning_of_a_night_is_the_next_day() -> None:
    assert began("昨天晚上一点") == ("2026-11-22T01", "hour")


def test_a_day_of_the_month_ahead_is_the_month_before_when_it_has_been() -> None:
    assert began("24号停的水") == ("2026-10-24", "day")
    assert began("12月2号停过一次电") == ("2025-12-02", "day")


@pytest.mark.parametrize("said", ["31号开始的", "2月30号开始的", "2026年13月1号", "25点"])
def test_a_day_that_is_not_there_is_not_made_up(said: str) -> None:
    found = TIMES.read(said, SUNDAY).when
    assert found is None or found.begin is None or found.precision is Precision.YEAR


@pytest.mark.parametrize(
    "said", ["明天要停水", "下周三他们还要挖", "今晚八点他们要放烟花", "我下个月装修", "12月30号才修好吗"]
)
def test_what_is_still_to_come_is_no_beginning_and_is_told_apart(said: str) -> None:
    found = TIMES.read(said, SUNDAY)
    assert found.when is None
    assert found.ahead and found.ahead in said


def test_a_promise_does_not_hide_the_beginning() -> None:
    found = TIMES.read("昨天坏的，物业说明天来修", SUNDAY)
    assert found.when is not None and found.when.began == "2026-11-21"
    assert found.ahead is None


@pytest.mark.parametrize(
    ("said", "begin"),
    [
        ("去年修过一次，前天又漏了", "2026-11-20"),
        ("从上周五开始没热水，昨天打电话说今天修", "2026-11-13"),
        ("昨天还好好的，今天一早就不热了", "2026-11-22"),
        ("10月28号到11月5号一直停水", "2026-10-28"),
    ],
)
def test_of_several_times_the_beginning_counts(said: str, begin: str) -> None:
    assert when(said).began == begin


@pytest.mark.parametrize(
    ("said", "every"),
    [
        ("每天早上六点到九点", "daily 06:00-09:00"),
        ("每晚10点到次日凌晨3点", "daily 22:00-03:00"),
        ("三天两头停电", "often"),
        ("每周六上午砸墙", "weekly 6 上午"),
        ("周一到周五早高峰", "weekly 1,2,3,4,5 早高峰"),
        ("隔两天停一次水", "other 3 days"),
        ("每年冬天都不热", "yearly 冬天"),
        ("一下雨就淹", "rain"),
    ],
)
def test_a_habit_is_told_with_its_hours(said: str, every: str) -> None:
    found = when(said)
    assert (found.every, found.begin) == (every, None)


def test_a_habit_with_a_beginning_keeps_both() -> None:
    found = when("从上个月开始每天凌晨四点拉垃圾")
    assert (found.began, found.every) == ("2026-10", "daily 04:00")


def test_hours_of_another_sentence_are_not_the_habits() -> None:
    assert when("天天有人放炮，昨天的会开到八点").every == "daily"


@pytest.mark.parametrize(
    "said",
    [
        *("5号楼3单元的灯不亮", "1号线地铁口的台阶", "八一路口的红绿灯", "五四广场地砖翘了", "三月花园南门积水"),
        *("24小时便利店油烟大", "一年级小学生", "3天内必须答复", "有点脏，一点也没人管", "十点半咖啡门口"),
        *("第二天又满了", "停车费一小时十块", "楼龄三十多年", "夏天臭得很", "家里只有十五度"),
    ],
)
def test_what_only_looks_like_a_time_is_none(said: str) -> None:
    assert TIMES.read(said, SUNDAY).when is None


@pytest.mark.parametrize("said", ["好几天了", "有些日子了", "最近老停水", "前几天"])
def test_vague_words_are_kept_and_get_no_date(said: str) -> None:
    found = when(said)
    assert (found.begin, found.precision) == (None, Precision.VAGUE)
    assert found.words in said


# -- whatever is said --------------------------------------------------------------------------------------------

MOMENTS = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2035, 12, 31), timezones=st.just(CITY_TIME))
SAID = """
今天 昨天 大前天 明天 上周 这周五 周日 上个月底 10月 3号 去年 前年冬天 初一 国庆 春节前 半 两 三十 个 月 年 天 小时 了
晚上 凌晨 十点 半 多 左右 每天 隔 到 从 开始 以来 没 ， 过 修 12:30 2026-02-30 大年三十 腊月二十八 一下雨 9/28 十几
"""
PIECES = st.sampled_from(SAID.split())


@given(text=st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=60), now=MOMENTS)
def test_a_beginning_is_never_after_the_message_and_its_words_were_said(text: str, now: datetime) -> None:
    found = TIMES.read(text, now)
    if found.when:
        assert found.when.words and found.when.words in text
        assert found.when.begin is None or found.when.begin <= now
        assert When.from_dict(found.when.as_dict()) == found.when
    assert not (found.when and found.ahead)


@given(number=st.integers(1, 300), unit=st.sampled_from(["天", "周", "个月", "小时"]), now=MOMENTS)
def test_so_long_ago_is_so_long_ago(number: int, unit: str, now: datetime) -> None:
    length = {"天": 1.0, "周": 7.0, "个月": 30.44, "小时": 1 / 24}[unit] * number
    found = when(f"已经{number}{unit}了", now)
    assert found.begin is not None and found.about
    assert abs((now - found.begin) - timedelta(days=length)) <= timedelta(days=4)


@given(now=MOMENTS, weekday=st.sampled_from("一二三四五六日"))
def test_a_weekday_of_last_week_lies_in_the_week_before(now: datetime, weekday: str) -> None:
    found = when(f"上周{weekday}停的水", now)
    assert found.begin is not None
    monday = now.date() - timedelta(days=now.weekday())
    assert monday - timedelta(days=7) <= found.begin.date() < monday
    assert "一二三四五六日"[found.begin.weekday()] == weekday


@given(text=st.text(alphabet=string.digits + "年月日号点:-./一十半个天周", max_size=400), now=MOMENTS)
def test_long_runs_of_figures_are_read_without_a_fault(text: str, now: datetime) -> None:
    TIMES.read(text, now)
