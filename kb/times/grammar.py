"""Finding the pieces of a time in a text: days, parts of the day, clocks, lengths. What they mean is `resolving`'s."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kb.times.content import TimeWords, alternatives
from kb.times.numbers import NUMBER

# Every character keeps its place, so that what is found can be shown as it was said.
_HALF_WIDTH = str.maketrans(
    "０１２３４５６７８９：～－—／．點時週號個從兩幾後開禮",
    "0123456789:~--/.点时周号个从两几后开礼",
)
_WEEK = "(?:周|星期|礼拜)"
_REL = "(?P<rel>上上个?|上个?|这个?|本|当|下个?)"
_YEAR = "(?P<yr>YEARS|(?:19|20)\\d\\d年|二[零〇][零〇一二三四五六七八九]{2}年|\\d\\d年(?=\\d{1,2}月))"
_MONTH = "(?P<mo>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月"
_DAY = "(?P<da>3[01]|[12]\\d|0?[1-9]|三十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九])"
_THIRD = "(?P<third>上旬|中旬|下旬|初|底|末|中(?![午间学心山秋国路石]))"
_CUE = "(?=$|开始|就|以来|起|那会儿|那阵|的时候|时候|到现在|至今|左右|前|后|以后|之后|[，。,.；;!！?？吧里间])"
_HOUR = "(?:2[0-4]|1\\d|0?\\d|二十[一二三四]?|十[一二三四五六七八九]?|[零一二两三四五六七八九]{1,2})"
_MINUTE = (
    "(?P<mi>半|一刻|三刻|整|[0-5]?\\d分?|(?:[二三四五]?十[一二三四五六七八九]?|零[一二三四五六七八九])分?"
    "|[一二三四五六七八九]分)"
)
_NOT_A_PLACE = "(?!路|街|广场|大道|大街|村|小区|桥|中学|小学|公园|大厦|花园|庄)"
_AFTER_A_DAY = (
    "(?=晚上|夜里|早上|上午|中午|下午|凌晨|傍晚|半夜|晚|早上?\\d|\\d{1,2}[点:]|[一二两三四五六七八九十]{1,3}点"
    "|那天|当天|开始|以来|起(?!来)|左右|前后|就|停(?!车)|报修|到现在|至今|下的|之前|[，。,.；;]|$)"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text and what it is; `said` are the parts that its pattern names."""

    kind: str
    start: int
    end: int
    said: dict[str, str] = field(default_factory=dict)


def flat(text: str) -> str:
    """The text with half-width figures and the simple forms of the characters that times are said with."""
    return text.translate(_HALF_WIDTH)


class Grammar:
    """The patterns, made once from the words."""

    def __init__(self, words: TimeWords) -> None:
        entry = words.words
        year = _YEAR.replace("YEARS", alternatives(entry.years))
        parts = alternatives(entry.parts)
        short = "".join(entry.short_parts)
        self._part = re.compile(rf"(?P<part>{parts})(?![摊餐点市会茶班])")
        self._part_here = re.compile(rf"(?P<part>{parts})|(?P<short>[{short}])(?![摊餐市会茶班])")
        seasons = "|".join(f"(?:{one.words})" for one in words.days.seasons.values())
        named = "|".join(f"(?P<n{number}>{one.words})" for number, one in enumerate(words.named))
        lunar = (
            "(?:农历|阴历)?(?:大年(?P<first>初[一二三四五六七八九十])"
            "|(?P<lm>正|腊|冬|(?<=历)[一二三四五六七八九十]{1,2}|[一二三四五六七八九十]{1,2}(?=月(?:初[一二三四五六七八九十]|廿)))月"
            "(?P<ld>初[一二三四五六七八九十]|廿[一二三四五六七八九]?|[二三]?十[一二三四五六七八九]?))"
        )
        shapes: tuple[tuple[str, str], ...] = (
            ("date", rf"(?<!\d)(?P<yr>(?:19|20)\d\d)[-./](?P<mo>0?[1-9]|1[0-2])[-./]{_DAY}(?!\d)"),
            ("lunar", rf"(?:{year}的?)?{lunar}"),
            ("named", rf"(?:{year}的?)?(?:{named}){_NOT_A_PLACE}"),
            ("date", rf"{year}的?{_MONTH}份?(?:{_DAY}[日号]|{_THIRD})?"),
            ("season", rf"(?:{year}的?)?(?P<season>{seasons})"),
            ("half", rf"(?:{year}的?)?(?P<half>上半年|下半年|年初|年底|年末|年中)(?!级)"),
            ("half", rf"{year}(?P<half>初|底|末)"),
            ("year", rf"{year}(?![级代轮])"),
            ("date", rf"(?<![\d个]){_MONTH}份?{_DAY}[日号](?!楼|线|院)"),
            ("date", rf"(?<![\d个]){_MONTH}(?:份(?!牌)|{_THIRD}|{_CUE})"),
            ("month", rf"{_REL}月(?!台|饼|子)份?(?:{_THIRD}|的?{_DAY}[日号])?"),
            (
                "date",
                r"(?<![\d.:/A-Za-z第-])(?P<mo>1[0-2]|0?[1-9])[./](?P<da>3[01]|[12]\d|0?[1-9])(?![\d./%])"
                r"(?=\s*(?:[晚早上下中凌半夜傍]|开始|那天|就|以来|起|到现在|$|[，,。]|\d{1,2}[:点]))",
            ),
            ("short_day", rf"(?P<day>{alternatives(entry.short_days)})(?![摊餐市会])"),
            ("day", rf"(?P<day>{alternatives(entry.days)})(?!家园|花园|头条)"),
            ("weekday", rf"{_REL}{_WEEK}(?P<wd>[一二三四五六日天末])(?![次趟回圈遍])"),
            ("week", rf"{_REL}{_WEEK}(?![边围])"),
            (
                "weekday",
                rf"(?<![一二两三四五六七八九十几半\d每隔]){_WEEK}(?P<wd>[一二三四五六日天末])(?![次趟回圈遍升报])",
            ),
            ("vague", "|".join(f"(?:{one})" for one in entry.vague)),
            ("now", rf"(?:{alternatives(entry.just_now)})"),
            (
                "length",
                r"(?<![第头.周期拜])(?P<pre>快要?|将近|近|最近|过去|已经|整整|足足|大概|差不多|得有|小|大|这|连续|连着|一连)?"
                rf"(?P<num>{NUMBER}|半(?![夜天晚宿]))(?P<more>[多来])?(?P<ge>个)?(?P<more2>[多来])?(?P<mid>半)?"
                r"(?P<unit>分钟|小时|钟头|天|晚上?|夜|宿|周|星期|礼拜|(?<=[个多来半俩仨])月|年)(?P<tail>半)?(?P<more3>[多来])?(?:一夜|一宿)?",
            ),
            ("dayno", rf"(?<![\d路街巷道村园区弄零一二三四五六七八九十座第]){_DAY}[日号]{_AFTER_A_DAY}"),
            ("clock", rf"(?<![\d.:])(?P<ho>{_HOUR})(?=[-到至~]{_HOUR}点)"),
            (
                "clock",
                rf"(?<![\d.:有])(?P<ho>{_HOUR})(?:点钟?|时(?![候间常不有而段刻长节代]))(?:{_MINUTE})?"
                r"(?P<about>多钟?|来钟|左右|前后|许)?",
            ),
            ("clock", r"(?<!\d)(?P<ho>[01]?\d|2[0-3])(?P<colon>:)(?P<mi>[0-5]\d)(?!\d)(?P<about>左右|前后)?"),
        )
        self._shapes = tuple((kind, re.compile(shape)) for kind, shape in shapes)
        starts = "".join(
            {word[0] for group in (entry.days, entry.short_days, entry.years, entry.parts) for word in group}
        )
        self._begins = re.compile(
            rf"[0-9{re.escape(starts)}零〇一二两俩仨三四五六七八九十百半好几有挺很老这前头最近从搬入自交建盖住用许多常长历早相刚方快将过已整足大概差得小连"
            r"上本当下周星礼元春除年正农阴腊冬端中清五六八国重立夏秋入开伏供停一劳妇儿都]"
        )

    def pieces(self, text: str) -> Iterator[Piece]:
        """All pieces in order; none overlaps another. `text` is `flat`."""
        position, last = 0, -1
        while found := self._begins.search(text, position):
            position = found.start()
            piece = self._at(text, position, follows=last == position)
            if piece is None:
                position += 1
                continue
            yield piece
            position = last = piece.end

    def _at(self, text: str, position: int, *, follows: bool) -> Piece | None:
        for kind, shape in self._shapes:
            if (found := shape.match(text, position)) and found.end() > position:
                said = {name: value for name, value in found.groupdict().items() if value is not None}
                return Piece(kind, position, found.end(), said)
        part = (self._part_here if follows or self._before_a_clock(text, position) else self._part).match(
            text, position
        )
        if part:
            return Piece("part", position, part.end(), {k: v for k, v in part.groupdict().items() if v})
        return None

    @staticmethod
    def _before_a_clock(text: str, position: int) -> bool:
        return bool(re.match(rf"(?:{_HOUR}点|\d{{1,2}}:\d\d)", text[position + 1 : position + 7]))
