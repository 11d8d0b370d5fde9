"""Where a second problem begins, by rules over a list of topics: what is left when no model can be asked.

When in doubt a text stays whole: a case too few is asked about, a case too many sends someone out for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.clause_topics import TOPICS
from kb.clauses import MARK, NUMBERED, Clause, bare

# Topics that are often one trouble's several sides: side by side they stay one, unless the citizen counts them.
_SIDES: tuple[frozenset[str], ...] = (
    frozenset({"waste", "pests", "cleaning", "river", "drain", "toilet", "burning", "dogs"}),
    frozenset({"stalls", "parking", "cooking smoke", "noise", "waste", "fire safety", "drain", "dust", "cleaning"}),
    frozenset({"noise", "dust", "road", "cleaning", "building", "drain"}),
    frozenset({"parking", "fire safety", "charging", "cables", "road", "fees", "railings"}),
    frozenset({"building", "water", "drain", "heating", "cables"}),
    frozenset({"greenery", "cables", "lighting", "road", "building", "railings", "pests"}),
    frozenset({"elevator", "cables", "water"}),
    frozenset({"lighting", "cables"}),
    frozenset({"manhole", "road", "drain"}),
    frozenset({"illegal building", "noise", "fire safety", "waste", "building", "greenery", "road", "charging"}),
    frozenset({"advertising", "building", "cables", "cleaning"}),
    frozenset({"signal light", "signs", "road", "parking"}),
    frozenset({"dogs", "noise", "pests"}),
    frozenset({"gas", "fire safety"}),
)
_SINGLE_CASE = re.compile(r"建议|理由|原因|诉求|要求|请求|希望|依据|请问|咨询|想问|疑问|方案|措施|经过|补充")
_CAUSE = re.compile(
    r"导致|造成|引起|害得|以致|使得|引发|砸|因为|由于|结果|所以|弄得|搞得|的时候|才能|说是|怀疑|可能是|吵得|睡不着"
)
# "还有" often goes on with the same trouble, where "另外" turns to another.
_LOOSE = re.compile(r"还有(?!就是|一个|一件)")
# In a letter longer than this things are named along the way: only what is counted or turned to is a problem.
LETTER = 150
# So many clauses after "另外" the new trouble must have been named.
_PATIENCE = 2
STILL_SAME = re.compile(r"还有(?:人|的|些|几|时|一次|一回|点|半|多|不少)")


def topics_of(clause: Clause) -> frozenset[str]:
    if clause.background:
        return frozenset()
    return frozenset(name for name, pattern in TOPICS if pattern.search(clause.text))


def beginnings(kept: Sequence[Clause]) -> list[int]:
    """The indexes of the clauses with which a problem begins; always 0 first.

    A clause begins one if it brings a topic not heard before, and the citizen counts it or turns to it ("二是",
    "另外"), or the topic is far from the one before and is not said to follow from it.
    """
    begins, seen, current = [0], frozenset[str](), frozenset[str]()
    announced: int | None = None
    counted, last = counted_items(kept)
    letter = sum(len(clause.text) for clause in kept) > LETTER
    for i, clause in enumerate(kept[:last]):
        if counted and i < min(counted):
            continue  # an introduction or a title, which sums up the list
        if i in counted or _turns(clause):
            announced = i
        elif announced is not None and announced not in counted and i - announced > _PATIENCE:
            announced = None
        topics = topics_of(clause)
        if not topics:
            continue
        start = i if announced is None else announced
        far = apart(topics, current) and not _linked(kept, i)
        told = announced is not None and (far or not _LOOSE.match(kept[announced].text))
        if seen and not topics & seen and start > begins[-1] and (told or (far and not letter)):
            begins.append(start)
            current = topics
        else:
            current |= topics
        seen |= topics
        if announced not in counted:
            announced = None
    return begins


def _turns(clause: Clause) -> bool:
    """Whether the clause opens with a word that turns to something else."""
    opens = MARK.match(clause.text) and not NUMBERED.match(clause.text)
    return bool(opens) and not STILL_SAME.match(clause.text)


def counted_items(kept: Sequence[Clause]) -> tuple[frozenset[int], int]:
    """The clauses that open an item of a list of problems, and the clause before which all problems begin.

    A list of wishes, reasons or questions belongs to the problem before it, and nothing in it is a problem of its own.
    """
    opening = [i for i, clause in enumerate(kept) if NUMBERED.match(clause.text)]
    if len(opening) < 2:
        return frozenset(), len(kept)
    before = kept[opening[0] - 1].text if opening[0] else ""
    if _SINGLE_CASE.search(before) or _SINGLE_CASE.match(bare(kept[opening[0]].text)):
        return frozenset(), opening[0]
    return frozenset(opening), len(kept)


def apart(topics: frozenset[str], current: frozenset[str]) -> bool:
    return bool(current) and not any(side & topics and side & current for side in _SIDES) and "fees" not in topics


def _linked(kept: Sequence[Clause], i: int) -> bool:
    return bool(_CAUSE.search(kept[i].text) or _CAUSE.search(kept[i - 1].text))
