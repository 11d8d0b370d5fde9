"""How alike two texts are by their characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.matching.texts import identical, letters, overlap, rarities, shared_name


def test_what_every_complaint_says_counts_less_than_a_name() -> None:
    common = overlap(letters("御景半岛电梯坏了没人管"), letters("紫薇水岸路灯坏了没人管"))
    name = overlap(letters("御景半岛电梯坏了"), letters("御景半岛路灯不亮"))
    assert name > common > 0
    assert 0 < rarities()["没人"] < rarities().get("御景", 1.0) <= 1


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        ("恒大御景半岛二期电梯坏了", "御景半岛2期3号楼电梯停运", "御景半岛2期"),
        ("湖光山色 东门路灯坏了", "湖光山色小区那个灯", "湖光山色"),
        ("市北区青岛领导您好请尽快处理", "市北区青岛领导您好请尽快处理", ""),
        ("路灯坏了没人修", "路灯坏了没人修", ""),
        ("", "", ""),
    ],
)
def test_a_name_that_no_example_has_is_found_in_both(one: str, other: str, name: str) -> None:
    assert shared_name(letters(one), letters(other)) == name


def test_the_same_words_are_identical_however_they_are_spelled() -> None:
    assert identical(letters("三号楼，停水！"), letters("3号楼停水"))
    assert not identical(letters("3号楼停水"), letters("5号楼停水"))
    assert not identical(letters("！！"), letters("？"))


@given(st.text(), st.text())
def test_overlap_is_symmetric_and_between_nothing_and_all(one: str, other: str) -> None:
    mine, theirs = letters(one), letters(other)
    assert overlap(mine, theirs) == pytest.approx(overlap(theirs, mine))
    assert 0 <= overlap(mine, theirs) <= 1
    assert len(shared_name(mine, theirs)) == len(shared_name(theirs, mine)) or one != other


@given(st.text("路灯坏了没人修翠湖", min_size=1))
def test_a_text_overlaps_wholly_with_itself(text: str) -> None:
    assert overlap(letters(text), letters(text)) == pytest.approx(1)
