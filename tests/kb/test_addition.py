"""What of a message is to be added to a ticket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.addition import said_with_it


@pytest.mark.parametrize(
    ("said", "added"),
    [
        ("补充一下，灯杆也歪了", "灯杆也歪了"),
        ("补充：来之前打电话", "来之前打电话"),
        ("给481720935562补充一下：灯杆也歪了，快倒了", "灯杆也歪了，快倒了"),
        ("给 4817 2093 5562 补充点情况，晚上更严重", "晚上更严重"),
        ("忘了说，是晚上才这样", "是晚上才这样"),
        ("备注：来之前先打电话", "来之前先打电话"),
        ("对了，那家店晚上才开门", "那家店晚上才开门"),
        ("告诉师傅门禁密码找保安要", "告诉师傅门禁密码找保安要"),
    ],
)
def test_the_words_are_taken_at_once(said: str, added: str) -> None:
    assert said_with_it(said) == added


@pytest.mark.parametrize(
    "said",
    [
        *("补充一下", "我要补充", "给481720935562补充一下", "我补张照片", "能补充材料吗", "怎么补充材料", "刚才没说全"),
        *("接着刚才的说", "忘了补上楼号", "我想起来了，补一句", "补充", "", "481720935562", "还有一点，就上次那个单子"),
    ],
)
def test_who_only_asks_to_add_is_asked_what(said: str) -> None:
    assert said_with_it(said) == ""


@given(st.text(max_size=60))
def test_only_what_was_said_is_added(said: str) -> None:
    words = said_with_it(said)
    assert words == words.strip()
    assert all(character in said for character in words)
