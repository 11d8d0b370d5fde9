"""Cutting a message into its problems, each a text of its own that names its place.

With a ranking function the model of categories decides where a second problem begins (`kb.cuts`), without one rules
over a list of topics (`kb.split_rules`), which see only what is on the list.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from kb.clause_topics import TOPICS
from kb.clauses import NUMBERED, Clause, bare, joined, read_clauses
from kb.cuts import Ranks, cut
from kb.split_rules import beginnings

_PLACE = re.compile(
    r"[\u4e00-\u9fffA-Za-z0-9]{1,14}(?:路(?![灯面牌砖过上])|街|小区|花园|家园|花苑|苑|社区|村|广场|公园|市场|大厦|胡同|巷|"
    r"小学|中学|学校|医院|号楼|号院|号|单元|楼|门口|路口|大门|[东西南北]门|站|桥|里(?!面|边)|城|家属院|宿舍|幼儿园|商场|超市)"
    r"(?:[\u4e00-\u9fffA-Za-z0-9]{0,6}(?:门口|路口|号楼|单元|旁边|附近|对面|楼下|南侧|北侧|东侧|西侧|[东西南北]门|边上|里面|里|内))?"
)
_PLACE_FILLER = re.compile(
    r"^(?:我们?|俺们?|咱们?|住在|家住|住|家在|位于|在|就在|想|要|来|反映|投诉|举报|报修|一下|请问|那个|这个|是|有|说|关于|的|主要|有两个问题|两件事|问题)+"
)
_BEFORE_PLACE = re.compile(r"^.*(?:(?<!现)在|位于|位置是|地址是|地点是|为)(?=.)")
# Names no place by itself: 楼道里, 门口, 三楼.
_ONLY_A_SPOT = re.compile(
    r"(?:我们?家?|这|那|[一二三四五六七八九十0-9]{0,3})?(?:楼道?|楼下|单元|门口|大门|小区|路口|站|里|院)里?"
)
_TOPIC_NOUN = re.compile(r"路灯|红绿灯|垃圾|井盖|电梯|暖气|马路|道路|人行道|树|公厕|下水道|车")


def split_problems(
    text: str, *, ranks: Ranks | None = None, same: Callable[[str, str], bool] | None = None
) -> tuple[str, ...]:
    """The message's problems, each a text of its own that names its place; one text where there is one problem.

    `ranks` ranks several texts at once by words alone. `same` says of two parts whether they are after all one
    matter, for example of one category: those are joined again. Empty only for a text that says nothing.
    """
    clauses = read_clauses(text)
    if not clauses:
        return ()
    if ranks is None:
        parts = [clauses[start:stop] for start, stop in pairwise([*beginnings(clauses), len(clauses)])]
    else:
        parts = cut(clauses, ranks)
    if same is not None:
        parts = _reunited(parts, same)
    if len(parts) == 1:
        return (joined(parts[0]),)
    shared = _place(parts[0])
    texts = [_uncounted(part) for part in parts]
    return (texts[0], *(_with_place(one, part, shared) for one, part in zip(texts[1:], parts[1:], strict=True)))


def _reunited(parts: list[list[Clause]], same: Callable[[str, str], bool]) -> list[list[Clause]]:
    kept: list[list[Clause]] = []
    for part in parts:
        text = bare(joined(part))
        twin = next((one for one in kept if same(bare(joined(one)), text)), None)
        if twin is None:
            kept.append(list(part))
        else:
            twin.extend(part)
    return kept


def _uncounted(part: list[Clause]) -> str:
    """The part's text without the number of its item, which may stand behind an introduction."""
    item = next((i for i, clause in enumerate(part) if NUMBERED.match(clause.text)), 0)
    stripped = Clause(bare(part[item].text), part[item].end)
    return bare(joined([*part[:item], stripped, *part[item + 1 :]]))


def _place(part: list[Clause]) -> str:
    """The place words of a part: what stands before its trouble, the first that looks like a place."""
    for clause in part:
        text = bare(clause.text)
        trouble = [hit.start() for _, pattern in TOPICS if (hit := pattern.search(text))]
        noun = _TOPIC_NOUN.search(text)
        limit = min([*trouble, *([noun.start()] if noun else [])], default=len(text))
        head = _PLACE_FILLER.sub("", text[:limit])
        found = _PLACE.match(_BEFORE_PLACE.sub("", head))
        if found and not _ONLY_A_SPOT.fullmatch(found.group(0)):
            return found.group(0)
    return ""


def _with_place(text: str, part: list[Clause], shared: str) -> str:
    if not shared or shared in text or _place(part):
        return text
    # '门口垃圾桶三天没人收' stands at the same gate
    head, _, spot = shared.rpartition("门口")
    return f"{head}，{text}" if head and not spot and text.startswith("门口") else f"{shared}，{text}"
