"""Telephone numbers: found however they are written, and what is wrong with one told exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.phones import Fault, Local, Wrong, find_all, wrong
from kb.text import hide_personal

CITY = Local("0532", 8)
MOBILES = st.from_regex(r"\A1[3-9][0-9]{9}\Z")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("13812345678", ("13812345678",)),
        ("１３８　１２３４　５６７８", ("13812345678",)),
        ("1381 2345 678", ("13812345678",)),
        ("138.1234.5678", ("13812345678",)),
        ("+86 138-1234-5678", ("13812345678",)),
        ("幺三八幺二三四五六七八", ("13812345678",)),
        ("一三八，一二三四，五六七八", ("13812345678",)),
        ("(0532)8591 2345", ("053285912345",)),
        ("0532-85912345或者13812345678", ("13812345678", "053285912345")),
        ("13812345678，打不通就打13987654321", ("13812345678", "13987654321")),
        ("13812345678 13812345678", ("13812345678",)),
        ("010-12345678", ("01012345678",)),
        ("", ()),
        ("没有", ()),
        ("481720935562", ()),
        ("370202199001011234", ()),
        ("合肥路688号3号楼2单元501", ()),
    ],
)
def test_every_number_is_found_once_mobiles_first(said: str, found: tuple[str, ...]) -> None:
    assert find_all(said) == found


def test_a_number_of_the_city_needs_no_area_code_where_it_was_asked_for() -> None:
    assert find_all("85912345", CITY) == ("053285912345",)
    assert find_all("85912345") == ()
    assert find_all("12345678", CITY) == () and find_all("05321234", CITY) == ()


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("1381234567", Wrong(Fault.SHORT, 1)),
        ("138123456", Wrong(Fault.SHORT, 2)),
        ("138 1234 56789", Wrong(Fault.LONG, 1)),
        ("+86 1381234567", Wrong(Fault.SHORT, 1)),
        ("12812345678", Wrong(Fault.PREFIX, begins="128")),
        ("幺三八幺二三四五六七", Wrong(Fault.SHORT, 1)),
        ("053285912", Wrong(Fault.LANDLINE)),
        ("8591234", Wrong(Fault.LANDLINE)),
        ("12345", None),
        ("3号楼2单元501", None),
        ("不留", None),
    ],
)
def test_what_is_wrong_is_told_exactly(said: str, fault: Wrong | None) -> None:
    assert wrong(said) == fault


@given(number=MOBILES, cut=st.integers(1, 4))
def test_a_number_without_some_figures_is_short_by_so_many(number: str, cut: int) -> None:
    assert find_all(number[:-cut]) == ()
    assert wrong(number[:-cut]) == Wrong(Fault.SHORT, cut)


@given(
    number=MOBILES,
    gaps=st.lists(st.sampled_from(["", " ", "-", "－"]), min_size=10, max_size=10),
    before=st.sampled_from(["", "电话", "打我", "我住3号楼，"]),
)
def test_a_mobile_is_found_and_hidden_however_it_is_spaced(number: str, gaps: list[str], before: str) -> None:
    said = before + "".join(a + b for a, b in zip(number, [*gaps, ""], strict=True))
    assert find_all(said) == (number,)
    assert find_all(hide_personal(said)) == ()


@given(number=MOBILES)
def test_a_spoken_mobile_is_found_and_hidden(number: str) -> None:
    said = "".join("零幺二三四五六七八九"[int(c)] for c in number)
    assert find_all(said) == (number,)
    assert said not in hide_personal(f"打我{said}吧")
