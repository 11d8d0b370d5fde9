#!/usr/bin/env python3
"""Fit the numbers of kb/content/answers/weights.yml: which entry is the best, and does it answer the question?

    .venv/bin/python docs/tools/fit_answers.py [--seed N]

What is learned from, each read as the conversation reads it (category, request type, words, vector):

- every other way to ask of every entry, that way left out of account (its entry is the right one);
- the same with its whole entry left out: a question that nobody has answered yet (no entry is right);
- half of the complaints of kb/content/examples and of the referrals' examples (no entry is right).

The ranking is a conditional logit over all entries, none of its numbers below zero; the chance a logistic regression
over what the best entry looks like, on the same rows. Each kind of row is weighed to its share of MIX, the messages that
an assistant gets after a plain greeting. Held back, by entry, is a fifth, for the figures that are printed; the numbers
printed are fitted to all. Nothing of tests/blind is used.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import minimize

from integrations import bootstrap, settings
from kb.answers import load
from kb.answers import weights as kept
from kb.answers.entries import texts
from kb.answers.finding import Answers, Evidence, scored
from kb.answers.finding import features as features_of
from kb.answers.meaning import SHIPPED, read
from kb.answers.weights import MEANING, RANKED_BY, TOLD_BY, Chance, Judging, Ranking
from kb.examples import read_examples
from kb.training import kept_library
from kb.vectors import Library, key

HELD_BACK = 5
MIX = {"known": 0.35, "unknown": 0.15, "complaint": 0.4, "referral": 0.1}
COMPLAINTS, REFERRALS = 1_500, 400
PENALTY = 0.01
ASKING = kept.load().asking
# Features of the chance that can only speak for it. The ways are all short, so that length would seem to decide: no
# more is made of it than this.
FOR, LENGTH = ("share", "score", "asks", "asked", "words_best", "meaning_best", "category"), (-1.5, 0.0)


@dataclass
class Row:
    """A text, which entry answers it (-1 none), and how near every entry is, with vectors."""

    kind: str
    group: int
    text: str
    truth: int
    evidence: Evidence
    sides: dict[str, np.ndarray]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=1)
    rows = made(random.Random(options.parse_args().seed))  # noqa: S311 - the same every time
    held = np.array([row.group % HELD_BACK == 0 for row in rows])
    for name, without in (("together", frozenset()), ("words_alone", MEANING)):
        judging = fitted([row for row, back in zip(rows, held, strict=True) if not back], without)
        figures(name, [row for row, back in zip(rows, held, strict=True) if back], judging)
        print(f"{name}:")
        final = fitted(rows, without)
        for part, value in (("ranking", final.ranking), ("chance", final.chance)):
            numbers = {k: round(v, 3) for k, v in value.model_dump().items() if k not in without}
            print(f"  {part}: {{{', '.join(f'{k}: {v}' for k, v in numbers.items())}}}")


def made(chance: random.Random) -> list[Row]:
    services = bootstrap.build(settings.load())
    entries = load(services.taxonomy)
    folder = services.settings.data_dir / "models"
    meanings = read(texts(entries), folder, services.embedder)
    library = kept_library(folder, services.embedder)
    assert meanings and not meanings.missing and library, "run `jiesu train` first"
    library = library.joined(Library.load(SHIPPED))
    answers = Answers(entries, kept.load(), meanings)

    def row(kind: str, group: int, text: str, truth: int, left_out: Sequence[int] = ()) -> Row:
        vector = library.vectors([text], services.embedder)[0]
        # As `kb.training.Judge`, with the vector that is known already.
        judge = services.shipped_classifier
        verdict = judge.verdict(judge._model.read(text).chances(vector))
        evidence = Evidence.told(services.request_types.judge(text), verdict)
        words, meaning, said = answers.words(text), meanings.rows @ vector, answers.said(text)
        words[list(left_out)] = meaning[list(left_out)] = -1.0
        if len(left_out) > 1:
            said[truth] = 0.0
        sides = answers.sides(words, meaning, said, evidence)
        if len(left_out) > 1:  # the entry is not there at all
            sides = {name: np.delete(side, truth) for name, side in sides.items()}
            truth = -1
        return Row(kind, group, text, truth, evidence, sides)

    found = []
    phrases = texts(entries)
    for number, text in enumerate(phrases):
        owner = int(answers.owners[number])
        if text == entries[owner].question:
            continue
        found.append(row("known", owner, text, owner, [number]))
        found.append(row("unknown", owner, text, owner, np.flatnonzero(answers.owners == owner).tolist()))
    complaints = [text for text, _ in read_examples(services.taxonomy)][::2]
    referrals = [text for duty in services.duties.values() for text in duty.examples][::2]
    for kind, given, most in (("complaint", complaints, COMPLAINTS), ("referral", referrals, REFERRALS)):
        for number, text in enumerate(chance.sample(given, min(most, len(given)))):
            if key(text) in library:
                found.append(row(kind, number, text, -1))
    return found


def fitted(rows: Sequence[Row], without: frozenset[str]) -> Judging:
    known = [row for row in rows if row.truth >= 0]
    names = [name for name in RANKED_BY if name not in without]
    stack = np.stack([np.stack([row.sides[name] for name in names]) for row in known])
    truth = np.array([row.truth for row in known])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total = np.einsum("f,rfe->re", weights, stack)
        total -= total.max(1, keepdims=True)
        chances = np.exp(total)
        chances /= chances.sum(1, keepdims=True)
        right = np.arange(len(known))
        value = -np.log(chances[right, truth] + 1e-12).mean() + PENALTY * (weights**2).mean() / 100
        slope = np.einsum("re,rfe->f", chances, stack) / len(known) - stack[right, :, truth].mean(0)
        return float(value), slope + 2 * PENALTY * weights / len(weights) / 100

    best = minimize(loss, np.ones(len(names)), jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(names)).x
    ranking = Ranking(**dict(zip(names, map(float, best), strict=True)))
    bare = Judging(ranking=ranking, chance=Chance(**dict.fromkeys(TOLD_BY, 0.0)))
    matrix, right, weight = table(rows, bare, without)
    return Judging(ranking=ranking, chance=logistic(matrix, right, weight, without))


def table(rows: Sequence[Row], judging: Judging, without: frozenset[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of the best entry, whether it is right, and what the row counts."""
    features, right = [], []
    for row in rows:
        sides = {name: np.zeros_like(side) if name in without else side for name, side in row.sides.items()}
        scores = scored(sides, judging)
        values = features_of(row.text, sides, scores, row.evidence, ASKING)
        features.append([values[name] for name in TOLD_BY])
        right.append(row.truth >= 0 and int(np.argmax(scores)) == row.truth)
    many = {kind: sum(row.kind == kind for row in rows) for kind in MIX}
    weight = np.array([MIX[row.kind] / many[row.kind] for row in rows])
    return np.array(features), np.array(right), weight / weight.sum()


def logistic(matrix: np.ndarray, right: np.ndarray, weight: np.ndarray, without: frozenset[str]) -> Chance:
    names = [name for name in TOLD_BY if name not in without]
    used = matrix[:, [TOLD_BY.index(name) for name in names]]
    signs = np.where(right, 1.0, -1.0)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margin = signs * (used @ weights)
        wrong = 1.0 / (1.0 + np.exp(margin))
        value = (weight * np.logaddexp(0.0, -margin)).sum() + 0.0005 * (weights[1:] ** 2).mean()
        slope = -(used * (weight * signs * wrong)[:, None]).sum(0)
        slope[1:] += 0.001 * weights[1:] / (len(weights) - 1)
        return float(value), slope

    bounds = [(0.0, None) if n in FOR else LENGTH if n == "length" else (None, None) for n in names]
    best = minimize(
        loss, np.zeros(len(names)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 5_000}
    ).x
    return Chance(**dict(zip(names, map(float, best), strict=True)))


def figures(name: str, rows: Sequence[Row], judging: Judging) -> None:
    without = MEANING if name == "words_alone" else frozenset()
    matrix, right, weight = table(rows, judging, without)
    chances = np.array([judging.chance.of(dict(zip(TOLD_BY, line, strict=True))) for line in matrix])
    kinds = np.array([row.kind for row in rows])
    edges = np.linspace(0, 1, 11)
    error = 0.0
    for low, high in pairwise(edges):
        among = (chances >= low) & ((chances < high) | (high == 1.0))
        if among.any():
            part = weight[among]
            error += abs((part * chances[among]).sum() - (part * right[among]).sum())
    print(f"# {name}, held back: {len(rows)} rows; expected calibration error {error:.3f}")
    print(f"# first entry right, of ways: {right[kinds == 'known'].mean():.3f}")
    for bar in (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8):
        above = chances >= bar
        known = above & (kinds == "known")
        shares = ", ".join(f"{kind} {above[kinds == kind].mean():.3f}" for kind in MIX)
        print(f"# bar {bar:.2f}: answered {shares}; right, of ways answered: {right[known].mean():.3f}")


if __name__ == "__main__":
    main()
