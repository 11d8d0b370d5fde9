"""Which class a text belongs to: two linear models, one over characters and words, one over sentence vectors.

Their scores are added and turned into probabilities by one temperature, set on held-out folds. Without vectors (no
embedder on this machine, or the embedding service away) the first model decides alone, with a temperature of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jieba
import joblib
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from kb.text import folded
from kb.vectors import Array
from kb.verdict import Ranked

FORMAT = 3
# How much the vectors' score counts beside the words'. Set on the blind sets, see docs/decisions/0006-classifier.md.
VECTOR_WEIGHT = 0.7
_WORDS_C, _VECTORS_C = 0.5, 1.0


def _words(text: str) -> list[str]:
    return [word for word in _tokenizer().lcut(text) if word.strip()]


_own_tokenizer: jieba.Tokenizer | None = None


def _tokenizer() -> jieba.Tokenizer:
    """A tokenizer of our own: jieba's shared one could be changed by any other code in the process."""
    global _own_tokenizer  # noqa: PLW0603 - built once, on first use
    if _own_tokenizer is None:
        jieba.setLogLevel(logging.WARNING)
        _own_tokenizer = jieba.Tokenizer()
    return _own_tokenizer


def _features() -> FeatureUnion:
    characters = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 3), sublinear_tf=True, preprocessor=folded, min_df=2, dtype=np.float32
    )
    words = TfidfVectorizer(
        tokenizer=_words, token_pattern=None, sublinear_tf=True, preprocessor=folded, min_df=2, dtype=np.float32
    )
    return FeatureUnion([("characters", characters), ("words", words)])


@dataclass(frozen=True)
class Linear:
    """A fitted one-against-rest model: `scores = rows @ weights + offsets`, one column of weights for each class."""

    weights: Any
    offsets: Any

    @classmethod
    def fit(cls, rows: Any, labels: Any, *, c: float) -> Linear:
        fitted = LinearSVC(C=c, random_state=0).fit(rows, labels)
        if len(fitted.classes_) == 2:  # one row only: the second class against the first
            weights = np.vstack([-fitted.coef_, fitted.coef_])
            offsets = np.array([-fitted.intercept_[0], fitted.intercept_[0]])
        else:
            weights, offsets = fitted.coef_, fitted.intercept_
        return cls(np.ascontiguousarray(weights.T, dtype=np.float32), offsets.astype(np.float32))

    def scores(self, rows: Any) -> Any:
        return rows @ self.weights + self.offsets


class Classifier:
    """A fitted model. `fit` makes one, `save` and `load` keep it; `rank` is safe to call from several threads."""

    def __init__(
        self, classes: list[str], features: FeatureUnion, words: Linear, vectors: Linear | None, sharpness: list[float]
    ) -> None:
        self.classes = classes
        self._features, self._words, self._vectors = features, words, vectors
        self._alone, self._together = sharpness
        self._names = features.get_feature_names_out()

    @classmethod
    def fit(cls, rows: Iterable[tuple[str, str]], vectors: Array | None = None) -> Classifier:
        """Learn from (text, class) rows and, where there are, their vectors. The same rows give the same model.

        Raises ValueError when there are fewer than two classes.
        """
        texts, names = zip(*rows, strict=True)
        classes = sorted(set(names))
        if len(classes) < 2:
            raise ValueError("a classifier needs at least two classes")
        index = {name: number for number, name in enumerate(classes)}
        labels = np.array([index[name] for name in names])
        features = _features()
        matrix = features.fit_transform(texts).tocsr()
        words = Linear.fit(matrix, labels, c=_WORDS_C)
        meaning = Linear.fit(vectors, labels, c=_VECTORS_C) if vectors is not None else None
        return cls(classes, features, words, meaning, _sharpness(matrix, vectors, labels, len(classes)))

    def rank(self, text: str, vector: Array | None = None, limit: int = 8) -> tuple[Ranked, ...]:
        """The best classes for the text, best first, with their probabilities among all classes."""
        chances = self.chances(text, vector)
        best = np.argsort(chances)[::-1][:limit]
        return tuple(Ranked(self.classes[i], float(chances[i])) for i in best)

    def chances(self, text: str, vector: Array | None = None) -> Any:
        """The probability of every class, in the order of `classes`."""
        scores = self._words.scores(self._features.transform([text]))[0]
        if vector is None or self._vectors is None:
            return _softmax(scores[None, :], self._alone)[0]
        scores = scores + VECTOR_WEIGHT * self._vectors.scores(vector[None, :])[0]
        return _softmax(scores[None, :], self._together)[0]

    def reasons(self, text: str, name: str, limit: int = 3) -> tuple[str, ...]:
        """The words of the text that speak most for that class, as a clerk would underline them."""
        row = self._features.transform([text])
        weights = self._words.weights[:, self.classes.index(name)]
        pairs = zip(row.indices, row.data, strict=True)
        found = sorted(((float(value * weights[at]), str(self._names[at])) for at, value in pairs), reverse=True)
        words: list[str] = []
        for weight, feature in found:
            word = feature.partition("__")[2]
            if weight > 0 and len(word) > 1 and not any(word in kept or kept in word for kept in words):
                words.append(word)
        return tuple(words[:limit])

    def save(self, path: Path) -> None:
        """Write the file whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        kept = (FORMAT, self.classes, self._features, self._words, self._vectors, [self._alone, self._together])
        joblib.dump(kept, part, compress=1)
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Classifier:
        """Read what `save` wrote. Only ever load files this installation wrote itself."""
        form, *rest = joblib.load(path)
        if form != FORMAT:
            raise ValueError(f"{path}: format {form}, expected {FORMAT}: run `jiesu train`")
        return cls(*rest)


def _softmax(scores: Any, sharpness: float) -> Any:
    scaled = scores * sharpness
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _sharpness(matrix: Any, vectors: Array | None, labels: Any, classes: int) -> list[float]:
    """How sharp the scores must be taken for honest probabilities: without vectors, and with them.

    The one with the least log loss over three held-out folds. Classes with fewer than three texts are left out.
    """
    counts = np.bincount(labels, minlength=classes)
    rows = np.flatnonzero(counts[labels] >= 3)
    if len(rows) < 6:
        return [3.0, 3.0]
    alone, together, truth = [], [], []
    for train, test in StratifiedKFold(3, shuffle=True, random_state=0).split(rows, labels[rows]):
        learn, hold = rows[train], rows[test]
        present = np.unique(labels[learn])
        place = np.searchsorted(present, labels[hold])
        words = Linear.fit(matrix[learn], labels[learn], c=_WORDS_C).scores(matrix[hold])
        alone.append((words, place))
        if vectors is not None:
            meaning = Linear.fit(vectors[learn], labels[learn], c=_VECTORS_C).scores(vectors[hold])
            together.append((words + VECTOR_WEIGHT * meaning, place))
        truth.append(place)
    first = _honest(alone)
    return [first, _honest(together) if together else first]


def _honest(folds: list[tuple[Any, Any]]) -> float:
    def loss(sharpness: float) -> float:
        total, count = 0.0, 0
        for scores, place in folds:
            chances = _softmax(scores, sharpness)[np.arange(len(place)), place]
            total -= float(np.log(chances + 1e-12).sum())
            count += len(place)
        return total / count

    return float(min(np.geomspace(0.7, 14, 28).tolist(), key=loss))
