"""Finding the answer to a question: the entries ranked by words, meaning and category, and how sure the first one is.

A message that is no question (楼下烧烤油烟太大) may be near a question by its words; how likely the message
asks at all is therefore part of the chance.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kb.answers.entries import Answer, texts
from kb.answers.meaning import Meanings
from kb.answers.weights import RANKED_BY, Judging, Weights
from kb.answers.wording import Wording
from kb.request_types import RequestType
from kb.request_types import Verdict as RequestVerdict
from kb.text import folded
from kb.understanding import Understood
from kb.vectors import Array
from kb.verdict import Verdict

# The mean is over so many of an entry's phrases, the nearest ones.
NEAREST = 3
# So little a category counts that the classifier does not think of.
_LEAST = 0.02
_ASKS_LEAST = 0.02
# So likely 咨询 a message is a question whatever its form. With neither (遛狗不牵绳) it gets no answer, however near.
_ASKS = 0.5
# Questions are rarely longer; the longer beyond, the more is told and the less is asked.
_USUAL_LENGTH = 20
_CLAUSE_END = re.compile(r"[，。！？；,.!?;\n]+")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What else is known of a message. `asks`: how likely it is a question. `branches`: chances of the categories of
    level 1, by code. `outside`: how likely it is another authority's business. All from 0 to 1."""

    asks: float = 0.25
    branches: Mapping[str, float] = field(default_factory=dict)
    outside: float = 0.0

    @classmethod
    def of(cls, understood: Understood) -> Evidence:
        """What the understanding of the message says."""
        return cls.told(understood.request, understood.classified.verdict)

    @classmethod
    def told(cls, request: RequestVerdict, verdict: Verdict) -> Evidence:
        """As `of`. Of another kind of message only its own chance is known: half of the rest may be 咨询."""
        asks = request.confidence if request.type is RequestType.QUESTION else (1 - request.confidence) / 2
        branches: dict[str, float] = {}
        for one in verdict.ranking:
            chance = one.probability * (1 - verdict.out_of_scope)
            branches[one.code[:2]] = branches.get(one.code[:2], 0.0) + chance
        return cls(asks, branches, verdict.out_of_scope)


@dataclass(frozen=True, slots=True)
class Match:
    """An entry and how near it is to the message; only the order means anything."""

    answer: Answer
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """The nearest entries, best first, and how likely the first one answers the question.

    `asked`: the message is a question at all, by its form or by its kind; where it is not, it is taken in like any
    complaint. `sure` means that the first entry should be given; a question that is not sure is offered to be passed
    on. `by_meaning` is False when the words alone decided.
    """

    matches: tuple[Match, ...]
    probability: float
    asked: bool
    sure: bool
    by_meaning: bool

    @property
    def best(self) -> Answer:
        """The first entry."""
        return self.matches[0].answer

    @property
    def answer(self) -> Answer | None:
        """The entry to give, or None."""
        return self.best if self.sure else None


class Answers:
    """Every entry, ready to be found. Safe to use from several threads."""

    def __init__(self, entries: Sequence[Answer], weights: Weights, meanings: Meanings | None = None) -> None:
        self.entries, self.weights, self.meanings = tuple(entries), weights, meanings
        self._index = {entry.id: entry for entry in entries}
        self.owners = np.repeat(np.arange(len(entries)), [len(entry.phrases) for entry in entries])
        self._phrases = Wording(texts(entries), self.owners.tolist())
        self._said = Wording([entry.answer for entry in entries], range(len(entries)))

    def get(self, answer_id: str) -> Answer | None:
        """The entry of that id; None when there is none (any more)."""
        return self._index.get(answer_id)

    def find(self, text: str, understood: Understood | None = None, limit: int = 5) -> Found:
        """The nearest entries to a message, `limit` at most, and how sure the first one is.

        `understood` is what `kb.understanding.Understanding.read` says of it; without it, nothing is known of what
        kind the message is or what it is about.
        """
        return self.found(text, Evidence.of(understood) if understood else Evidence(), limit)

    def found(self, text: str, evidence: Evidence, limit: int = 5) -> Found:
        """As `find`, for evidence that is told otherwise."""
        meaning = self.meanings.nearness(text) if self.meanings else None
        sides = self.sides(self.words(text), meaning, self.said(text), evidence)
        judging = self.weights.together if meaning is not None else self.weights.words_alone
        scores = scored(sides, judging)
        order = np.argsort(-scores, kind="stable")[:limit]
        chance = judging.chance.of(features(text, sides, scores, evidence, self.weights.asking))
        matches = tuple(Match(self.entries[i], round(float(scores[i]), 4)) for i in order)
        asked = is_asked(text, self.weights.asking) or evidence.asks >= _ASKS
        sure = asked and chance >= self.weights.answer_from
        return Found(matches, round(chance, 4), asked, sure, meaning is not None)

    def words(self, text: str) -> Array:
        """How near each phrase of each entry is by its words."""
        return self._phrases.nearness(text)

    def said(self, text: str) -> Array:
        """How near each entry's answer is by its words."""
        return self._said.nearness(text)

    def sides(self, words: Array, meaning: Array | None, said: Array, evidence: Evidence) -> dict[str, Array]:
        """How near each entry is in each respect (`weights.RANKED_BY`), one value an entry.

        `words` and `meaning` have one value for each phrase, in the order of the entries; a phrase below 0 is left
        out of account.
        """
        best, mean = self._by_entry(words)
        meant, means = self._by_entry(meaning) if meaning is not None else (np.zeros_like(best), np.zeros_like(best))
        branches, outside = evidence.branches, evidence.outside
        about = [branches.get(entry.category, 0.0) if entry.category else outside for entry in self.entries]
        category = np.log(np.array(about, dtype=np.float32) + _LEAST)
        return dict(zip(RANKED_BY, (best, mean, said, meant, means, category), strict=True))

    def _by_entry(self, phrases: Array) -> tuple[Array, Array]:
        """The nearest phrase of each entry, and the mean of its nearest few."""
        # Every entry has at least four phrases, and its phrases stand together.
        order = np.lexsort((-phrases, self.owners))
        starts = np.searchsorted(self.owners, np.arange(len(self.entries)))
        ordered = np.maximum(phrases[order], 0.0)
        return ordered[starts], np.mean([ordered[starts + step] for step in range(NEAREST)], axis=0)


def scored(sides: Mapping[str, Array], judging: Judging) -> Array:
    """One score an entry."""
    total: Array = sum(getattr(judging.ranking, name) * side for name, side in sides.items())
    return total


def features(
    text: str, sides: Mapping[str, Array], scores: Array, evidence: Evidence, asking: Iterable[str]
) -> dict[str, float]:
    """What the best entry's chance is told by (`weights.TOLD_BY`). `asking`: words of a question."""
    first = int(np.argmax(scores))
    others = np.delete(scores, first) - scores[first]
    # The log-odds of the first among all entries.
    share = -math.log(float(np.exp(others).sum()) + 1e-6)
    asks = min(max(evidence.asks, _ASKS_LEAST), 1 - _ASKS_LEAST)
    return {
        "constant": 1.0,
        "share": share,
        "score": float(scores[first]),
        "asks": math.log(asks / (1 - asks)),
        "asked": float(is_asked(text, asking)),
        "length": max(0.0, math.log(max(1, len(text)) / _USUAL_LENGTH)),
        "words_best": float(sides["words_best"][first]),
        "meaning_best": float(sides["meaning_best"][first]),
        "category": float(sides["category"][first]),
        "outside": evidence.outside,
    }


def is_asked(text: str, asking: Iterable[str]) -> bool:
    """Whether the last clause has the form of a question."""
    if text.rstrip().endswith(("?", "？")):
        return True
    clauses = [clause for clause in _CLAUSE_END.split(text) if clause.strip()]
    last = folded(clauses[-1]) if clauses else ""
    return any(word in last for word in asking)
