"""Where a second problem begins, by what a model of categories says of the words on either side.

Each place where a clause ends is a candidate. What stands on either side is judged by itself, by words alone; a small
linear model over those judgements and over the words at the cut (`content/cuts.yml`) says how likely two problems
meet there. Some things are never cut: what follows from the words before it, a wish, a history, a setting, and two
sides about one matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb import cut_words as words
from kb.clauses import NUMBERED, Clause, bare, joined
from kb.content_files import CONTENT, as_model, read_mapping
from kb.referrals import PREFIX
from kb.split_rules import LETTER, apart, beginnings, counted_items, topics_of
from kb.verdict import Ranked

FILE = CONTENT / "cuts.yml"
# What ranks several texts at once, best class first, by words alone: `kb.classifier.Classifier.rank_all`.
Ranks = Callable[[Sequence[str]], Sequence[Sequence[Ranked]]]
Chances = Mapping[str, float]

# So many characters next to a cut are judged on each side.
_SIDE = 90
_SURELY_NOT = 30.0
# A message of more clauses than this is cut only where a sentence ends or something counts or turns.
_CLAUSES = 14


Bar = Annotated[float, Field(gt=0, lt=1)]


class Weights(BaseModel):
    """The content file: from which chance on to cut (in a letter; what was cut already), groups, and the weights.

    `seldom_alone` are groups that are hardly a problem beside another, `sides` groups that are often sides of one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bar: Bar
    bar_letter: Bar
    bar_again: Bar
    constant: float
    seldom_alone: frozenset[str]
    sides: tuple[frozenset[str], ...]
    weights: Mapping[str, float]

    def one_trouble(self, one: str, other: str) -> bool:
        """Whether matters of these groups are often sides of one trouble."""
        return any(one in sides and other in sides for sides in self.sides)


@cache
def load(path: Path = FILE) -> Weights:
    """The weights. Raises ContentError naming file, line, key and value."""
    return as_model(Weights, read_mapping(path), path)


def group(code: str) -> str:
    """What must differ on the two sides of a cut: the level-2 group of a leaf, or another authority's duty."""
    return code if code.startswith(PREFIX) else code[:4]


class Judged:
    """Asks the ranking function, several texts at once, and no text twice."""

    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks
        self._known: dict[str, dict[str, float]] = {}

    def ask(self, texts: Iterable[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for text, ranking in zip(new, self._ranks(new) if new else (), strict=True):
            groups = self._known.setdefault(text, {})
            for one in ranking:
                groups[group(one.code)] = groups.get(group(one.code), 0.0) + one.probability

    def __getitem__(self, text: str) -> Chances:
        if text not in self._known:
            self.ask([text])
        return self._known[text]


def best(chances: Chances) -> tuple[str, float]:
    """The likeliest group and its chance."""
    return max(chances.items(), key=lambda pair: pair[1], default=("", 0.0))


@dataclass
class Message:
    """The clauses of a message with what the model says of each, ready to be asked about cuts."""

    clauses: list[Clause]
    judged: Judged
    model: Weights

    def __post_init__(self) -> None:
        pieces = [piece for clause in self.clauses for part in words.listed(clause) for piece in self._pieces(part)]
        self.clauses = words.merged(pieces)
        own = [bare(clause.text) for clause in self.clauses]
        self.judged.ask(own)
        self.alone = [self.judged[text] for text in own]
        self.telling = [self._tells(clause, i) for i, clause in enumerate(self.clauses)]
        if words.is_title(self.clauses):
            self.telling[0] = False
        self.counted, self.last = counted_items(self.clauses)
        by_comma = [i for i, clause in enumerate(self.clauses) if words.COUNTED_BY_COMMA.match(clause.text)]
        if not self.counted and self.last == len(self.clauses) and len(by_comma) > 1:
            self.counted = frozenset(by_comma)
        self.numbered = [i in self.counted or bool(NUMBERED.match(one.text)) for i, one in enumerate(self.clauses)]
        self.topics = [topics_of(clause) for clause in self.clauses]
        self.by_rule = frozenset(beginnings(self.clauses))
        self.announced = words.announces_several(self.clauses)
        self.length = sum(len(clause.text) for clause in self.clauses)

    def open_cuts(self, start: int, stop: int) -> list[int]:
        """The clauses between, with which another problem could begin."""
        several = len(self.clauses) > _CLAUSES
        return [
            cut
            for cut in range(start + 1, min(stop, self.last))
            if any(self.telling[start:cut])
            and any(self.telling[cut:stop])
            and not words.follows(self.clauses, start, cut, turned=self.turns(cut))
            and not (several and not self.turns(cut) and not words.SENTENCE_END.search(self.clauses[cut - 1].end))
        ]

    def turns(self, cut: int) -> bool:
        return self.numbered[cut] or bool(words.TURNS.match(self.clauses[cut].text))

    def sides(self, start: int, cut: int, stop: int) -> tuple[str, str]:
        """The words before and after the cut that tell of something."""
        return self._told(start, cut)[-_SIDE:], self._told(cut, stop)[:_SIDE]

    def whole(self, start: int, stop: int) -> str:
        return self._told(start, stop)[: 2 * _SIDE]

    def _told(self, start: int, stop: int) -> str:
        between = range(start, stop)
        part = [self.clauses[i] for i in between if self.telling[i]] or self.clauses[start:stop]
        return bare(joined(part))

    def _tells(self, clause: Clause, i: int) -> bool:
        name, sure = best(self.alone[i])
        return words.tells(clause, sure, own=not name.startswith(PREFIX) and name not in self.model.seldom_alone)

    def _pieces(self, clause: Clause, depth: int = 0) -> list[Clause]:
        """An unpunctuated clause as the two or three it surely is; nearly always itself."""
        text = clause.text
        cuts = [] if clause.background or depth > 2 else words.unmarked_cuts(text)
        if not cuts:
            return [clause]
        self.judged.ask([side for at, _ in cuts for side in (text[:at], bare(text[at:]))])
        scored = []
        for at, looks in cuts:
            before, after = self.judged[text[:at]], self.judged[bare(text[at:])]
            (first, one), (second, other) = best(before), best(after)
            mixed = max(before.get(second, 0.0), after.get(first, 0.0)) > 0.1
            if (
                first != second
                and not {first, second} & self.model.seldom_alone
                and min(one, other) >= 0.55
                and not mixed
            ):
                scored.append((looks * one * other, at))
        if not scored:
            return [clause]
        _, at = max(scored)
        left = Clause(text[:at], "", background=clause.background)
        right = Clause(text[at:], clause.end, background=clause.background)
        return [*self._pieces(left, depth + 1), *self._pieces(right, depth + 1)]


def features(message: Message, start: int, cut: int, stop: int) -> dict[str, float]:
    """What is known of a cut between `start` and `stop`: names as in the content file."""
    seldom = message.model.seldom_alone
    before, after = (message.judged[text] for text in message.sides(start, cut, stop))
    whole = message.judged[message.whole(start, stop)]
    (left, sure_left), (right, sure_right) = best(before), best(after)
    heard, told = message.alone[start:cut], message.alone[cut:stop]
    first = told[0]
    new = _most(
        chance
        for name, chance in first.items()
        if name not in seldom and before.get(name, 0) < 0.03 and _most(_of(heard, name)) < 0.1
    )
    old = max(
        _most(
            chance
            for name, chance in one.items()
            if name not in seldom and after.get(name, 0) < 0.03 and _most(_of(told, name)) < 0.1
        )
        for one in heard
    )
    related = left[:2] == right[:2] and not left.startswith(PREFIX)
    sides = related or message.model.one_trouble(left, right)
    clause, end = message.clauses[cut], message.clauses[cut - 1].end
    core = bare(clause.text)
    turned = bool(words.TURNS.match(clause.text)) and not message.numbered[cut]
    both, news = sure_left * sure_right, old * new
    counted = cut in message.counted
    intro = message.clauses[min(message.counted) - 1].text if counted and min(message.counted) else ""
    lengths = [len(text) for text in message.sides(start, cut, stop)]
    heard_topics = frozenset[str]().union(*message.topics[start:cut])
    told_topics = frozenset[str]().union(*message.topics[cut:stop])
    sentence = bool(words.SENTENCE_END.search(end))
    return {
        # how the clause connects
        "turns": float(turned),
        "goes_on": float(not turned and bool(words.GOES_ON.match(clause.text))),
        "counted": float(counted),
        "announced": float(message.announced),
        "counted_sides": float(bool(intro) and not words.TELLS_OF_PROBLEMS.search(intro)),
        "beside_list": float(bool(message.counted) and not counted),
        "sentence_end": float(sentence),
        # what the model says of either side
        "both_sure": both,
        "news": news,
        "sentence_and_news": news * float(sentence),
        "overlap": sum(min(before.get(name, 0.0), chance) for name, chance in after.items()),
        "right_before": before.get(right, 0.0),
        "right_heard": _most(_of(heard, right)),
        "left_told": _most(_of(told, left)),
        "left_at_cut": heard[-1].get(left, 0.0),
        "left_in_whole": whole.get(left, 0.0),
        "related": float(related),
        "sides": float(sides),
        "unrelated_and_sure": both * float(not sides),
        "unrelated_news": news * float(not sides),
        "unrelated_short": float(not sides) * float(message.length < 60),
        "left_duty": float(left.startswith(PREFIX)),
        "right_duty": float(right.startswith(PREFIX)),
        # the words at the cut
        "by_rule": float(cut in message.by_rule),
        "new_topic": float(bool(message.topics[cut] - heard_topics)),
        "apart": float(bool(told_topics) and apart(told_topics, heard_topics)),
        "trouble": float(bool(words.WRONG.search(core))),
        "also": float(bool(words.ALSO.search(core))),
        "elsewhere": float(bool(words.ELSEWHERE.search(core))),
        "parallel": float(words.parallel(core, [bare(one.text) for one in message.clauses[start:cut]])),
        "consequence": float(bool(words.CONSEQUENCE.search(core))),
        "people": float(bool(words.PEOPLE_AND_TIMES.match(core))),
        # lengths
        "short": float(message.length < 60),
        "length": math.log1p(message.length),
        "left_length": math.log1p(lengths[0]),
        "right_length": math.log1p(lengths[1]),
        "clause_length": math.log1p(len(core)),
        "clauses": min(stop - start, 12) / 4,
        "last": float(cut == stop - 1),
    }


def chance(found: Mapping[str, float], model: Weights) -> float:
    """How likely two problems meet at a cut of these features."""
    score = model.constant + sum(weight * found[name] for name, weight in model.weights.items())
    return 1 / (1 + math.exp(-max(score, -_SURELY_NOT)))


def cut(clauses: list[Clause], ranks: Ranks, model: Weights | None = None) -> list[list[Clause]]:
    """The clauses by problem, in order; all together where there is one problem."""
    model = model or load()
    message = Message(clauses, Judged(ranks), model)
    bar = model.bar_letter if message.length > LETTER else model.bar
    begins = sorted(_beginnings(message, model, bar, 0, len(message.clauses)))
    bounds = [*begins, len(message.clauses)]
    return [message.clauses[a:b] for a, b in pairwise(bounds)]


def _beginnings(message: Message, model: Weights, bar: float, start: int, stop: int) -> list[int]:
    """Where problems begin between, `start` first: the likeliest cut is made, then each side is looked at by itself."""
    cuts = message.open_cuts(start, stop)
    if not cuts:
        return [start]
    message.judged.ask([side for at in cuts for side in message.sides(start, at, stop)])
    scored = []
    for at in cuts:
        before, after = message.sides(start, at, stop)
        if best(message.judged[before])[0] != best(message.judged[after])[0]:
            scored.append((chance(features(message, start, at, stop), model), at))
    likely, at = max(scored, default=(0.0, start))
    if likely <= bar:
        return [start]
    again = min(bar, model.bar_again)
    return [*_beginnings(message, model, again, start, at), *_beginnings(message, model, again, at, stop)]


def _of(judgements: Sequence[Chances], name: str) -> Iterable[float]:
    return (one.get(name, 0.0) for one in judgements)


def _most(chances: Iterable[float]) -> float:
    return max(chances, default=0.0)
