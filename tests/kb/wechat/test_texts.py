"""Long texts are cut where a reader pauses, never within a character or a link, and nothing of them is lost."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.wechat.texts import LIMIT, clusters, fitted, size, split

FAMILY, FLAG, WAVE, KEYCAP, RAINBOW = "👨‍👩‍👧‍👦", "🇨🇳", "👋🏽", "1️⃣", "🏳️‍🌈"
MARKED = "e\u0301"
LINK = '<a href="weixin://bizmsgmenu?msgmenucontent=路灯，不亮。&msgmenuid=1">1. 路灯 不亮</a>'
SIGNS = [
    "路",
    "灯",
    "a",
    "1",
    "。",
    "，",
    " ",
    "\n",
    "\n\n",
    "\r\n",
    "！",
    "”",
    FAMILY,
    FLAG,
    WAVE,
    KEYCAP,
    RAINBOW,
    MARKED,
    LINK,
]
TEXTS = st.lists(st.sampled_from(SIGNS), max_size=120).map("".join)


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


# -- limits


@pytest.mark.parametrize("limit", [3, 0, -1])
def test_a_limit_that_not_every_character_fits_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="4"):
        split("路灯", limit)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u3000" * 3000])
def test_nothing_has_no_part(text: str) -> None:
    assert split(text) == []


@pytest.mark.parametrize("text", ["x" * LIMIT, "路" * 682 + "xx", "😀" * 512, "  一行\n"])
def test_what_fits_is_one_part_as_it_is(text: str) -> None:
    assert split(text) == [text]


@pytest.mark.parametrize("text", ["x" * (LIMIT + 1), "路" * 683, "😀" * 513, "x" + "路" * 683, "路" * 5000])
def test_one_byte_more_makes_one_part_more_and_no_character_is_torn(text: str) -> None:
    parts = split(text)
    assert "".join(parts) == text
    assert max(map(size, parts)) <= LIMIT
    assert len(parts) == -(-size(text) // LIMIT)


@given(TEXTS, st.integers(4, 300))
def test_nothing_is_lost_and_no_part_is_empty_or_too_long(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert bare("".join(parts)) == bare(text)
    assert all(part.strip() and size(part) <= limit for part in parts)
    if len(parts) > 1:
        assert all(part == part.strip() for part in parts[:-1])


@given(st.text(max_size=400), st.integers(4, 60))
def test_the_same_holds_for_any_text_at_all(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert bare("".join(parts)) == bare(text)
    assert all(part.strip() and size(part) <= limit for part in parts)


@given(TEXTS, st.integers(110, 300))
def test_no_character_and_no_link_is_torn(text: str, limit: int) -> None:
    parts = split(text, limit)
    for whole in (FAMILY, FLAG, WAVE, KEYCAP, RAINBOW, MARKED, LINK):
        assert sum(part.count(whole) for part in parts) == text.count(whole)


def test_half_a_character_breaks_nothing() -> None:
    assert "".join(split("\ud800" * 10, 9)) == "\ud800" * 10


# -- characters as a reader sees them


@pytest.mark.parametrize(
    "whole",
    [
        FAMILY,
        FLAG,
        WAVE,
        KEYCAP,
        RAINBOW,
        MARKED,
        "❤️",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "\u1100\u1161\u11a8",
        "कि",
        "\r\n",
        "👩🏽‍🚒",
        "🧑🏿‍🤝‍🧑🏻",
    ],
)
def test_a_character_of_several_code_points_is_one(whole: str) -> None:
    assert len(whole) > 1
    assert clusters(f"路{whole}灯") == ["路", whole, "灯"]


def test_two_flags_are_two() -> None:
    assert clusters("🇨🇳🇫🇷🇨") == ["🇨🇳", "🇫🇷", "🇨"]


def test_a_mark_does_not_swallow_a_line_end() -> None:
    assert clusters("a\n\u0301b") == ["a", "\n", "\u0301", "b"]
    assert clusters("a\u200d\nb") == ["a\u200d", "\n", "b"]


@given(st.text(max_size=200))
def test_characters_together_are_the_text(text: str) -> None:
    assert "".join(clusters(text)) == text


def test_what_alone_exceeds_the_limit_is_taken_apart() -> None:
    assert "".join(split("e" + "\u0301" * 30, 10)) == "e" + "\u0301" * 30
    assert bare("".join(split(LINK, 40))) == bare(LINK)
    for before in range(40):
        assert any(FAMILY in part for part in split(f'<a href="{"x" * before}">{FAMILY}{"y" * 30}</a>', 40)), before
    assert "".join(split(f"https://a.cn/{'x' * 50}", 20)) == f"https://a.cn/{'x' * 50}"


# -- where it is cut: 90 bytes, so that the last third begins at 60


@pytest.mark.parametrize(
    ("pauses", "first"),
    [
        ("\n\n一二\n三。四，五 六", "\n\n"),
        ("一\n二。三，四 五", "一\n"),
        ("一。二，三 四五", "一。"),
        ("一，二 三四五", "一，"),
        ("一 二三四五", "一 "),
        ("一二三四五六", "一二三四五六路路路路"),
    ],
)
def test_of_several_pauses_the_longest_is_taken(pauses: str, first: str) -> None:
    text = "路" * 20 + pauses + "路" * 20
    assert split(text, 90)[0] == ("路" * 20 + first).strip()


def test_of_two_alike_the_later_is_taken() -> None:
    assert split("路" * 20 + "一。二。三" + "路" * 20, 90)[0].endswith("二。")


def test_a_pause_before_the_last_third_does_not_count() -> None:
    assert split("路。\n\n" + "路" * 60, 90)[0].endswith("路" * 27)
    assert split("路" * 18 + "。" + "路" * 60, 90)[0].endswith("路" * 11)
    assert split("路" * 19 + "。" + "路" * 60, 90)[0] == "路" * 19 + "。"


def test_a_pause_right_behind_what_fits_is_taken() -> None:
    assert split("路" * 30 + "\n灯" + "路" * 20, 90) == ["路" * 30, "灯" + "路" * 20]


def test_a_closing_mark_stays_with_its_sentence() -> None:
    assert split("路" * 22 + "好。”她说" + "路" * 20, 90)[0].endswith("好。”")
    assert split("路" * 21 + "一。" + "路" * 5 + "好？" + "！！" + "路" * 20, 90)[0].endswith("一。")
    assert split("路" * 21 + "一。" + "路" * 4 + "好。" + "”" + "路" * 20, 90)[0].endswith("好。”")


def test_numbers_are_not_cut_at_their_comma_and_words_not_within() -> None:
    assert split("x" * 70 + " 12,345,678,901,234,567,890", 90)[0] == "x" * 70
    assert split("word " * 40, 90)[0] == ("word " * 18).strip()


def test_a_link_and_an_address_are_never_cut() -> None:
    for whole in (LINK, "https://example.cn/t/481720935561?from=wechat&a=1"):
        for before in range(90):
            parts = split("x" * before + whole + "路" * 40, 120)
            assert any(whole in part for part in parts), before


def test_links_that_never_end_cost_no_time() -> None:
    began = time.process_time()
    split("<a " * 20_000 + "<a x>" * 20_000)
    assert time.process_time() - began < 20


# -- with an ending


def test_what_fits_before_the_ending_is_whole() -> None:
    assert fitted("路灯", "。全文：x") == "路灯。全文：x"
    assert fitted("x" * 2046, "yy") == "x" * 2046 + "yy"


def test_of_what_is_too_long_as_much_as_fits_and_an_ellipsis() -> None:
    told = fitted("路" * 1000, "\n全文：https://a.cn/1")
    assert told.endswith("路…\n全文：https://a.cn/1")
    assert LIMIT - 3 < size(told) <= LIMIT


@pytest.mark.parametrize("limit", range(10, 18))
def test_where_nothing_fits_it_is_the_ending_alone(limit: int) -> None:
    told = fitted("路灯坏了三天", "0123456789", limit)
    assert told.endswith("0123456789") and size(told) <= limit
    assert told.startswith("路…") is (limit >= 17)


def test_an_ending_that_is_too_long_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="ending"):
        fitted("路灯", "x" * 11, 10)


def test_whitespace_behind_a_text_is_no_reason_to_cut_it() -> None:
    assert fitted("路灯" + "\n" * 20, "完", 12) == "路灯完"


@given(TEXTS, st.integers(10, 300))
def test_a_fitted_text_is_the_beginning_of_the_text(text: str, limit: int) -> None:
    told = fitted(text, "END", limit)
    assert size(told) <= limit and told.endswith("END")
    assert bare(text).startswith(bare(told.removesuffix("END").removesuffix("…")))
