"""Which of their own tickets a citizen means who does not know the number: "我上次那个", "昨天那个路灯的"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kb.deadlines import CITY_TIME
from kb.text import bigrams, folded, spoken_digits

_DAYS_AGO = (
    (re.compile("大前[天日晚]"), 3),
    (re.compile("前[天日晚]"), 2),
    (re.compile("昨[天日晚夜]"), 1),
    (re.compile("今[天日早晚]|刚才|刚刚|刚报|刚提|早上|上午|中午|下午"), 0),
)
_NUM = r"(\d{1,2}|[一二两三四五六七八九]|十[一二三四五六七八九]?|半)"
_AGO = re.compile(rf"{_NUM}(天|个?星期|个?礼拜|周|个月)(?:以)?前")
_WEEK = re.compile(r"(上上个?|上个?|这个?|本)(?:周|星期|礼拜)([一二三四五六日天])?")
_MONTH = re.compile(r"(上上个?|上个?|这个?|本)月")
_DATE = re.compile(rf"{_NUM}月{_NUM}[日号]")
_SOME_DAYS = re.compile(r"[前这]几天|[前这][一]?两天")
_LATEST = re.compile(r"上上?一?(?:[次回件条单]|个(?!月|星期|礼拜|周))|最近|最新|最后|刚才|刚刚|刚报|刚提")
_EARLIEST = re.compile(r"第一[次个件条]|最早|最开始|最先")
_WEEKDAYS = {**dict(zip("一二三四五六日", range(7), strict=True)), "天": 6}
# Words that say nothing of which ticket is meant, longer ones first.
_SAYS_NOTHING = (
    "我 俺 咱 恁 你们 你 您 他们 给 请 麻烦 帮忙 帮 一下 下 查询 查 看看 看 问问 问 催催 催 撤销 撤回 "
    "撤诉 撤 补充 加 进度 进展 结果 情况 怎么样 怎样 咋样 怎么 咋 如何 了 没有 没 吗 嘛 呢 吧 啊 呀 哈 "
    "的 地 得 那个 这个 那件 这件 那 这 哪 个 件 事情 事儿 事 单子 工单 单号 编号 号 单 投诉 反映 举报 "
    "报修 报过 报 提交 提 登记 说 上报 办理 办 处理 解决 到 步 谁 什么 啥 时候 人 来 还 是 有 在 想 要 "
    "能 把 再 快点 快 赶紧 抓紧 尽快 管 修 好 先 也 就 都 跟 和 对 不用 不要 不 以前 之前 之后 已经 现在 "
)
_EMPTY = re.compile("|".join(sorted(_SAYS_NOTHING.split(), key=len, reverse=True)))


@dataclass(frozen=True, slots=True)
class Known:
    """What can be said of a ticket: when it was filed (aware), and its description, category and place as one text."""

    number: str
    filed_at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Meant:
    """The tickets that may be meant, in their order; `by` what was understood: "words", "time", "order"; nothing: all.

    `rest` is what of the message says something of the problem or the place.
    """

    tickets: tuple[Known, ...]
    by: frozenset[str] = frozenset()
    rest: str = ""

    @property
    def one(self) -> Known | None:
        """The only one that is meant."""
        return self.tickets[0] if len(self.tickets) == 1 else None


def pick(text: str, tickets: Sequence[Known], now: datetime) -> Meant:
    """Which of the tickets (newest first) the words mean; all of them where the words say nothing of it.

    Words for the problem or the place weigh more than words for the time, which people misremember.
    """
    plain, today = folded(text), now.astimezone(CITY_TIME).date()
    span = _span(plain, today)
    rest = about(text)
    left, by = list(tickets), set()
    alike = _alike(rest, left)
    if alike:
        left, by = alike, {"words"}
    if span:
        then = [one for one in left if span[0] <= one.filed_at.astimezone(CITY_TIME).date() <= span[1]]
        if then:
            left = then
            by.add("time")
    if left and _EARLIEST.search(plain):
        left = [left[-1]]
        by.add("order")
    elif left and _LATEST.search(plain):
        left = [left[1] if "上上" in plain and len(left) > 1 else left[0]]
        by.add("order")
    return Meant(tuple(left), frozenset(by), rest)


def speaks_of_a_former_one(text: str) -> bool:
    """Whether the words are about something that was reported before: 上次, 之前, 昨天报的, 那个单子."""
    plain = folded(text)
    return bool(
        re.search(r"上一?[次回]|以前|之前|先前|前[天几]|昨[天晚日]|上个?[周月]|上星期|上礼拜|单子|工单|单号", plain)
    )


def names_a_ticket(text: str) -> bool:
    """Whether a ticket or its progress is spoken of, its number or not: 催一下, 工单, 查进度."""
    return bool(re.search(r"催|编号|工单|单号|进度|进展|查", text))


def about(text: str) -> str:
    """What is left of the message without time, order and empty words: '昨天那个路灯的怎么样了' -> '路灯'."""
    plain = folded(text)
    for pattern in (_DATE, _AGO, _WEEK, _MONTH, _SOME_DAYS, *(one for one, _ in _DAYS_AGO), _LATEST, _EARLIEST):
        plain = pattern.sub(" ", plain)
    parts = (part for part in re.split(r"[\W_]+", _EMPTY.sub(" ", plain)) if part)
    return " ".join(parts)


def _alike(rest: str, tickets: Sequence[Known]) -> list[Known]:
    """Those that share the most pairs of characters with the words; none where no pair is shared."""
    pairs = {pair for part in rest.split() if len(part) > 1 for pair in bigrams(part)}
    shared = [(len(pairs & bigrams(one.words)), one) for one in tickets]
    most = max((count for count, _ in shared), default=0)
    return [one for count, one in shared if count == most] if most else []


def _span(plain: str, today: date) -> tuple[date, date] | None:
    """The days that are meant, first and last."""
    if found := _DATE.search(plain):
        return _that_day(_count(found[1]), _count(found[2]), today)
    if found := _AGO.search(plain):
        days = {"天": 1, "月": 30}.get(found[2][-1], 7)
        away = days // 2 if found[1] == "半" else days * _count(found[1])
        about_so = max(1, days // 2)
        return today - timedelta(days=away + about_so), today - timedelta(days=max(0, away - about_so))
    if found := _WEEK.search(plain):
        monday = today - timedelta(days=today.weekday() + 7 * _back(found[1]))
        if found[2]:
            return (day := monday + timedelta(days=_WEEKDAYS[found[2]])), day
        return monday, monday + timedelta(days=6)
    if found := _MONTH.search(plain):
        first = today.replace(day=1)
        for _ in range(_back(found[1])):
            first = (first - timedelta(days=1)).replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    if _SOME_DAYS.search(plain):
        return today - timedelta(days=10), today
    for pattern, days in _DAYS_AGO:
        if pattern.search(plain):
            return (day := today - timedelta(days=days)), day
    return None


def _that_day(month: int, day: int, today: date) -> tuple[date, date] | None:
    for year in (today.year, today.year - 1):
        try:
            meant = date(year, month, day)
        except ValueError:
            return None
        if meant <= today:
            return meant, meant
    return None


def _back(word: str) -> int:
    return 2 if word.startswith("上上") else 1 if word.startswith("上") else 0


def _count(word: str) -> int:
    if word == "半":
        return 0
    if word.startswith("十"):
        return 10 + int(spoken_digits(word[1:]) or 0)
    return int(spoken_digits(word) or 0)
