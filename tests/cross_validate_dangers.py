"""How many dangers are found and how many complaints mistaken on held-out folds.

Run `python -m tests.cross_validate_dangers`. Sentences that share many character pairs are always in the same fold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from kb import danger_examples, referrals, taxonomy, urgency
from kb.danger_examples import NONE, Lesson
from kb.danger_model import DangerModel
from kb.dangers import ALARM, DOUBT, LETTER, LETTER_ALARM, LETTER_DOUBT, MOST_TEXT
from kb.text import bigrams
from kb.urgency import CLOSE, OUTRIGHT, Dangers
from kb.vectors import SHIPPED, Array, Library, Unavailable, key

FOLDS, LIKE, COMMON = 5, 0.35, 400


class _NoEmbedder:
    name = "none"

    def embed(self, texts: Sequence[str]) -> Array:
        raise Unavailable("only vectors that are known are asked for")


def main() -> None:
    """Print one row for each alarm threshold, from words alone and with those vectors that ship."""
    rules = urgency.load()
    content = danger_examples.load(rules.keys)
    lessons = danger_examples.lessons(content, rules, taxonomy.load(), referrals.load())
    library = Library.load(SHIPPED)
    known = [one for one in lessons if key(one.text) in library]
    Console().print(f"{len(lessons)} lessons, {len(known)} of them with a vector")
    told = {one.text: max((found.confidence for found in rules.all(one.text)), default=0.0) for one in lessons}
    table = Table("", "alarm", "own dangers", "own letters", "leaves'", "mistaken: own", "leaves'")
    _rows(table, "words", lessons, _chances(lessons, rules, None), told)
    if sum(one.own for one in known) > 1000:
        vectors = library.vectors([one.text for one in known], _NoEmbedder())
        _rows(table, "vectors", known, _chances(known, rules, vectors), told)
    Console().print(table)


def _chances(lessons: Sequence[Lesson], rules: Dangers, vectors: Array | None) -> list[float]:
    """The chance of danger of each lesson by a model that has not seen it."""
    fold = np.array(_folds([one.text for one in lessons]))
    chances = [0.0] * len(lessons)
    for held in range(FOLDS):
        learn = np.flatnonzero(fold != held)
        model = DangerModel.fit(
            [lessons[i] for i in learn], rules.spelling, vectors[learn] if vectors is not None else None
        )
        for i in np.flatnonzero(fold == held):
            vector = vectors[i] if vectors is not None else None
            chances[i] = model.judge(lessons[i].text[:MOST_TEXT], vector).danger
    return chances


def _rows(table: Table, name: str, lessons: Sequence[Lesson], chances: Sequence[float], told: dict[str, float]) -> None:
    for alarm in (0.1, 0.15, 0.2, 0.25, 0.3, ALARM, 0.4, 0.5):
        found: defaultdict[tuple[bool, bool, bool], list[bool]] = defaultdict(list)
        for one, chance in zip(lessons, chances, strict=True):
            letter = len(one.text) >= LETTER
            least, doubt = (max(alarm, LETTER_ALARM), LETTER_DOUBT) if letter else (alarm, DOUBT)
            by_rule = told[one.text] >= OUTRIGHT or (told[one.text] >= CLOSE and chance >= doubt)
            for part in {False, letter}:
                found[one.danger != NONE, one.own, part].append(by_rule or chance >= least)
        shares = [
            np.mean(found[part])
            for part in (
                (True, True, False),
                (True, True, True),
                (True, False, False),
                (False, True, False),
                (False, False, False),
            )
        ]
        table.add_row(name, f"{alarm:.2f}", *(f"{share:.3f}" for share in shares))


def _folds(texts: Sequence[str]) -> list[int]:
    """A fold for each text, the same for texts that are alike."""
    pairs = [bigrams(text) for text in texts]
    having: defaultdict[str, list[int]] = defaultdict(list)
    parents = list(range(len(texts)))

    def first(i: int) -> int:
        while parents[i] != i:
            parents[i] = parents[parents[i]]
            i = parents[i]
        return i

    for i, mine in enumerate(pairs):
        shared: defaultdict[int, int] = defaultdict(int)
        for pair in mine:
            for other in having[pair][-COMMON:]:
                shared[other] += 1
            having[pair].append(i)
        for other, count in shared.items():
            if count >= LIKE * len(mine | pairs[other]):
                parents[first(other)] = first(i)
    groups = sorted({first(i) for i in range(len(texts))})
    order = dict(zip(groups, np.random.default_rng(0).permutation(len(groups)), strict=True))
    return [int(order[first(i)]) % FOLDS for i in range(len(texts))]


if __name__ == "__main__":
    main()
