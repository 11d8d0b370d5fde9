"""Words by which a conversation is put right, told from words that only look so."""

from pathlib import Path

import pytest

from kb import repairs
from kb.content_files import ContentError

WORDS = repairs.load()


@pytest.mark.parametrize(
    "text",
    [
        "算了，还是报吧",
        "还是登记吧",
        "还是给我报上吧",
        "接着报刚才那个",
        "刚才那个接着报",
        "别取消",
        "不取消了",
        "恢复刚才的",
        "继续刚才的",
    ],
)
def test_what_was_called_off_is_wanted_back(text: str) -> None:
    assert WORDS.wants_back(text)


@pytest.mark.parametrize(
    "text",
    [
        "算了",
        "不报了",
        "我要报个事",
        "路灯还是不亮，你们到底修不修啊，都报了三回了",
        "还是那盏灯",
        "报警",
        "",
        "还是老样子",
    ],
)
def test_other_words_bring_nothing_back(text: str) -> None:
    assert not WORDS.wants_back(text)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("另外还有个事", ""),
        ("对了还有一件事", ""),
        ("对了，还有一件事", ""),
        ("还有个问题", ""),
        ("另外还有个事，井盖也丢了", "井盖也丢了"),
        ("顺便再反映一下楼下烧烤摊扰民", "楼下烧烤摊扰民"),
        ("还有个别的事要说：垃圾没人收", "垃圾没人收"),
        ("我想再报一个", ""),
        ("还有别的问题，垃圾没人收", "垃圾没人收"),
    ],
)
def test_another_matter_is_told_from_what_leads_to_it(text: str, other: str) -> None:
    assert WORDS.another(text) == other


@pytest.mark.parametrize(
    "text", ["还有三天就过年了", "还有味道", "另外一侧也不亮", "再说清楚点", "顺便问一下多久修好", "路灯坏了", "还有"]
)
def test_more_about_the_same_is_no_other_matter(text: str) -> None:
    assert WORDS.another(text) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("你没听懂", ""),
        ("你没听懂，我说的是暖气不热", "暖气不热"),
        ("不是这个意思，我是说隔壁那栋楼", "隔壁那栋楼"),
        ("您理解错了，是楼上漏水", "楼上漏水"),
        ("答非所问", ""),
        ("我问的不是这个！我想问供暖几号开始", "供暖几号开始"),
        ("路灯坏了", ""),
        ("你没听懂，哦", ""),
    ],
)
def test_what_was_meant_stands_behind_the_reproach(text: str, meant: str) -> None:
    assert WORDS.meant(text) == meant


@pytest.mark.parametrize(
    ("text", "told", "again"),
    [
        ("路灯坏了！", "路灯坏了", True),
        ("同安路 路灯坏了", "同安路路灯坏了\n三天了", True),
        ("同安路", "同安路路灯坏了", False),
        ("坏了", "坏了", False),
        ("路灯坏了三天了", "路灯坏了", False),
    ],
)
def test_saying_it_again_is_not_saying_more(text: str, told: str, again: bool) -> None:
    assert repairs.said_before(text, told) is again


def test_a_pattern_that_is_none_is_refused_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "repairs.yml"
    path.write_text("wants_back: ['(']\nanother: [a]\nmisheard: [a]\ni_mean: [a]\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"repairs.yml:\d: wants_back: '\('"):
        repairs.load(path)
