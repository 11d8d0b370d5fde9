"""Numbers that are read aloud, mistyped, and typed in every width."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import ticket_number

SPACE = 9 * 10**10
SAMPLES = [ticket_number.new(random.Random(seed).randrange) for seed in range(40)]
NUMBER = ticket_number.new(lambda _space: 38_172_093_556)


@pytest.mark.parametrize("number", SAMPLES)
def test_every_wrong_digit_is_noticed(number: str) -> None:
    for at, right in enumerate(number):
        for wrong in set("0123456789") - {right}:
            assert not ticket_number.is_valid(number[:at] + wrong + number[at + 1 :])


@pytest.mark.parametrize("number", SAMPLES)
def test_every_swap_of_two_neighbours_is_noticed(number: str) -> None:
    for at in range(len(number) - 1):
        swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        assert swapped == number or not ticket_number.is_valid(swapped)


def test_a_hundred_thousand_numbers_are_distinct_and_valid() -> None:
    """Each draw of the random source gives a number of its own; the store settles the rare same draw."""
    step = SPACE // 100_000
    numbers = {ticket_number.new(lambda _space, n=n: n * step) for n in range(100_000)}
    assert len(numbers) == 100_000
    assert all(ticket_number.is_valid(number) and number[0] != "0" for number in numbers)


def test_the_first_digit_is_never_zero_at_both_ends_of_the_space() -> None:
    assert ticket_number.new(lambda _space: 0).startswith("10000000000")
    assert ticket_number.new(lambda space: space - 1).startswith("99999999999")


def test_the_real_source_gives_twelve_digits() -> None:
    assert all(len(ticket_number.new()) == 12 and ticket_number.is_valid(ticket_number.new()) for _ in range(100))


@pytest.mark.parametrize(
    "number", ["", "1", NUMBER[:-1], NUMBER + "0", "abcdefghijkl", " " * 12, "４８１７２０９３５５６２"]
)
def test_what_is_not_twelve_plain_digits_is_not_valid(number: str) -> None:
    assert not ticket_number.is_valid(number)


def test_a_number_is_shown_in_three_groups_that_no_line_tears_apart() -> None:
    assert ticket_number.display("481720935562") == "4817\u00a02093\u00a05562"


HAN = str.maketrans("0123456789", "零一二三四五六七八九")
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@pytest.mark.parametrize(
    "typed",
    [
        NUMBER,
        ticket_number.display(NUMBER),
        ticket_number.display(NUMBER).replace("\u00a0", " "),
        ticket_number.display(NUMBER).replace("\u00a0", "-"),
        ticket_number.display(NUMBER).replace("\u00a0", "－"),
        ticket_number.display(NUMBER).replace("\u00a0", "，"),
        "-".join(NUMBER),
        NUMBER.translate(WIDE),
        ticket_number.display(NUMBER).translate(WIDE),
        NUMBER.translate(HAN),
        "、".join(NUMBER.translate(HAN)),
        NUMBER.translate(HAN).replace("一", "幺").replace("二", "两"),
        f"帮我查一下编号{NUMBER}，谢谢",
        f"三天前报的，编号{NUMBER}",
        f"我电话13812345678，编号{NUMBER}",
        f"13812345678 {NUMBER}",
    ],
)
def test_a_number_is_found_however_it_is_typed(typed: str) -> None:
    assert ticket_number.find(typed) == NUMBER


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "一三八一二三四五六七八",
        "我的手机是19912345678",
        "海尔路65号3号楼2单元501",
        "370202199001011234",
        "6222021234567890123",
        "没有编号",
        "",
    ],
)
def test_a_mobile_an_address_or_a_card_is_not_a_ticket(text: str) -> None:
    assert ticket_number.find(text) is None


@pytest.mark.parametrize("text", ["053285912345", "0532-85912345"])
def test_a_landline_is_not_a_ticket_for_no_ticket_begins_with_zero(text: str) -> None:
    assert ticket_number.find(text) is None


def test_a_digit_too_few_or_too_many_is_still_taken_for_a_mistyped_number() -> None:
    """So that the citizen hears 'mistyped' and not 'tell me about your problem'."""
    assert ticket_number.find(f"查{NUMBER[:-1]}") == NUMBER[:-1]
    assert ticket_number.find(NUMBER + "7") == NUMBER + "7"


@given(st.text(max_size=80))
def test_finding_never_fails_and_gives_plain_digits(text: str) -> None:
    found = ticket_number.find(text)
    assert found is None or (found.isascii() and found.isdigit() and 11 <= len(found) <= 13)


@given(st.integers(min_value=0, max_value=SPACE - 1))
def test_every_number_is_found_again_in_its_own_display(draw: int) -> None:
    number = ticket_number.new(lambda _space: draw)
    assert ticket_number.find(ticket_number.display(number)) == number


# -- slips and tails -------------------------------------------------------------------------------------------------

NUMBERS = st.integers(0, 10**6).map(lambda seed: ticket_number.new(lambda most: seed * 7919 % most))


@given(NUMBERS, st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_is_one_slip(number: str, at: int, by: int) -> None:
    wrong = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]
    assert ticket_number.one_slip(wrong, number)
    assert not ticket_number.is_valid(wrong)


@given(NUMBERS, st.integers(0, 10))
def test_swapped_neighbours_are_one_slip(number: str, at: int) -> None:
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    assert ticket_number.one_slip(swapped, number) == (swapped != number)


@given(NUMBERS, st.integers(0, 11), st.integers(0, 9))
def test_a_digit_missing_or_too_many_is_one_slip(number: str, at: int, more: int) -> None:
    assert ticket_number.one_slip(number[:at] + number[at + 1 :], number)
    assert ticket_number.one_slip(number[:at] + str(more) + number[at:], number)


@given(NUMBERS)
def test_a_number_is_no_slip_of_itself_nor_of_another(number: str) -> None:
    assert not ticket_number.one_slip(number, number)
    assert not ticket_number.one_slip(number[::-1] + "77", number)
    assert not ticket_number.one_slip("", number)


@pytest.mark.parametrize(
    ("said", "tail"),
    [
        ("5678", "5678"),
        ("尾号５６７８", "5678"),
        ("尾号五六七八", "5678"),
        ("是五 六 七 八", "5678"),
        ("幺二三四", "1234"),
        ("后四位 5678 ，谢谢", "5678"),
        ("567", None),
        ("56789", None),
        ("5678 或者 9999吧，1234", None),
        ("不知道", None),
        ("我有一个", None),
        ("", None),
    ],
)
def test_the_last_four_of_a_phone_are_heard(said: str, tail: str | None) -> None:
    assert ticket_number.find_tail(said) == tail
