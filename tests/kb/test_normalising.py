"""What is heard of a message, in whatever spelling it came; and nothing is heard that was not said."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kb import latin, normalising
from kb.content_files import ContentError
from kb.normalising import Language, plain, sign_meaning
from kb.places import atlas
from kb.places.atlas import Atlas
from tests.conventions.repository import spoken


@pytest.fixture(scope="module")
def city() -> Atlas:
    return atlas.load()


UNTOUCHED = [
    "路灯坏了三天了",
    "门禁一坏就是三天",  # 一坏 is an old word for 一坯 in the tables of traditional characters
    "那个路灯坏了",
    "这个小区没暖气",
    "嗯",
    "嗯嗯",
    "嗯，就是这里",
    "就是这样",
    "那个",
    "然后呢",
    "穇子庄的路",
    "乾隆年间的桥",
    "LED屏太亮，wifi也没有",
    "第二个",
    "我の小区停水",
    "asdfgh qwer",
    "wifi",
    "what is the weather like today",
    "13812345678",
    "",
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_plain_chinese_is_heard_as_it_was_said(text: str) -> None:
    assert plain(text).text == text


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("同安路的路燈壞了，沒人修", "同安路的路灯坏了，没人修"),
        ("電纜漏著電，請快來", "电缆漏着电，请快来"),
        ("ＬＥＤ屏１２号", "LED屏12号"),
        ("１３８－１２３４－５６７８", "138-1234-5678"),
        ("嗯 那个 就是 路灯坏了", "路灯坏了"),
        ("嗯那个就是说，路灯，嗯，坏了", "路灯，坏了"),
        ("喂，那什么，我想投诉，就是说，暖气不热", "我想投诉，暖气不热"),
        ("哎呀不好，井盖没了", "不好，井盖没了"),
        ("路 灯 坏 了 三 天 了", "路灯坏了三天了"),
        ("供暧不热", "供暖不热"),
        ("拉圾没人收", "垃圾没人收"),
        ("窖井盖没了", "窨井盖没了"),
        ("电话一三八零零一三八零零零", "电话13800138000"),
        ("合肥路两百零三号三单元", "合肥路203号3单元"),
    ],
)
def test_other_spellings_are_heard_as_one(said: str, heard: str) -> None:
    assert plain(said).text == heard
    assert plain(said).language in (Language.CHINESE, Language.NONE)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("ludeng huai le", "路灯坏了"),
        ("LuDeng huaile", "路灯坏了"),
        ("lu deng huai le, san tian le", "路灯坏了，三天了"),
        ("nuanqi bu re", "暖气不热"),
        ("xiaoqu menkou de laji meiren shou", "小区门口的垃圾没人收"),
        ("zhuan ren gong", "转人工"),
        ("cha jindu", "查进度"),
        ("dui", "对"),
        ("mei you", "没有"),
        ("bu zhi dao", "不知道"),
        ("niming", "匿名"),
    ],
)
def test_pinyin_without_tones_is_understood(said: str, heard: str) -> None:
    assert plain(said) == normalising.Plain(heard, Language.PINYIN)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("street light broken at Tong'an Road", "路灯 坏了 tongan路"),
        ("Street light broken at Tong’an Rd.", "路灯 坏了 tongan路。"),
        ("There is a smell of gas in my building", "有燃气味"),
        ("GAS LEAK", "有燃气味"),
        ("Garbage not collected for three days", "垃圾 没人收 三天了"),
        ("the heater is cold", "暖气 不热"),
        ("No. 65 Haier Road, no water", "haier路65号，停水"),
        ("Street lamp at 32 Xianggang Zhong Lu", "路灯 xianggangzhong路32号"),
        ("rubbish at 32 Xianggang Middle Road", "垃圾 xianggangzhong路32号"),
        ("The lamp in front of Zhongshan Park, the south gate", "路灯 zhongshan公园，门口"),
        ("No water since 3 days, number 12", "停水 三天了，12号"),
        ("What has become of the cold radiators I reported?", "查进度 不热 暖气"),
        ("hello", "你好"),
        ("ok", "好的"),
        ("no", "不是"),
        ("anonymous", "匿名"),
        ("I want to talk to a person", "转人工"),
        ("cancel", "不报了"),
    ],
)
def test_english_is_heard_by_the_words_of_the_table(said: str, heard: str) -> None:
    assert plain(said) == normalising.Plain(heard, Language.ENGLISH)


def test_where_places_are_at_hand_a_road_in_letters_is_the_road(city: Atlas) -> None:
    assert "同安路" in plain("street light broken at Tong'an Road", city.spelt).text
    assert "同安路" in plain("tongan lu ludeng huai le", city.spelt).text
    assert "海尔路" in plain("garbage on Haier Road", city.spelt).text
    assert "中山公园" in plain("The lamp at Zhongshan Park is broken", city.spelt).text
    assert plain("garbage on Zzyzx Road", city.spelt).text == "垃圾"


@pytest.mark.parametrize("text", ["Привет, не работает фонарь", "가로등이 고장났어요", "ガス臭い", "ไฟถนนเสีย"])
def test_what_nobody_here_reads_is_told_apart_and_left(text: str) -> None:
    assert plain(text) == normalising.Plain(text, Language.OTHER)


@pytest.mark.parametrize("text", ["", "😀", "12345", "？？", "。"])
def test_without_letters_there_is_no_language(text: str) -> None:
    assert plain(text).language is Language.NONE


@given(st.text(st.characters(codec="utf-8"), max_size=60))
@example("漏著水")
@example("嗯，嗯，嗯，嗯坏了坏了")
@example("一一一一一一一号")
def test_hearing_twice_changes_nothing(text: str) -> None:
    once = plain(text).text
    assert plain(once).text == once


@given(st.text(st.sampled_from("嗯那个就是路灯坏了，。 aeiou ludeng一二三号幺13燈壞Ａ１😀"), max_size=40))
def test_nothing_that_was_said_is_heard_as_nothing(text: str) -> None:
    assert bool(plain(text).text) == bool(normalising.clean(text))


def test_of_what_people_say_nearly_nothing_changes() -> None:
    """The model learned from these: what is heard must stay what it knows."""
    every = [text for texts in spoken().values() for text in texts if plain(text).language is Language.CHINESE]
    changed = [(text, plain(text).text) for text in every if plain(text).text != text]
    assert len(changed) <= 0.06 * len(every), changed[:30]


# -- signs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [("👍", "好的"), ("👍👍", "好的"), ("👌 👍", "好的"), ("✔️", "好的"), ("✔", "好的"), ("❌", "不对"), ("🙏", "谢谢")],
)
def test_some_signs_say_something(text: str, said: str) -> None:
    assert sign_meaning(text) == said


@pytest.mark.parametrize("text", ["😀", "👍👎", "👍好", "", "  ", "😡😡"])
def test_others_say_nothing_or_two_things(text: str) -> None:
    assert sign_meaning(text) is None


# -- the files ---------------------------------------------------------------------------------------------------


def test_a_sign_that_is_a_word_is_refused_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "normalising.yml"
    path.write_text("hesitations: [嗯]\nsoft: [那个]\nsigns:\n  好的: [好]\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"normalising.yml:\d: signs: '好'"):
        normalising.load(path)


def test_an_english_phrase_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "english.yml"
    path.write_text(
        "things:\n  路灯: [lamp]\n  灯: [lamp]\nstates: {}\nsaid: {}\nsmall: [a]\nroads: {road: 路}\nsides: {}\n",
        encoding="utf-8",
    )
    with pytest.raises(ContentError, match=r"english.yml:\d+: 'lamp' stands under 路灯 and 灯"):
        latin.load(english=path)


def test_a_word_without_a_count_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pinyin.csv"
    path.write_text("sound,word,count\nlu,路,0\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"pinyin.csv:2: 路"):
        latin.load(pinyin=path)
