"""Fit the weights of `kb/content/cuts.yml` on the hand-written cases of `tests/kb/split_cases.csv`, and print them.

    python docs/tools/fit_cuts.py [--single TEXTS]... [--folds 5]

TEXTS are files with one JSON object a line, `{"text": ...}`, of real messages that nearly all hold one problem; they
teach what is not cut. Beside each case its like without punctuation is learned from, and first parts of some with
second parts of others. With --folds it also says how well held-out cases are cut.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from kb import cuts, referrals, taxonomy
from kb.classifier import Classifier
from kb.clauses import read_clauses
from kb.text import clean
from kb.training import rows

CASES = Path(__file__).parents[2] / "tests" / "kb" / "split_cases.csv"
# So much a case counts: as written, made from two others, without punctuation, a real message.
WRITTEN, MADE, BARE, REAL = 1.0, 0.3, 0.2, 0.3
MADE_CASES = 800
C = 0.3
_PUNCTUATION = re.compile(r"[，。；！？、,;!?]+")
_COUNTS = re.compile(r"一是|二是|第一|第二|一个|1|①|首先|其[一二次]|问题一|两|几")


@dataclass
class Case:
    """A message, the indexes of the clauses with which its later problems begin, and what is known of its cuts."""

    message: cuts.Message
    begins: tuple[int, ...]
    readable: bool
    parts: int
    known: dict[tuple[int, int], list[tuple[int, dict[str, float]]]] = field(default_factory=dict)

    def cuts(self, start: int, stop: int) -> list[tuple[int, dict[str, float]]]:
        if (start, stop) not in self.known:
            message, found = self.message, []
            message.judged.ask(side for at in message.open_cuts(start, stop) for side in message.sides(start, at, stop))
            for at in message.open_cuts(start, stop):
                before, after = (cuts.best(message.judged[side])[0] for side in message.sides(start, at, stop))
                if before != after:
                    found.append((at, cuts.features(message, start, at, stop)))
            self.known[start, stop] = found
        return self.known[start, stop]

    def samples(self) -> list[tuple[dict[str, float], bool]]:
        if not self.readable:
            return []
        bounds = (0, *self.begins, len(self.message.clauses))
        spans = [(a, b) for i, a in enumerate(bounds) for b in bounds[i + 1 :]]
        return [(found, at in self.begins) for a, b in spans for at, found in self.cuts(a, b)]


def read(path: Path = CASES) -> list[list[str]]:
    """Each message in pieces, the second from where its second problem begins."""
    found = []
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            text, parts = row["text"], row["parts"].split("|")
            at = [0]
            for part in parts[1:]:
                at.append(text.index(part, at[-1] + 1))
            found.append([text[a:b] for a, b in pairwise([*at, len(text)])])
    return found


def case(pieces: list[str], judged: cuts.Judged, model: cuts.Weights) -> Case:
    text = clean("".join(pieces))
    message = cuts.Message(read_clauses(text), judged, model)
    starts, at = [], 0
    for clause in message.clauses:
        at = max(text.find(clause.text, at), at)
        starts.append(at)
        at += len(clause.text)
    begins, offset, readable = [], 0, True
    for piece in pieces[:-1]:
        offset += len(piece)
        index = next((i for i, start in enumerate(starts) if i and start >= offset - 1), None)
        if index is None or starts[index] > offset + 4:
            readable = False
        else:
            begins.append(index)
    return Case(message, tuple(sorted(set(begins))), readable, len(pieces))


def made(cases: list[list[str]], chance: random.Random) -> list[list[str]]:
    plain = [one for one in cases if len(one) == 2 and not _COUNTS.search("".join(one)) and len("".join(one)) < 70]
    found = []
    for _ in range(MADE_CASES):
        first, second, third = (list(one) for one in chance.sample(plain, 3))
        pieces = [first[0], second[1], third[1]] if chance.random() < 0.15 else [first[0], second[1]]
        found.append([piece if piece[-1] in "，。；\n " else f"{piece}，" for piece in pieces[:-1]] + pieces[-1:])
    return found


def without_punctuation(cases: list[list[str]], chance: random.Random) -> list[list[str]]:
    short = [one for one in cases if len(one) <= 2 and len("".join(one)) < 60]
    return [[_PUNCTUATION.sub(sep, piece) for piece in one] for one in short for sep in [chance.choice(["", "", " "])]]


def fit(weighted: list[tuple[list[Case], float]], model: cuts.Weights) -> cuts.Weights:
    samples = [
        (found, is_cut, weight) for cases, weight in weighted for one in cases for found, is_cut in one.samples()
    ]
    names = list(samples[0][0])
    matrix = np.array([[found[name] for name in names] for found, _, _ in samples])
    mean, spread = matrix.mean(0), matrix.std(0) + 1e-6
    fitted = LogisticRegression(C=C, max_iter=5000)
    fitted.fit((matrix - mean) / spread, [y for _, y, _ in samples], sample_weight=[w for _, _, w in samples])
    weights = fitted.coef_[0] / spread
    constant = float(fitted.intercept_[0] - (weights * mean).sum())
    rounded = {name: round(float(weight), 3) for name, weight in zip(names, weights, strict=True)}
    return model.model_copy(update={"weights": rounded, "constant": round(constant, 3)})


def split(one: Case, model: cuts.Weights) -> tuple[int, ...]:
    """As `kb.cuts.cut` does it."""

    def go(start: int, stop: int, bar: float) -> list[int]:
        likely, at = max(((cuts.chance(found, model), at) for at, found in one.cuts(start, stop)), default=(0.0, 0))
        again = min(bar, model.bar_again)
        return [] if likely <= bar else [*go(start, at, again), at, *go(at, stop, again)]

    return tuple(go(0, len(one.message.clauses), model.bar_letter if one.message.length > cuts.LETTER else model.bar))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--single", type=Path, action="append", default=[])
    options.add_argument("--folds", type=int, default=0)
    given = options.parse_args()
    model, chance = cuts.load(), random.Random(0)  # noqa: S311 - the same every time
    classifier = Classifier.fit(rows(taxonomy.load(), referrals.load()))
    judged = cuts.Judged(classifier.rank_all)

    def cased(pieces: list[list[str]]) -> list[Case]:
        return [case(one, judged, model) for one in pieces]

    written = read()
    chance.shuffle(written)
    real = cased([[json.loads(line)["text"]] for path in given.single for line in path.open(encoding="utf-8")])

    def fitted(pieces: list[list[str]], among: list[Case]) -> cuts.Weights:
        more = [(cased(made(pieces, chance)), MADE), (cased(without_punctuation(pieces, chance)), BARE)]
        return fit([(cased(pieces), WRITTEN), (among, REAL), *more], model)

    right, wrong, whole = 0, 0, 0
    for fold in range(given.folds):
        held = written[fold :: given.folds]
        learned = fitted([one for i, one in enumerate(written) if i % given.folds != fold], real[::2])
        for one in cased(held):
            found = split(one, learned)
            right += one.parts > 1 and one.readable and found == one.begins
            wrong += one.parts == 1 and bool(found)
        whole += sum(bool(split(one, learned)) for one in real[1::2])
    if given.folds:
        several = sum(len(one) > 1 for one in written)
        print(f"# held out: {right} of {several} several rightly, {wrong} of {len(written) - several} single wrongly")
        print(f"# real messages cut: {whole / given.folds:.1f} of {len(real[1::2])}")
    learned = fitted(written, real)
    print(f"constant: {learned.constant}\nweights:")
    for name, weight in learned.weights.items():
        print(f"  {name}: {weight}")


if __name__ == "__main__":
    main()
