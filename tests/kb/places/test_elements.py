"""The names in a text: what is found, what is not, and what holds for every text."""

import random

import pytest
from hypothesis import given
from hypothesis import settings as times
from hypothesis import strategies as st

from kb.places.element import TAIL, Element, Found, Kind
from kb.places.elements import Finder
from kb.places.gazetteer import Division, Gazetteer, NamedPlace
from kb.places.reading import Reader
from kb.places.tokens import Token
from kb.places.vocabulary import load
from tests.kb.places.sketched import LONGEST, PIECES, check, hostile, sketched

READER = Reader(sketched())
FINDER = Finder(sketched(), load())


def said(text: str) -> list[str]:
    """Each element as 'kind name', with '+tail' where it has one, '?' where no list knows it, '~' for a slip."""
    return [
        f"{one.kind} {one.name}"
        + (f"+{text[one.end : one.tail]}" if one.tail > one.end else "")
        + ("" if one.known else "?")
        + ("~" if one.slip else "")
        for one in FINDER.elements(text)
    ]


# ---- what names nothing


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "我走的那条路坏了",
        "半夜小区里有人",
        "日子路",
        "二路",
        "三号楼",
        "每天从这条街过",
        "华阳街道办事处",  # a street that no list knows, without its district
        "柳塘有人养鸡",  # a village without the word for it, in running speech
        "楼下1203室",
        "区市镇村路",
    ],
)
def test_what_is_no_name_is_not_found(text: str) -> None:
    assert said(text) == []


# ---- known names, and what follows them


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("东岬区榆钱街道海泉路12号门口积水", ["district 东岬区", "street 榆钱街道", "road 海泉路+12号门口"]),
        ("西湾区河埠街道沙坡社区3号楼", ["district 西湾区", "street 河埠街道", "community 沙坡社区+3号楼"]),
        ("老岬县", ["district 老岬县"]),
        ("海泉头路", ["road 海泉一路"]),  # a road's other name
        ("海泉1路路灯坏了", ["road 海泉一路"]),
        ("东岬路上车多", ["road 东岬路?"]),  # a road called like a district lies anywhere
        ("榆钱小学门口", ["spot 榆钱小学+门口"]),
        ("东岬汽车站脏", ["spot 东岬汽车站"]),
        ("东岬一中旁边", ["spot 东岬一中+旁边"]),
        ("东岬一中路", ["district 东岬", "road 一中路?"]),  # no school
        ("翠屏花园三期北门", ["spot 翠屏花园+三期北门?"]),
        ("翠屏非常酒店", ["spot 翠屏", "spot 非常酒店?"]),  # a word of speech is between
        ("东岬东路", ["road 东岬东路?"]),
        ("西湾区榆钱积水", ["district 西湾区"]),  # a street of the other district is not meant by its short name
        ("翠屏村委会", ["community 翠屏村"]),
        ("翠屏社区医院", ["spot 翠屏"]),
        ("人和路小区垃圾", ["road 人和路", "spot 人和路小区?"]),
        ("柳塘村", ["community 柳塘村"]),
        ("中峰村的路", ["community 中峰村?"]),  # which village of 中峰镇, no list says
        ("中峰社区", ["community 中峰社区?"]),
        ("石磨镇", ["street 石磨镇"]),
    ],
)
def test_a_known_name_is_read_with_what_follows_it(text: str, found: list[str]) -> None:
    assert said(text) == found


def test_a_village_without_the_word_for_it_is_one_where_it_belongs() -> None:
    assert said("东岬区榆钱街道柳塘")[-1] == "community 柳塘"
    assert said("东岬区柳塘，没水")[-1] == "community 柳塘"
    assert said("西湾区龙牙街道蟹屯12号")[-1] == "community 蟹屯+12号"
    assert said("东岬区柳塘没水") == ["district 东岬区"]
    assert said("榆钱街道蟹屯") == ["street 榆钱街道", "community 蟹屯?"], "not the one of another district"


def test_a_village_of_the_named_district_is_meant_where_two_have_the_name() -> None:
    assert len(FINDER.elements("东岬区柳塘，")[-1].entries) == 1
    assert len(FINDER.elements("柳塘社区")[-1].entries) == 1


def test_a_village_that_is_no_more_is_not_meant_where_a_place_of_today_has_its_name() -> None:
    former = Division("", "community", "旧柳庄村", "1", ("旧柳庄",), was="已合并")
    place = NamedPlace("旧柳庄", "park", ("东岬区",), None)
    district = Division("1", "district", "东岬区", "")
    found = Finder(Gazetteer({"1": district}, [place], [former]), load())
    assert [one.entries for one in found.elements("旧柳庄，")] == [(place,)]
    assert [one.entries for one in found.elements("旧柳庄村，")] == [(former,)]


# ---- names that no list knows


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("孟沙河二路", ["road 孟沙河二路?"]),
        ("黄河1路坑洼", ["road 黄河一路?"]),
        ("正在维修团结路", ["road 团结路?"]),  # a verb makes a name only right before the ending
        ("打扫蓝鲸小区", ["spot 蓝鲸小区?"]),
        ("G204国道坑", ["road G204国道?"]),
        ("308国道", ["road 308国道?"]),
        ("东岬区烟沪线坑洼", ["district 东岬区", "road 烟沪线?"]),
        ("东岬区光缆线掉了", ["district 东岬区"]),
        ("烟沪线坑洼", []),
        ("东岬区虹桥街道", ["district 东岬区", "street 虹桥街道?"]),
        ("西湾区河埠街道南王庄", ["district 西湾区", "street 河埠街道", "community 南王庄?"]),
        ("松涛苑3号楼", ["spot 松涛苑+3号楼?"]),
        ("松涛苑里", []),
        ("柳塘新村3号楼", ["spot 柳塘新村+3号楼?"]),
    ],
)
def test_a_name_that_no_list_knows_is_told_by_its_shape(text: str, found: list[str]) -> None:
    assert said(text) == found


def test_a_character_between_a_division_and_a_road_belongs_to_the_road() -> None:
    assert said("东岬区松海泉路积水") == ["district 东岬区", "road 松海泉路?"]
    assert said("东岬区的海泉路积水") == ["district 东岬区", "road 海泉路"]


def test_it_does_so_where_the_roads_tail_reaches_into_the_next_name() -> None:
    """Its tail is cut at the next name, so it is no longer the element that was added."""
    assert said("东岬区大人和路与海泉路路口") == ["district 东岬区", "road 大人和路+与?", "road 海泉路+路口"]


def test_what_stands_between_a_house_number_and_the_addresss_end_is_a_name() -> None:
    assert said("人和路100号蓝鲸3号楼") == ["road 人和路+100号", "spot 蓝鲸+3号楼?"]
    assert said("西湾区河埠街道蓝鲸3号楼")[-1] == "spot 蓝鲸+3号楼?"
    assert said("人和路100号蓝鲸影视传媒，积水") == ["road 人和路+100号", "spot 蓝鲸影视传媒?"]
    for text in ("人和路100号垃圾没人清理，", "人和路100号门口占道经营，", "人和路蓝鲸影视传媒，"):
        assert [one.kind for one in FINDER.elements(text)] == [Kind.ROAD], text


# ---- slips of the pen


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("西弯区人和路", ["district 西湾区~", "road 人和路"]),
        ("西湾区蟹弯中路", ["district 西湾区", "road 蟹湾中路~"]),
        ("蟹湾钟路", ["road 蟹湾中路~"]),
        ("青山小区", ["spot 青杉小区~"]),
        ("西湾区抄坡社区", ["district 西湾区", "community 沙坡社区~"]),  # by its shape, so only in its district
        ("抄坡社区", []),
        ("鸥名广场", ["spot 鸥鸣广场~"]),
    ],
)
def test_a_misspelt_name_is_the_one_that_is_meant(text: str, found: list[str]) -> None:
    assert said(text) == found


@pytest.mark.parametrize("text", ["南湾区人和路", "蟹湾北路", "青松小区"])
def test_another_name_is_no_slip(text: str) -> None:
    assert not any(one.slip for one in FINDER.elements(text))


def test_a_name_without_an_ending_is_known_by_its_sound_unless_the_wrong_character_is_of_a_word() -> None:
    assert said("老甲县没水") == ["district 老岬县~"]
    assert said("老家县没水") == []


# ---- what is found so far


def _element(start: int, end: int, tail: int | None = None) -> Element:
    return Element(Kind.ROAD, start, end, tail or end, "x" * (end - start))


def test_who_was_there_first_stays() -> None:
    found = Found("东岬区海泉路", ())
    found.add(_element(2, 5))
    found.add(_element(4, 6))
    found.add(_element(0, 3))
    found.add(None)
    found.add(_element(5, 6))
    assert [(one.start, one.end) for one in found.in_order()] == [(2, 5), (5, 6)]


def test_a_tail_ends_where_the_next_element_begins() -> None:
    found = Found("x" * 10, ())
    found.add(_element(6, 8))
    found.add(_element(0, 3, tail=9))
    assert [one.tail for one in found.in_order()] == [6, 8]


def test_an_element_is_replaced_even_when_its_tail_was_cut() -> None:
    found = Found("x" * 10, ())
    found.add(_element(2, 3, tail=9))
    found.add(_element(6, 8))
    found.replace(found.in_order()[0], _element(1, 3))
    assert [(one.start, one.end) for one in found.in_order()] == [(1, 3), (6, 8)]
    assert not found.free(1, 2)


def test_the_words_around_a_place_of_the_text() -> None:
    words = [Token(0, 2, "东岬", "ns"), Token(2, 3, "区", "n"), Token(3, 6, "海泉路", "place")]
    found = Found("东岬区海泉路", words)
    assert list(found.words_before(3)) == [words[1], words[0]]
    assert list(found.words_before(1)) == [words[0]]
    assert list(found.words_from(1)) == words
    assert list(found.words_from(2)) == words[1:]
    assert list(found.words_from(6)) == []
    assert list(found.words_in(1, 4)) == words[1:]


@pytest.mark.parametrize(
    ("after", "tail"),
    [
        ("12号门口积水", "12号门口"),
        ("甲5号-2", "甲5号-2"),
        ("二期3号楼2单元", "二期3号楼"),
        ("往北走约200米处", "往北走约200米处"),
        ("与人和路路口", "与人和路路口"),
        ("东侧路灯", "东侧"),
        ("A口", "A口"),
        ("号线", ""),
        ("3号线", ""),
        ("积水", ""),
    ],
)
def test_the_tail_leads_a_worker_further(after: str, tail: str) -> None:
    match = TAIL.match(after)
    assert (match.group() if match else "") == tail


# ---- every text


@given(st.lists(st.sampled_from(PIECES), max_size=LONGEST).map(lambda parts: "".join(parts)[:LONGEST]))
@times(max_examples=300)
def test_elements_are_in_order_and_apart_whatever_is_written(text: str) -> None:
    check(text, FINDER.elements(text))
    READER.read(text)


@given(st.text(max_size=LONGEST))
@times(max_examples=300)
def test_any_characters_are_read(text: str) -> None:
    check(text, FINDER.elements(text))
    READER.read(text)


def test_two_thousand_hostile_texts_are_read() -> None:
    chance = random.Random(20)
    known = 0
    for _ in range(2_000):
        text = hostile(chance)
        elements = FINDER.elements(text)
        check(text, elements)
        known += any(one.known for one in elements)
        READER.read(text)
    assert known > 1_000, "texts in which nothing is found try nothing"


def test_the_same_text_gives_the_same_elements() -> None:
    chance = random.Random(21)
    texts = [hostile(chance) for _ in range(50)]
    other = Finder(sketched(), load())
    assert [FINDER.elements(text) for text in texts] == [other.elements(text) for text in reversed(texts)][::-1]
