"""Every sentence reads right with every value in its gaps: the longest names, bare numbers, English, signs."""

import re
from collections.abc import Iterator
from itertools import islice, product

import pytest

from kb.taxonomy import Taxonomy
from kb.words import Words

NUMBER = "4817 2093 5561"
LONG_PLACE = "青岛西海岸新区长江路街道武夷山路与井冈山路交叉口西北角佳世客购物中心地下二层停车场"
LONG_PROBLEM = "楼下烧烤摊天天闹到后半夜两点多油烟一个劲往屋里灌孩子咳…"
DATES = ["1月1日 00:00", "12月31日 23:59"]
SAID = ["路灯坏了", "“僵尸车”占道", "water is leaking in the basement", "😡😡😡", "3号楼", LONG_PROBLEM]
# What may stand in a gap. A gap with no row here is a new one: say what may stand in it.
VALUES: dict[str, list[object]] = {
    "number": [NUMBER],
    "pin": ["市北区海云庵附近", "香港中路32号"],
    "unit": ["物业", "中国铁塔股份有限公司青岛市分公司通信设施维护中心", "ENN Gas Co., Ltd."],
    "owner": ["市城管局", "青岛市住房和城乡建设局物业管理服务中心"],
    "due": DATES,
    "again": DATES,
    "opens": ["明天上午9点", "12月31日周日上午8点30分"],
    "problem": SAID,
    "said": SAID,
    "heard": SAID,
    "text": ["", *SAID],
    "understood": SAID,
    "first": ["反映问题", "补充报过的事"],
    "second": ["查进度", "撤回报过的事"],
    "place": ["同安路", LONG_PLACE, "Laoshan Road", "五四广场🏖"],
    "hint": ["我家楼下", "俺们村头"],
    "city": ["济南", "呼和浩特"],
    "count": [1, 2, 11, 1000],
    "others": [1, 2, 3748],
    "ahead": [1, 2, 60],
    "limit": [2000],
    "most": [4, 10],
    "words": SAID,
    "figures": [1, 8],
    "minutes": [1, 2, 59],
    "begins": ["12", "上午9点"],
    "ends": ["上午10点", "下午5点30分"],
    "code": ["048172"],
    "phone": ["138****5678", "0532****2093"],
    "when": ["明天上午9点到10点", "12月31日周日下午2点到5点30分"],
    "window": ["明天上午9点到10点"],
    "date": ["2014年9月"],
    "source": ["青岛市供热条例", "市供热名录，2026-11-01"],
    "say": ["供热管道正在抢修，预计今晚十点恢复。", "Heating works until Friday."],
    "answer": ["每年11月16日开始供暖。", "法定供暖期是每年11月16日到第二年4月5日，居民家里不低于18度。"],
    "notice": ["已转街道安排清理，5个工作日内给您答复。", "谢谢您的建议，已转市城管局研究，5个工作日内给您答复。"],
    "note": ["已修好。", "不归我们管", "换了灯\n又换了线", "OK", "您说得对！", "长" * 400],
    "names": ["灯杆.jpg", "a.png、b.png"],
    "title": ["2026年冬季供暖回访"],
    "choice": [1, 12],
    "label": ["问题", "最迟答复"],
    "page": ["https://jiesu.example.gov.cn", "https://jiesu.example.gov.cn/wechat/notices"],
    "question": ["您家里现在暖和吗？"],
    "value": ["青岛能源热电集团", "第七供热区"],
    "day": ["今天", "12月31日", "31"],
    "from_day": ["2026年1月1日"],
    "to_day": ["2026年12月31日"],
    "month": ["1", "12月", "12"],
    "year": ["2026", "去年"],
    "hour": ["0", "23"],
    "minute": ["05", "30"],
    "time": ["晚上10点"],
    "half": ["上午", "下午"],
    "habit": ["每天晚上", "天天"],
    "weekday": ["一", "日"],
}
# So many of the combinations are looked at for each way of saying a sentence.
MOST = 400
LONGEST_LINE, LONGEST_QUESTION = 130, 60
_MARKS = "，。！？；：、"


def _ways(words: Words) -> Iterator[tuple[str, str]]:
    for key, first in words.sentences.items():
        yield from ((key, way) for way in words.variations.get(key, (first,)))


def _filled(words: Words, *, ordinary: bool = False) -> Iterator[tuple[str, str, dict[str, object]]]:
    for key, way in _ways(words):
        gaps = sorted(words.gaps(key))
        rows = [VALUES[gap][:1] if ordinary else VALUES[gap] for gap in gaps]
        for values in islice(product(*rows), MOST):
            given = dict(zip(gaps, values, strict=True))
            yield key, way.format(**given), given


def test_it_is_known_what_may_stand_in_every_gap(all_words: Words) -> None:
    assert {gap for key in all_words.sentences for gap in all_words.gaps(key)} - set(VALUES) == set()


def test_marks_never_stand_double_and_no_blank_stands_beside_one(all_words: Words) -> None:
    doubled = re.compile(rf"[{_MARKS}][，。；：、]|[ ][{_MARKS}）”]|[（“{_MARKS}][ ]|  | $|^ ", re.MULTILINE)
    found = [(key, hit.group(), said) for key, said, _ in _filled(all_words) if (hit := doubled.search(said))]
    assert not found, found[:20]


def test_quotes_and_brackets_are_closed(all_words: Words) -> None:
    for key, said, _ in _filled(all_words):
        for opening, closing in ("“”", "（）"):
            assert said.count(opening) == said.count(closing), (key, said)
        assert not set(said) & set("\"'(){}"), (key, said)


def test_a_ticket_number_stands_apart_from_the_words_around_it(all_words: Words) -> None:
    """编号 4817 2093 5561 的: read in one go it would be one long word."""
    for key, way in _ways(all_words):
        for found in re.finditer(r"(.?)\{number\}(.?)", way, re.DOTALL):
            before, after = found.groups()
            ordinal = before == "第"
            assert ordinal or (before in ("", " ") and (after in ("", " ") or after in _MARKS + "）”")), (key, way)


def test_english_and_long_numbers_in_the_words_themselves_stand_as_everywhere_else(all_words: Words) -> None:
    """No blank around 12345 or in '3号楼': as citizens write them."""
    for key, way in _ways(all_words):
        assert not re.search(r"[\u4e00-\u9fff] [0-9]|[0-9] [\u4e00-\u9fff]", way), (key, way)


def test_no_line_is_longer_than_a_breath_can_carry(all_words: Words) -> None:
    free = {"note", "text", "answer", "notice", "say", "question"}
    for key, said, given in _filled(all_words, ordinary=True):
        if not free & set(given):
            assert all(len(line) <= LONGEST_LINE for line in said.splitlines()), (key, len(said), said)


def test_a_question_is_short_with_its_gaps_filled(all_words: Words) -> None:
    long = {
        key: len(last)
        for key, said, given in _filled(all_words, ordinary=True)
        if "？" in said and not {"question", "note"} & set(given) and len(last := said.splitlines()[-1]) > 90
    }
    assert long == {}


def test_a_question_alone_is_under_sixty_characters(all_words: Words) -> None:
    found = {
        key: way for key, way in _ways(all_words) if ("？" in way or ".ask_" in key) and len(way) >= LONGEST_QUESTION
    }
    assert found == {}


def test_everybody_is_spoken_to_with_respect(all_words: Words, tree: Taxonomy) -> None:
    """您, never 你; and 您 not three times in one sentence without need."""
    rude = [(key, way) for key, way in _ways(all_words) if "你" in way]
    rude += [
        (leaf.code, text)
        for leaf in tree
        for text in (leaf.entry.plain, leaf.entry.notice, leaf.entry.safety_advice or "", *leaf.entry.questions)
        if "你" in text
    ]
    assert rude == []


def test_nothing_ends_in_the_middle(all_words: Words) -> None:
    """A sentence with a stop inside has one at its end too, unless a gap stands there."""
    for key, way in _ways(all_words):
        if "。" in way.rstrip("。") or "！" in way.rstrip("！"):
            assert way[-1] in "。！？）”}：" or key == "feelings.heard", (key, way)


@pytest.mark.parametrize("key", ["feelings.heard"])
def test_half_a_sentence_is_half_a_sentence(all_words: Words, key: str) -> None:
    for way in all_words.ways(key):
        assert way.endswith("，") and len(way) <= 10, way
