"""Names that stand together are one address, and the words around it say what it is to the problem."""

import random

import pytest

from kb.places.addresses import LIKELY, WORTH_NAMING, Address, Role, Roles, grouped
from kb.places.element import Element, Kind
from kb.places.elements import Finder
from kb.places.vocabulary import load
from tests.kb.places.sketched import hostile, sketched

WORDS = load()
FINDER, ROLES = Finder(sketched(), WORDS), Roles(WORDS)


def addresses(text: str) -> list[Address]:
    return ROLES.given(text, grouped(text, FINDER.elements(text)))


def roles(text: str) -> list[tuple[str, str]]:
    """(role, the names of the address) of each address."""
    return [(one.role.value, " ".join(element.name for element in one.elements)) for one in addresses(text)]


# ---- which names are one address


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("", []),
        ("东岬区榆钱街道海泉路12号", ["东岬区 榆钱街道 海泉路"]),
        ("东岬区 海泉路", ["东岬区 海泉路"]),
        ("东岬区，海泉路", ["东岬区 海泉路"]),
        ("东岬区的海泉路", ["东岬区 海泉路"]),
        ("海泉路和人和路", ["海泉路 人和路"]),
        ("海泉路青杉小区", ["海泉路 青杉小区"]),
        ("海泉路里的青杉小区", ["海泉路 青杉小区"]),
        ("青杉小区的海泉路", ["青杉小区 海泉路"]),
        ("东岬区。海泉路", ["东岬区", "海泉路"]),
        ("东岬区那边的人说去海泉路", ["东岬区", "海泉路"]),
        ("东岬区；西湾区", ["东岬区", "西湾区"]),
        ("海泉路堵，西湾区也堵", ["海泉路", "西湾区"]),
        ("青杉小区东岬区", ["青杉小区", "东岬区"]),
    ],
)
def test_names_that_stand_together_are_one_address(text: str, groups: list[str]) -> None:
    assert [names for _, names in roles(text)] == groups


def test_every_element_is_in_one_address_in_the_order_of_the_text() -> None:
    chance = random.Random(30)
    for text in (hostile(chance) for _ in range(300)):
        elements = FINDER.elements(text)
        groups = ROLES.given(text, grouped(text, elements))
        assert [element for one in groups for element in one.elements] == elements


# ---- what it is to the problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("海泉路路灯坏了", [("problem", "海泉路")]),
        ("海泉路12号门口，井盖没了", [("problem", "海泉路")]),
        # where somebody lives, works, once was
        ("我家住东岬区。人和路积水", [("home", "东岬区"), ("problem", "人和路")]),
        ("我住在海泉路，家里没暖气", [("home", "海泉路")]),
        ("青杉小区业主，楼下太吵", [("home", "青杉小区")]),
        ("我妈妈住青杉小区", [("home", "青杉小区")]),
        ("我家住东岬和西湾交界", [("home", "东岬区"), ("home", "西湾区")]),
        ("我在海泉路上班", [("work", "海泉路")]),
        ("海泉路退休的", [("work", "海泉路")]),
        ("以前住海泉路", [("past", "海泉路")]),
        ("我从海泉路搬过来的", [("past", "海泉路")]),
        # where somebody goes
        ("坐车去东岬区", [("route", "东岬区")]),
        ("东岬的公交车不准点", [("route", "东岬区")]),
        ("从海泉路到人和路去上学", [("route", "海泉路 人和路")]),
        ("今天来到鸥鸣广场", [("visit", "鸥鸣广场")]),
        ("鸥鸣广场看病的人", [("visit", "鸥鸣广场")]),
        # what is not meant
        ("不是海泉路，是人和路", [("not_here", "海泉路"), ("ours", "人和路")]),
        ("别派到西湾区", [("not_here", "西湾区")]),
        ("问题不在东岬区", [("not_here", "东岬区")]),
        ("人家西湾早就修好了", [("comparison", "西湾区")]),
        ("不像西湾区", [("comparison", "西湾区")]),
        ("你看人和路那边早就修了", [("comparison", "人和路")]),
        ("西湾都修好了，我们东岬还没有", [("comparison", "西湾区"), ("ours", "东岬区")]),
        # whose name has a place's in it
        ("西湾啤酒有异味", [("product", "西湾区")]),
        ("榆钱大白菜坏了", [("product", "榆钱街道")]),
        ("西湾区供热公司不接电话", [("organisation", "西湾区")]),
        ("东岬城管不管", [("organisation", "东岬区")]),
        # but these stand somewhere
        ("东岬城管门口垃圾", [("problem", "东岬区")]),
        ("海泉路啤酒瓶碎了", [("problem", "海泉路")]),
        # of several, this one
        ("我们这里是海泉路", [("ours", "海泉路")]),
        ("反映的是海泉路", [("ours", "海泉路")]),
        ("问题出在海泉路", [("ours", "海泉路")]),
    ],
)
def test_the_words_around_an_address_give_its_role(text: str, expected: list[tuple[str, str]]) -> None:
    official = {"东岬": "东岬区", "西湾": "西湾区", "榆钱": "榆钱街道"}
    assert [(role, official.get(names, names)) for role, names in roles(text)] == expected


def test_a_word_of_another_sentence_gives_no_role() -> None:
    assert roles("我住得远。海泉路积水") == [("problem", "海泉路")]
    assert roles("不是。海泉路积水") == [("problem", "海泉路")]


# ---- which of several is believed


def _address(role: Role, *kinds: Kind) -> Address:
    return Address(tuple(Element(kind, at, at + 1, at + 1, "x") for at, kind in enumerate(kinds)), role)


def test_every_role_has_a_likelihood() -> None:
    assert set(LIKELY) == set(Role)
    assert all(0 <= likely <= 1 for likely in LIKELY.values())


def test_the_finer_of_two_ranks_higher() -> None:
    ranks = [_address(Role.PROBLEM, *kinds).rank for kinds in ((Kind.DISTRICT,), (Kind.STREET,), (Kind.ROAD,))]
    assert ranks == sorted(set(ranks))


def test_the_place_of_the_problem_ranks_above_a_home_and_ours_above_all() -> None:
    order = (Role.NOT_HERE, Role.COMPARISON, Role.ROUTE, Role.HOME, Role.VISIT, Role.PROBLEM, Role.OURS)
    ranks = [_address(role, Kind.ROAD).rank for role in order]
    assert ranks == sorted(set(ranks))
    assert _address(Role.PROBLEM, Kind.DISTRICT).rank > _address(Role.HOME, Kind.ROAD).rank


def test_what_is_not_here_is_not_worth_naming() -> None:
    assert LIKELY[Role.HOME] >= WORTH_NAMING > LIKELY[Role.ROUTE]


def test_an_address_reaches_to_its_last_tail() -> None:
    one = addresses("在东岬区海泉路12号门口漏水")[0]
    assert (one.start, one.end) == (1, 12)
    assert one.precise
    assert one.first(Kind.ROAD) is one.elements[-1]
    assert one.first(Kind.SPOT) is None
    assert not _address(Role.PROBLEM, Kind.DISTRICT, Kind.STREET).precise
