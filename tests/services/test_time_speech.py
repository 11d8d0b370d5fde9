"""How the card tells a time: the date worked out, beside the citizen's own words, and no finer than they were."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.services.time_speech import TimeSpeech
from kb import words
from kb.times import Precision, When, shipped
from kb.working_time import CITY_TIME

TUESDAY = datetime(2026, 11, 24, 20, 15, tzinfo=CITY_TIME)
SPEECH = TimeSpeech(words.load())


def told(said: str) -> str:
    when = shipped().read(said, TUESDAY).when
    assert when is not None, said
    return SPEECH.told(when, TUESDAY)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("上周三晚上", "11月18日（上周三）晚上"),
        ("昨晚", "11月23日（昨晚）"),
        ("昨晚十点多", "11月23日（昨晚）22点左右"),
        ("昨天下午3点15分", "11月23日（昨天）15点15分"),
        ("昨天8点", "11月23日（昨天）"),
        ("10月3号", "10月3日"),
        ("2025年3月15号", "2025年3月15日"),
        ("上周就坏了", "11月16日那一周（上周）"),
        ("上周末", "11月21日那个周末（上周末）"),
        ("从10月初", "10月上旬"),
        ("去年十二月中旬", "2025年12月中旬"),
        ("去年8月份", "2025年8月"),
        ("七月份以来", "7月"),
        ("去年冬天", "2025年冬天"),
        ("前年就这样了", "2024年"),
        ("国庆放假那几天", "10月1日前后（国庆）"),
        ("三天了", "三天了（大约从11月21日起）"),
        ("两个多月了", "两个多月了（大约从9月起）"),
        ("半个月了", "半个月了（大约从11月9日起）"),
        ("停水五个小时了", "五个小时了（大约从11月24日15点起）"),
        ("三年了", "三年了（大约从2023年起）"),
        ("好几天了", "好几天了"),
        ("每天早上六点到九点", "每天早上六点到九点"),
        ("从上个月开始每天凌晨四点", "10月（上个月），每天凌晨四点"),
        ("半夜还在施工", "半夜"),
    ],
)
def test_a_time_is_told_exactly(said: str, shown: str) -> None:
    assert told(said) == shown


@given(
    st.builds(
        When,
        words=st.just("上周三晚上"),
        begin=st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(CITY_TIME)),
        precision=st.sampled_from([one for one in Precision if one not in (Precision.THIRD, Precision.SEASON)]),
        about=st.booleans(),
        part=st.sampled_from(["", "晚上"]),
        named=st.sampled_from(["", "上周三"]),
        ago=st.booleans(),
        every=st.just(""),
        habit=st.sampled_from(["", "每天早上"]),
    )
)
def test_whatever_was_understood_can_be_told(when: When) -> None:
    said = SPEECH.told(when, TUESDAY)
    assert said and len(said) <= 64
    if when.begin and when.precision in (Precision.MONTH, Precision.YEAR, Precision.WEEK, Precision.DAY):
        assert "点" not in said, "no hour was told"
