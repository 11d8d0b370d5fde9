"""Cutting text into words with the city's names among them."""

import random
from pathlib import Path

import jieba
import pytest
from hypothesis import given
from hypothesis import settings as times
from hypothesis import strategies as st

from kb.places.gazetteer import Division, Gazetteer, NamedPlace
from kb.places.tokens import PLACE, PlaceTokenizer, Token, words
from tests.kb.places.sketched import hostile, sketched

TOKENIZER = PlaceTokenizer(sketched())


def cut(text: str, tokenizer: PlaceTokenizer = TOKENIZER) -> list[str]:
    """The words, names in brackets."""
    return [f"[{one.text}]" if one.tag == PLACE else one.text for one in tokenizer.tokens(text)]


def _whole(text: str, tokens: list[Token]) -> None:
    assert "".join(one.text for one in tokens) == text
    at = 0
    for one in tokens:
        assert one.start == at < one.end and text[one.start : one.end] == one.text and one.tag
        at = one.end
    assert at == len(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("。", ["。"]),
        ("垃圾没清理", ["垃圾", "没", "清理"]),
        ("东岬区海泉路积水", ["[东岬区]", "[海泉路]", "积水"]),
        ("海泉路灯坏了", ["[海泉路]", "灯", "坏", "了"]),  # 路灯 does not swallow the end of the name
        ("路灯坏了", ["路", "灯", "坏", "了"]),  # nor that of a name which no list has
        ("人和路上", ["[人和路]", "上"]),
        ("海泉一路5号", ["[海泉一路]", "5", "号"]),  # the longer of two names
    ],
)
def test_names_are_cut_out_of_the_text(text: str, found: list[str]) -> None:
    assert cut(text) == found


def _village(name: str, alias: str) -> PlaceTokenizer:
    above = Division("990101001", "street", "榆钱街道", "990101")
    return PlaceTokenizer(Gazetteer({"1": above, "2": Division("2", "community", name, "1", (alias,))}))


def test_a_village_called_like_an_everyday_word_is_a_name_only_with_the_word_for_it() -> None:
    tokenizer = _village("上班村村民委员会", "上班")
    assert "[上班]" not in cut("天天上班路过", tokenizer)
    assert cut("上班村", tokenizer) == ["[上班村]"]
    assert cut("上班镇", tokenizer)[0] == "[上班]"


def test_a_place_called_like_an_everyday_word_is_a_name() -> None:
    tokenizer = PlaceTokenizer(Gazetteer({}, [NamedPlace("上班", "landmark", (), None)]))
    assert "[上班]" in cut("天天上班路过", tokenizer)


def test_a_name_of_one_character_is_none() -> None:
    tokenizer = PlaceTokenizer(Gazetteer({}, [NamedPlace("岬", "landmark", (), None)]))
    assert cut("岬", tokenizer) == ["岬"]


def test_without_names_it_cuts_as_the_dictionary_does() -> None:
    """The same words as jieba's own, but for those that swallow a road's end."""
    own, plain = PlaceTokenizer(Gazetteer({})), jieba.Tokenizer()
    for text in ("楼上半夜装修太吵", "小区门口的垃圾没人清理", "井盖翘起来了，骑车差点摔倒"):
        assert [one.text for one in own.tokens(text)] == list(plain.cut(text, HMM=False))


def test_two_tokenizers_do_not_know_each_others_names() -> None:
    other = PlaceTokenizer(Gazetteer({}, [NamedPlace("蟹湾桥洞", "landmark", (), None)]))
    assert cut("蟹湾桥洞", other) == ["[蟹湾桥洞]"]
    assert "[蟹湾桥洞]" not in cut("蟹湾桥洞")
    assert "[海泉路]" not in cut("海泉路", other)
    assert not any("海泉路" in one for one in jieba.cut("去海泉路看看", HMM=False))


def test_the_dictionary_tells_words_from_others() -> None:
    assert words() is words()
    assert words().seen("垃圾") > 0 and words().tag("垃圾") == "n"
    assert words().seen("岬岬岬") == 0 and words().tag("岬岬岬") == "x"
    assert {"垃圾", "垃圾桶"} <= set(words().starting("垃圾桶旁"))


def test_nothing_is_written_to_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    cut("东岬区海泉路积水", PlaceTokenizer(sketched()))
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=80))
@times(max_examples=300)
def test_the_words_are_the_whole_text_whatever_is_written(text: str) -> None:
    _whole(text, TOKENIZER.tokens(text))


def test_hostile_texts_are_cut_without_gaps() -> None:
    chance = random.Random(50)
    for _ in range(500):
        text = hostile(chance)
        _whole(text, TOKENIZER.tokens(text))
