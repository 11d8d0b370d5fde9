"""What a clerk should look at: entries that are old, unconfirmed, nearly the same, or found by another's words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from kb.answers.entries import Answer
from kb.answers.finding import Answers, Evidence, scored
from kb.vectors import Array

MONTHS = 24
# Questions this near by their words, or by words and meaning together, are nearly the same.
_SAME_WORDS = 0.7
_NEAR_WORDS, _NEAR_MEANING = 0.5, 0.8
# So much nearer (log-odds) another entry must be: below this, most are questions that only their own words tell apart.
_CLEARLY = 6.0


class Kind(StrEnum):
    """What is found. The first three are mended in the files; the last waits for the responsible unit."""

    OVERLAPS = "overlaps"
    MISLEADS = "misleads"
    STALE = "stale"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at; `other` is the second entry concerned, `what` the words or months at fault."""

    kind: Kind
    entry: Answer
    what: str
    other: Answer | None = None


def findings(answers: Answers, today: date, *, months: int = MONTHS) -> Iterator[Finding]:
    """Everything to look at, kind by kind, in the order of the entries."""
    yield from overlapping(answers)
    yield from misleading(answers)
    yield from stale(answers, today, months=months)
    yield from (Finding(Kind.CONFIRM, entry, entry.owner) for entry in answers.entries if entry.confirm)


def stale(answers: Answers, today: date, *, months: int = MONTHS) -> Iterator[Finding]:
    """Entries whose source, and whose last comparison with it, are more than so many months ago, or yet to come."""
    for entry in answers.entries:
        year, month = map(int, entry.fresh_in.split("-"))
        age = (today.year - year) * 12 + today.month - month
        if age > months:
            yield Finding(Kind.STALE, entry, f"{entry.fresh_in}, {age} months ago")
        elif age < 0:
            yield Finding(Kind.STALE, entry, f"{entry.fresh_in} is yet to come")


def overlapping(answers: Answers) -> Iterator[Finding]:
    """Pairs of entries with a phrase of the one nearly the same as one of the other: the nearest pair of phrases."""
    phrases = [phrase for entry in answers.entries for phrase in entry.phrases]
    meanings = answers.meanings.rows if answers.meanings else None
    found: dict[tuple[int, int], tuple[float, str]] = {}
    for number, phrase in enumerate(phrases):
        mine = int(answers.owners[number])
        near = answers.words(phrase)
        same = near >= _SAME_WORDS
        if meanings is not None:
            same |= (near >= _NEAR_WORDS) & (meanings @ meanings[number] >= _NEAR_MEANING)
        for other in np.flatnonzero(same & (answers.owners > mine)):
            pair = mine, int(answers.owners[other])
            best = float(near[other]), f"{phrase} / {phrases[other]}"
            found[pair] = max(found.get(pair, best), best)
    for (mine, theirs), (_, what) in sorted(found.items()):
        yield Finding(Kind.OVERLAPS, answers.entries[mine], what, answers.entries[theirs])


def misleading(answers: Answers) -> Iterator[Finding]:
    """Phrases that, were they not written down in their entry, would find another one first, and clearly."""
    for number, phrase in enumerate(phrase for entry in answers.entries for phrase in entry.phrases):
        mine = int(answers.owners[number])
        scores = _scores_without(answers, phrase, number)
        first = int(np.argmax(scores))
        if scores[first] - scores[mine] > _CLEARLY:
            yield Finding(Kind.MISLEADS, answers.entries[mine], phrase, answers.entries[first])


def _scores_without(answers: Answers, phrase: str, number: int) -> Array:
    words, said, kept = answers.words(phrase), answers.said(phrase), answers.meanings
    meaning = kept.rows @ kept.rows[number] if kept else None
    for near in (words, meaning):
        if near is not None:
            near[number] = -1.0
    sides = answers.sides(words, meaning, said, Evidence())
    return scored(sides, answers.weights.together if kept else answers.weights.words_alone)
