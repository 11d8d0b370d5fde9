"""Learning from tickets: held-out folds first, to know how good it will be, then everything.

Models of our codes learn from the sentences that ship as well, so that categories without tickets stay known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kb.content_files import ContentError
from kb.measures import Judged
from kb.referrals import PREFIX
from kb.text import folded
from kb.tickets import Ticket
from kb.training import Judge, as_judged
from kb.vectors import Array, Embedder, Library, Space, embed_all
from kb.vectors import beginning as embedded_part
from kb.verdict import Decision, Ranked

if TYPE_CHECKING:
    from kb.classifier import Classifier

# What is going on (a short English phrase), how many are done, how many there are.
Steps = Callable[[str, int, int], None]
# A temperature needs three rows of a label in what is learned; see kb/classifier.py.
_LEAST_LEARNED = 3


class TooFew(ContentError):
    """Not enough rows to learn from and to check by."""


@dataclass(frozen=True)
class Lessons:
    """What is learned from: rows that are held out in turns, and rows that are always learned.

    `units` are the responsible units of our codes; None says that the labels are the city's own. `vectors` are those
    of the rows in `space`, `always_vectors` those of `always`, `raw` the rows' as the embedder gave them; all None
    where words decide alone.
    """

    rows: tuple[Ticket, ...]
    always: tuple[tuple[str, str], ...]
    units: Mapping[str, str] | None
    space: Space | None = None
    vectors: Array | None = None
    always_vectors: Array | None = None
    raw: Array | None = None


def prepare(
    rows: Sequence[Ticket],
    *,
    units: Mapping[str, str] | None = None,
    always: Sequence[tuple[str, str]] = (),
    embedder: Embedder | None = None,
    library: Library | None = None,
    steps: Steps = lambda _step, _done, _all: None,
) -> Lessons:
    """Tickets made ready and embedded. `library` holds the vectors of `always` and gives the space, if there is one.

    A sentence of `always` that is also a row is left to the row. Raises vectors.Unavailable.
    """
    short = tuple(rows) if units is None else tuple(replace(row, text=as_judged(row.text)) for row in rows)
    own = {folded(row.text) for row in (*rows, *short)}
    kept = tuple((text, label) for text, label in always if folded(text) not in own)
    if embedder is None:
        return Lessons(short, kept, units)
    space, vectors = None, None
    if kept:
        texts = [text for text, _ in kept]
        known = library or Library.make(embedder, texts, progress=lambda n, m: steps("embedding the examples", n, m))
        vectors = known.vectors(texts, embedder, progress=lambda n, m: steps("embedding new examples", n, m))
        space = known.space
    parts = [embedded_part(row.text) for row in short]
    raw = embed_all(embedder, parts, lambda n, m: steps("embedding the tickets", n, m))
    space = space or Space.of(embedder.name, raw, dimensions=raw.shape[1])
    return Lessons(short, kept, units, space, space.project(raw), vectors, raw)


def from_examples(
    rows: Sequence[Ticket],
    always: Sequence[tuple[str, str]],
    units: Mapping[str, str],
    embedder: Embedder | None,
    library: Library | None,
    steps: Steps = lambda _step, _done, _all: None,
) -> Lessons:
    """Sentences that ship, taken as they are; only what `library` lacks is embedded. Raises vectors.Unavailable."""
    if embedder is None or library is None:
        return Lessons(tuple(rows), tuple(always), units)
    texts = [*(row.text for row in rows), *(text for text, _ in always)]
    every = library.vectors(texts, embedder, progress=lambda n, m: steps("embedding new examples", n, m))
    vectors, rest = every[: len(rows)], every[len(rows) :] if always else None
    return Lessons(tuple(rows), tuple(always), units, library.space, vectors, rest)


def folds_of(labels: Sequence[str], folds: int) -> list[int]:
    """The fold of each row: every label spread evenly, the same way each time."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for number, label in enumerate(labels):
        places[label].append(number)
    chosen, following = [0] * len(labels), 0
    shuffle = np.random.default_rng(0)
    for label in sorted(places):
        for number in shuffle.permutation(places[label]).tolist():
            chosen[number] = following % folds
            following += 1
    return chosen


def check_enough(lessons: Lessons, folds: int) -> None:
    """Raise TooFew when the folds would leave fewer than two labels with enough rows to learn from."""
    if lessons.always:
        return
    counts: defaultdict[str, int] = defaultdict(int)
    for row in lessons.rows:
        counts[row.label] += 1
    least = next(n for n in range(2, 2 * _LEAST_LEARNED + 1) if n - -(-n // folds) >= _LEAST_LEARNED)
    if sum(count >= least for count in counts.values()) < 2:
        raise TooFew(f"too few tickets: with {folds} folds at least two labels need {least} rows or more")


def cross_validate(lessons: Lessons, folds: int, steps: Steps) -> list[Judged]:
    """Every row judged by a model that has not seen it, in the order of the rows. Raises TooFew."""
    check_enough(lessons, folds)
    fold = folds_of([row.label for row in lessons.rows], folds)
    judged: dict[int, Judged] = {}
    steps("checking on held-out folds", 0, folds)
    for number in range(folds):
        held = [at for at, one in enumerate(fold) if one == number]
        if held:
            model = fit(lessons, [at for at, one in enumerate(fold) if one != number])
            judged |= _judge(lessons, model, held)
        steps("checking on held-out folds", number + 1, folds)
    return [judged[at] for at in range(len(lessons.rows))]


def fit(lessons: Lessons, at: Sequence[int]) -> Classifier:
    """A model of these rows and everything that is always learned. Raises TooFew."""
    from kb.classifier import CATEGORIES, OWN_LABELS, Classifier

    learned = [*lessons.always, *((lessons.rows[one].text, lessons.rows[one].label) for one in at)]
    vectors = None
    if lessons.vectors is not None:
        vectors = lessons.vectors[list(at)]
        if lessons.always_vectors is not None:
            vectors = np.vstack([lessons.always_vectors, vectors])
    try:
        return Classifier.fit(learned, vectors, recipe=OWN_LABELS if lessons.units is None else CATEGORIES)
    except ValueError as wrong:
        raise TooFew(f"too few tickets, or too unlike each other, to learn from ({wrong})") from wrong


def judge_rows(
    judge: Judge, rows: Sequence[Ticket], raw: Array | None, done: Callable[[int, int], None] = lambda _n, _m: None
) -> list[Judged]:
    """What a judge of categories says of rows as tickets tell them; it embeds where `raw` is None."""
    found = []
    for at, row in enumerate(rows):
        found.append(judged_by(judge, row.label, judge.chances(as_judged(row.text), None if raw is None else raw[at])))
        if at % 50 == 49 or at + 1 == len(rows):
            done(at + 1, len(rows))
    return found


def judged_by(judge: Judge, truth: str, chances: Array) -> Judged:
    """One row as the whole decision takes it: referred to another authority, or the best leaf."""
    verdict = judge.verdict(chances)
    if verdict.decision is Decision.REFER and verdict.refer_to:
        guess, sure, second = PREFIX + verdict.refer_to, verdict.out_of_scope, verdict.best.code
    else:
        guess, sure = verdict.best.code, _of_unit(verdict.ranking, judge.units)
        second = verdict.ranking[1].code if len(verdict.ranking) > 1 else ""
    probability = float(chances[judge.classes.index(guess)])
    return Judged(truth, guess, probability, sure, second, verdict.decision.value)


def judged_label(classes: Sequence[str], truth: str, chances: Array) -> Judged:
    """One row as a model of own labels takes it: the most probable label."""
    order = np.argsort(chances)[::-1]
    best = float(chances[order[0]])
    return Judged(truth, classes[order[0]], best, best, classes[order[1]])


def _judge(lessons: Lessons, model: Classifier, held: Sequence[int]) -> dict[int, Judged]:
    judge = Judge(model, lessons.units or {}, None, lessons.space)
    found = {}
    for at in held:
        row = lessons.rows[at]
        chances = model.chances(row.text, None if lessons.vectors is None else lessons.vectors[at])
        own = lessons.units is None
        found[at] = judged_label(model.classes, row.label, chances) if own else judged_by(judge, row.label, chances)
    return found


def _of_unit(ranking: Sequence[Ranked], units: Mapping[str, str]) -> float:
    unit = units.get(ranking[0].code)
    return sum(one.probability for one in ranking if one is ranking[0] or (unit and units.get(one.code) == unit))
