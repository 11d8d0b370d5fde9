"""Distress is found whoever says it how, and a manner of speaking is not distress."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.content_files import ContentError
from kb.examples import read_examples
from kb.feelings import distress, words
from kb.feelings.distress import Kind
from kb.taxonomy import Taxonomy
from kb.words import Words

FEELINGS = distress.load()


def kind(text: str) -> Kind | None:
    found = FEELINGS.find(text)
    return found.kind if found else None


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        ("不想活了", Kind.OWN_LIFE),
        ("我老公说他不想活了", Kind.OTHER_LIFE),
        ("老公没了我也不想活了", Kind.OWN_LIFE),
        ("我跟我妈说我不想活了", Kind.OWN_LIFE),
        ("有人要跳楼", Kind.OTHER_LIFE),
        ("他要跳楼", Kind.OTHER_LIFE),
        ("我要跳楼", Kind.OWN_LIFE),
        ("邻居家男的说要喝农药，快来", Kind.OTHER_LIFE),
    ],
)
def test_whose_life_it_is_follows_from_who_is_named_last(text: str, whose: Kind) -> None:
    assert kind(text) is whose


@pytest.mark.parametrize(
    "text",
    ["跳楼价大甩卖吵死人", "吵死了", "热死我了", "累死累活没人管", "这条死胡同", "想死你们了，好久没见", "死活不给修",
     "还让不让人活了", "保安骂我去死", "树上吊着个塑料袋", "农药味熏得头疼", "把楼顶天台的锁打开"],
)  # fmt: skip
def test_a_manner_of_speaking_is_no_distress(text: str) -> None:
    assert kind(text) is None


@pytest.mark.parametrize(
    ("exaggerated", "meant"),
    [
        ("广场舞吵得我不想活了", "我真的不想活了"),
        ("排队排得想死的心都有了", "欠债还不上，想死的心都有了"),
        ("热得人想死", "好想死"),
        ("楼下太吵，想死的心都有了", "老伴没了，想死的心都有了"),
    ],
)
def test_the_same_words_beside_heat_or_noise_are_anger_and_alone_are_meant(exaggerated: str, meant: str) -> None:
    assert (kind(exaggerated), kind(meant)) == (None, Kind.OWN_LIFE)


def test_noise_does_not_hide_means_or_two_hints() -> None:
    assert kind("楼上天天吵，我把安眠药都攒够了") is Kind.OWN_LIFE
    assert kind("冻得我活着没意思，死了算了") is Kind.OWN_LIFE


@pytest.mark.parametrize(
    "text", ["我没想自杀", "不会自杀的放心", "又不是要跳楼", "去年有人从桥上跳下去过", "电视剧里他要跳楼"]
)
def test_what_is_denied_long_past_or_in_a_story_is_none(text: str) -> None:
    assert kind(text) is None


def test_denying_something_else_is_no_denial() -> None:
    assert kind("不是气话，我真不想活了") is Kind.OWN_LIFE
    assert kind("他是不是要自杀，我好怕") is Kind.OTHER_LIFE


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("老公打我", Kind.VIOLENCE),
        ("老公打我电话没人接", None),
        ("老公打了三次电话", None),
        ("他打我车位的主意", None),
        ("爸爸用皮带抽我，我好怕", Kind.VIOLENCE),
        ("孩子一个人反锁在家里了", Kind.ALONE),
        ("独居老人家里暖气不热", None),
        ("老伴走了以后我天天哭", Kind.GRIEF),
        ("老伴走了，户口怎么注销，我心里没底", None),
        ("师傅走了水还在漏，急得我哭", None),
        ("抑郁症又犯了，没人说话", Kind.DESPAIR),
        ("我有抑郁症，楼下太吵", None),
    ],
)
def test_kinds_are_told_apart_from_what_sounds_like_them(text: str, found: Kind | None) -> None:
    assert kind(text) is found


def test_the_gravest_is_told_first() -> None:
    assert kind("他天天打我，我真不想活了") is Kind.OWN_LIFE


@pytest.mark.parametrize(
    ("text", "now"), [("我在楼顶上准备跳下去了", True), ("药我都吃下去了，想自杀", True), ("活着没意思", False)]
)
def test_what_is_being_done_already_is_told(text: str, now: bool) -> None:
    found = FEELINGS.find(text)
    assert found is not None and found.now is now


def test_what_else_is_told_of_it() -> None:
    young = FEELINGS.find("我才13岁，不想活了")
    beaten, heard = FEELINGS.find("老公打我打得头破了"), FEELINGS.find("隔壁男的打老婆，喊救命")
    matter = FEELINGS.find("楼上天天漏水没人管，我真的不想活了")
    assert young and young.young and not young.matter
    assert beaten and beaten.woman and not beaten.other
    assert heard and heard.other
    assert matter and matter.matter
    assert matter.evidence in "楼上天天漏水没人管，我真的不想活了"


def test_other_spellings_are_read() -> None:
    assert kind("我想結束自己的生命") is Kind.OWN_LIFE
    assert kind("我　不 想 活 了") is Kind.OWN_LIFE or kind("我不想活了！！！") is Kind.OWN_LIFE


def test_ordinary_complaints_are_none(tree: Taxonomy) -> None:
    texts = [text for text, _ in read_examples(tree)]
    found = [text for text in texts if FEELINGS.find(text)]
    assert len(found) <= 0.003 * len(texts), found


def test_everything_that_can_be_found_has_an_answer(all_words: Words) -> None:
    assert all(all_words.has(f"feelings.{one}") for one in Kind)


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    found = FEELINGS.find(text)
    assert found is None or found.evidence


@pytest.mark.parametrize(
    "text", ["我" * 4000, "我不想" * 1300, "老人" * 2000, "跳" * 4000, "孩子一个人在" * 700, "，" * 4000]
)
def test_a_very_long_message_does_not_hold_anybody_up(text: str) -> None:
    began = time.perf_counter()
    FEELINGS.find(text)
    assert time.perf_counter() - began < 2.0


def test_content_that_cannot_be_used_is_named_by_file_and_line(tmp_path: Path) -> None:
    good = words.FILE.read_text(encoding="utf-8")
    path = tmp_path / "words.yml"
    path.write_text(good.replace("- 白发人送黑发人", "- (?白发人", 1), encoding="utf-8")
    with pytest.raises(ContentError, match=r"words.yml:\d+: distress.grief.sure: '\(\?白发人"):
        distress.load(path)
    path.write_text(good.replace("  weak:", "  week:", 1), encoding="utf-8")
    with pytest.raises(ContentError, match=r"words.yml:\d+: distress.life.weak"):
        distress.load(path)
    path.write_text(good.replace("  denied: [", "  denied: [] #", 1), encoding="utf-8")
    with pytest.raises(ContentError, match=r"words.yml:\d+: distress.denied"):
        distress.load(path)
