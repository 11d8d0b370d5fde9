"""A linear model over characters, pairs of them and, where wanted, a sentence's vector; plain numpy when it runs.

Support vectors find the weights (one intent against all others). What they say is no probability; so each training
sentence is also judged by a model that has not learned it nor any sentence of about the same meaning, and the
sharpness of a softmax is fitted to those scores.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Text, Tuple

import numpy as np

LONGEST_GRAM = 2
BEGINS, ENDS = "\x02", "\x03"
# A longer message shows what it is by its first part; what comes after only costs time.
MOST_CHARACTERS = 300
FOLDS = 5
# Sentences to a group of about the same meaning, on the average.
ALIKE = 12
# The least and the greatest sharpness that is thought of.
SHARPNESS = (0.5, 20.0)

Row = Tuple[np.ndarray, np.ndarray]


def grams(text: Text) -> "Counter[Text]":
    """The characters of a text and the pairs of them, with its beginning and its end marked."""
    plain = f"{BEGINS}{' '.join(text.lower().split())[:MOST_CHARACTERS]}{ENDS}"
    counted: "Counter[Text]" = Counter()
    for length in range(1, LONGEST_GRAM + 1):
        counted.update(plain[start : start + length] for start in range(len(plain) - length + 1))
    return counted


@dataclass
class LinearModel:
    """What was learned. `dimensions` is the length of the vectors, 0 where it goes by characters alone.

    `weights` has a row for each known gram, then one for each number of the vector; a column for each intent. The
    probability is `softmax(sharpness * score)`.
    """

    intents: List[Text]
    known: List[Text]
    rarity: np.ndarray
    weights: np.ndarray
    intercept: np.ndarray
    sharpness: float
    dimensions: int = 0
    weight_of_meaning: float = 0.0
    _numbers: Dict[Text, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._numbers = {gram: number for number, gram in enumerate(self.known)}

    def judge(self, text: Text, vector: Optional[np.ndarray] = None) -> np.ndarray:
        """The probability of each intent, in the order of `intents`. Raises ValueError for another vector's length."""
        numbers, values = _row(text, self._numbers, self.rarity)
        scores = self.intercept + values @ self.weights[numbers]
        if self.dimensions:
            if vector is None or vector.shape != (self.dimensions,):
                raise ValueError(f"expected a vector of {self.dimensions} numbers")
            scores = scores + (vector * np.float32(self.weight_of_meaning)) @ self.weights[len(self.known) :]
        return _softmax(self.sharpness * scores)

    # -- learning --------------------------------------------------------------------------------------------

    @classmethod
    def fit(
        cls,
        texts: Sequence[Text],
        intents: Sequence[Text],
        meanings: Sequence[Optional[np.ndarray]],
        *,
        with_meaning: bool,
        strictness: float,
        weight_of_meaning: float,
    ) -> "LinearModel":
        """Learn from sentences, their intents and their vectors (None: it has none). Raises ValueError for no text.

        `with_meaning`: the vectors are learned from, and sentences without one are left out; else the vectors only
        tell which sentences mean about the same. `strictness` is the C of the support vectors.
        """
        if with_meaning:
            having = [n for n, vector in enumerate(meanings) if vector is not None]
            texts, intents = [texts[n] for n in having], [intents[n] for n in having]
            meanings = [meanings[n] for n in having]
        if not texts:
            raise ValueError("nothing to learn from")
        names = sorted(set(intents))
        truth = np.array([names.index(one) for one in intents])
        met = Counter(gram for text in texts for gram in grams(text))
        known = sorted(met)
        rarity = np.log((1 + len(texts)) / (1 + np.array([met[gram] for gram in known]))) + 1
        rarity = rarity.astype(np.float32)
        numbers = {gram: number for number, gram in enumerate(known)}
        rows = _matrix([_row(text, numbers, rarity) for text in texts], len(known))
        dimensions = 0
        if with_meaning:
            from scipy import sparse

            dense = np.stack([vector for vector in meanings if vector is not None]) * weight_of_meaning
            rows, dimensions = sparse.hstack([rows, sparse.csr_matrix(dense)]).tocsr(), dense.shape[1]
        sharpness = _calibrated(rows, truth, _folds(truth, meanings), len(names), strictness)
        weights, intercept = _support_vectors(rows, truth, strictness)
        return cls(names, known, rarity, weights, intercept, sharpness, dimensions, weight_of_meaning)

    # -- keeping ---------------------------------------------------------------------------------------------

    def as_arrays(self) -> Dict[Text, np.ndarray]:
        """Everything as arrays without objects; `of_arrays` reads them back."""
        return {
            "intents": np.array(self.intents),
            "known": np.array(self.known),
            "rarity": self.rarity,
            "weights": self.weights,
            "intercept": self.intercept,
            "numbers": np.array([self.sharpness, self.dimensions, self.weight_of_meaning]),
        }

    @classmethod
    def of_arrays(cls, kept: Any) -> "LinearModel":
        """Raises KeyError or ValueError where something is missing."""
        sharpness, dimensions, weight = (float(one) for one in kept["numbers"])
        names, known = [str(one) for one in kept["intents"]], [str(one) for one in kept["known"]]
        rows = (kept["rarity"], np.ascontiguousarray(kept["weights"]), kept["intercept"])
        return cls(names, known, *rows, sharpness, int(dimensions), weight)


def _row(text: Text, known: Dict[Text, int], rarity: np.ndarray) -> Row:
    """Numbers and weights of the text's known grams; the weights have length 1 together."""
    found = [(known[gram], count) for gram, count in grams(text).items() if gram in known]
    if not found:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
    numbers = np.array([number for number, _ in found])
    values = (1 + np.log(np.array([count for _, count in found], dtype=np.float32))) * rarity[numbers]
    return numbers, values / np.float32(math.sqrt(float(values @ values)))


def _matrix(rows: List[Row], columns: int) -> Any:
    from scipy import sparse

    ends = np.cumsum([0, *(len(numbers) for numbers, _ in rows)])
    numbers = np.concatenate([numbers for numbers, _ in rows])
    values = np.concatenate([values for _, values in rows])
    return sparse.csr_matrix((values, numbers, ends), shape=(len(rows), columns))


def _folds(truth: np.ndarray, meanings: Sequence[Optional[np.ndarray]]) -> np.ndarray:
    """A fold for each sentence; sentences of about the same meaning are in the same one where vectors tell that."""
    chance = np.random.default_rng(7)
    if any(vector is None for vector in meanings):
        folds = np.empty(len(truth), dtype=int)
        folds[chance.permutation(len(truth))] = np.arange(len(truth)) % FOLDS
        return folds
    from sklearn.cluster import MiniBatchKMeans

    groups = min(len(truth), max(FOLDS, len(truth) // ALIKE))
    means = MiniBatchKMeans(groups, random_state=7, n_init=1, batch_size=2048)
    group = means.fit_predict(np.stack([vector for vector in meanings if vector is not None]))
    return chance.permutation(np.arange(groups) % FOLDS)[group]


def _calibrated(rows: Any, truth: np.ndarray, folds: np.ndarray, intents: int, strictness: float) -> float:
    """The sharpness with which the softmax is most likely to say the truth of sentences that were not learned."""
    scores = np.zeros((len(truth), intents))
    judged = np.zeros(len(truth), dtype=bool)
    for fold in range(FOLDS):
        held = folds == fold
        # an intent that is all in one fold cannot be judged by the others
        if not held.any() or len(set(truth[~held])) < intents:
            continue
        weights, intercept = _support_vectors(rows[~held], truth[~held], strictness)
        scores[held] = rows[held] @ weights + intercept
        judged |= held
    if not judged.any():
        return 1.0
    from scipy.optimize import minimize_scalar

    known, right = scores[judged], truth[judged]

    def surprise(logarithm: float) -> float:
        z = math.exp(logarithm) * known
        z = z - z.max(axis=1, keepdims=True)
        log = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return -float(log[np.arange(len(right)), right].mean())

    found = minimize_scalar(surprise, bounds=(math.log(SHARPNESS[0]), math.log(SHARPNESS[1])), method="bounded")
    return float(math.exp(found.x))


def _support_vectors(rows: Any, truth: np.ndarray, strictness: float) -> Tuple[np.ndarray, np.ndarray]:
    from sklearn.svm import LinearSVC

    if len(set(truth)) == 1:
        return np.zeros((rows.shape[1], 1), dtype=np.float32), np.zeros(1, dtype=np.float32)
    machine = LinearSVC(C=strictness, random_state=7).fit(rows, truth)
    weights, intercept = machine.coef_.T, machine.intercept_
    if weights.shape[1] == 1:  # of two intents only one is weighed
        weights, intercept = np.hstack([-weights, weights]), np.array([-intercept[0], intercept[0]])
    return np.ascontiguousarray(weights, dtype=np.float32), intercept.astype(np.float32)


def _softmax(z: np.ndarray) -> np.ndarray:
    raised = np.exp(z - z.max())
    return raised / raised.sum()
