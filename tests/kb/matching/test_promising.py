"""Of many incidents those are weighed that are most likely the same problem, whatever order they were found in."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.matching import shipped
from kb.matching.meaning import packed
from kb.matching.promising import Glimpse, promising, worth_of_key
from kb.vectors import DIMENSIONS
from tests.kb.matching.made import LAMP, NOISE, NOW


def vector(direction: int) -> bytes:
    return packed(np.eye(DIMENSIONS, dtype=np.float32)[direction])


def glimpse(name: str, category: str = LAMP, direction: int | None = 5, place: float = 1.0, days: float = 0) -> Glimpse:
    meaning = None if direction is None else vector(direction)
    return Glimpse(name, category, NOW - timedelta(days=days), None, meaning, place)


def chosen(*found: Glimpse, most: int = 2, meaning: bytes | None = vector(0)) -> list[str]:
    return promising(found, category=LAMP, vector=meaning, now=NOW, most=most)


def test_the_one_that_means_the_same_is_chosen_though_found_last() -> None:
    assert chosen(*(glimpse(f"{nth}") for nth in range(50)), glimpse("alike", direction=0))[0] == "alike"


def test_without_a_vector_category_and_place_choose() -> None:
    others = [glimpse(f"{nth}", NOISE) for nth in range(50)]
    assert chosen(*others, glimpse("lamp"), meaning=None)[0] == "lamp"
    assert chosen(*others, glimpse("here", NOISE, place=9.0), meaning=None)[0] == "here"


def test_of_equals_the_first_ones_found_are_chosen() -> None:
    assert chosen(*(glimpse(f"{nth}") for nth in range(9))) == ["0", "1"]


def test_what_is_part_of_one_incident_counts_once() -> None:
    assert chosen(glimpse("one"), glimpse("one", direction=0), glimpse("two")) == ["one", "two"]


def test_what_is_too_old_is_left_out() -> None:
    period = shipped().of(NOISE).period
    assert period is not None
    old = glimpse("old", NOISE, direction=0, days=3 * period / timedelta(days=1))
    assert chosen(old, glimpse("new")) == ["new"]
    closed = glimpse("closed")._replace(closed_at=NOW - 3 * shipped().of(LAMP).recurs)
    assert chosen(closed, glimpse("new")) == ["new"]


def test_a_vector_that_is_none_is_as_none() -> None:
    broken = [b"", b"x", np.full(DIMENSIONS, np.nan, dtype=np.float16).tobytes()]
    found = [glimpse(f"{nth}")._replace(vector=one) for nth, one in enumerate(broken)]
    assert set(chosen(*found, most=9)) == {"0", "1", "2"}
    for one in broken:
        assert chosen(glimpse("a"), glimpse("b"), meaning=one) == ["a", "b"]


@pytest.mark.parametrize(
    ("key", "weight"),
    [
        ("李沧区/金水路", "road"),
        ("*/长江大道", "road"),
        ("-/金水路12号", "spot"),
        ("-/翠湖小区", "spot"),
        (None, "pin"),
    ],
)
def test_a_road_alone_says_less_than_a_name(key: str | None, weight: str) -> None:
    assert worth_of_key(key) == shipped().weights[weight]


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(-5, 5)), max_size=30), st.integers(1, 12))
def test_so_many_and_each_once(found: list[tuple[int, float]], most: int) -> None:
    ids = chosen(*(glimpse(str(name), place=place) for name, place in found), most=most)

    assert len(ids) == len(set(ids)) == min(most, len({name for name, _ in found}))
