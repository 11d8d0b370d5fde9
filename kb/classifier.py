"""Which class a text belongs to: two linear models, one over characters and words, one over sentence vectors.

Their scores are added and turned into probabilities by one temperature, set on held-out folds. Without vectors (no
embedder on this machine, or the embedding service away) the first model decides alone, with a temperature of its own.
Which features and which model over the vectors are used is a `Recipe`: one for our categories, one for labels of a
city's own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import jieba
import joblib
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import FeatureUnion
from sklearn.svm import SVC, LinearSVC

from kb.quick_rows import QuickUnion, Row
from kb.text import folded
from kb.vectors import Array
from kb.verdict import Ranked

FORMAT = 4
_WORDS_C, _VECTORS_C = 0.5, 1.0
# A curved model keeps a number for each pair of rows while it is fitted: so many rows are the most.
MOST_CURVED = 5_000
_CURVED_C, _CURVED_GAMMA = 3.0, 1.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a model is made of; measured in docs/decisions/0006-classifier.md.

    `phrases`: pairs of words count too. `titles`: the first line of a letter counts again. `curved`: a radial model
    over the vectors, where there are not too many rows; else a linear one. `vector_weight`: how much the vectors'
    score counts beside the words'.
    """

    phrases: bool = False
    titles: bool = False
    curved: bool = False
    vector_weight: float = 0.7


CATEGORIES = Recipe()
OWN_LABELS = Recipe(phrases=True, titles=True, curved=True, vector_weight=1.0)


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


def _title(text: str) -> str:
    return folded(text.split("\n", 1)[0])


# So much a title counts beside the whole letter.
_TITLE = 0.6


def _features(recipe: Recipe) -> FeatureUnion:
    def characters(longest: int, part: Any = folded) -> TfidfVectorizer:
        shape = {"analyzer": "char", "ngram_range": (1, longest)}
        return TfidfVectorizer(**shape, preprocessor=part, sublinear_tf=True, min_df=2, dtype=np.float32)

    def words(longest: int, part: Any = folded) -> TfidfVectorizer:
        shape = {"tokenizer": _words, "token_pattern": None, "ngram_range": (1, longest)}
        return TfidfVectorizer(**shape, preprocessor=part, sublinear_tf=True, min_df=2, dtype=np.float32)

    parts = [("characters", characters(4 if recipe.phrases else 3)), ("words", words(2 if recipe.phrases else 1))]
    if not recipe.titles:
        return FeatureUnion(parts)
    titles = [("title-characters", characters(3, _title)), ("title-words", words(1, _title))]
    return FeatureUnion([*parts, *titles], transformer_weights=dict.fromkeys(dict(titles), _TITLE))


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

    def of_one(self, row: Row) -> Any:
        """The scores of one text: only the weights of what occurs in it are touched."""
        return row.times(self.weights) + self.offsets

    def halved(self) -> Linear:
        """The same with weights of half the size, which is enough to tell classes apart."""
        return Linear(self.weights.astype(np.float16), self.offsets)


@dataclass(frozen=True)
class Curved:
    """A fitted one-against-rest model with a radial kernel over rows of length 1."""

    support: Array
    weights: Array
    offsets: Array

    @classmethod
    def fit(cls, rows: Any, labels: Any) -> Curved:
        near = cls._nearness(rows, rows)
        classes = np.unique(labels)
        weights = np.zeros((len(rows), len(classes)), dtype=np.float32)
        offsets = np.zeros(len(classes), dtype=np.float32)
        for column, one in enumerate(classes):
            fitted = SVC(C=_CURVED_C, kernel="precomputed").fit(near, labels == one)
            weights[fitted.support_, column] = fitted.dual_coef_[0]
            offsets[column] = fitted.intercept_[0]
        used = np.flatnonzero(np.any(weights, axis=1))
        return cls(np.ascontiguousarray(rows[used], dtype=np.float32), weights[used], offsets)

    def scores(self, rows: Any) -> Any:
        return self._nearness(rows, self.support) @ self.weights + self.offsets

    @staticmethod
    def _nearness(rows: Any, others: Any) -> Any:
        return np.exp(-_CURVED_GAMMA * (2 - 2 * (rows @ others.T)))


class Classifier:
    """A fitted model. `fit` makes one, `save` and `load` keep it; `rank` is safe to call from several threads."""

    def __init__(
        self,
        classes: list[str],
        recipe: Recipe,
        features: FeatureUnion,
        words: Linear,
        vectors: Linear | Curved | None,
        sharpness: list[float],
    ) -> None:
        self.classes, self.recipe = classes, recipe
        self._features, self._words, self._vectors = features, words, vectors
        self._alone, self._together = sharpness

    @classmethod
    def fit(
        cls, rows: Iterable[tuple[str, str]], vectors: Array | None = None, *, recipe: Recipe = CATEGORIES
    ) -> Classifier:
        """Learn from (text, class) rows and, where there are, their vectors. The same rows give the same model.

        Raises ValueError when there are fewer than two classes.
        """
        texts, names = zip(*rows, strict=True)
        classes = sorted(set(names))
        if len(classes) < 2:
            raise ValueError("a classifier needs at least two classes")
        index = {name: number for number, name in enumerate(classes)}
        labels = np.array([index[name] for name in names])
        features = _features(recipe)
        matrix = features.fit_transform(texts).tocsr()
        words = Linear.fit(matrix, labels, c=_WORDS_C).halved()
        meaning = _fit_vectors(vectors, labels, recipe) if vectors is not None else None
        sharpness = _sharpness(matrix, vectors, labels, len(classes), recipe)
        return cls(classes, recipe, features, words, meaning, sharpness)

    def rank(self, text: str, vector: Array | None = None, limit: int = 8) -> tuple[Ranked, ...]:
        """The best classes for the text, best first, with their probabilities among all classes."""
        chances = self.chances(text, vector)
        best = np.argsort(chances)[::-1][:limit]
        return tuple(Ranked(self.classes[i], float(chances[i])) for i in best)

    def rank_all(self, texts: Sequence[str], limit: int = 8) -> list[tuple[Ranked, ...]]:
        """The best classes for each of several texts, by words alone: many times quicker than one by one."""
        scores = np.stack([self._words.of_one(self._rows.row(text)) for text in texts])
        chances = _softmax(scores, self._alone)
        best = np.argsort(chances, axis=1)[:, ::-1][:, :limit]
        return [
            tuple(Ranked(self.classes[i], float(row[i])) for i in leading)
            for row, leading in zip(chances, best, strict=True)
        ]

    def chances(self, text: str, vector: Array | None = None) -> Any:
        """The probability of every class, in the order of `classes`."""
        return self.read(text).chances(vector)

    def read(self, text: str) -> Reading:
        """What the text's words say, for asking more than one thing of it."""
        return Reading(self, self._rows.row(text))

    def reasons(self, text: str, name: str, limit: int = 3) -> tuple[str, ...]:
        """As `Reading.reasons`."""
        return self.read(text).reasons(name, limit)

    @cached_property
    def _rows(self) -> QuickUnion:
        return QuickUnion(self._features)

    @cached_property
    def _names(self) -> Any:
        return self._features.get_feature_names_out()

    def save(self, path: Path) -> None:
        """Write the file whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        sharpness = [self._alone, self._together]
        kept = (FORMAT, self.classes, self.recipe, self._features, self._words, self._vectors, sharpness)
        joblib.dump(kept, part, compress=1)
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Classifier:
        """Read what `save` wrote. Only ever load files this installation wrote itself."""
        form, *rest = joblib.load(path)
        if form != FORMAT:
            raise ValueError(f"{path}: format {form}, expected {FORMAT}: run `jiesu train`")
        return cls(*rest)


class Reading:
    """One text as a model reads it: which of its features occur."""

    def __init__(self, model: Classifier, row: Row) -> None:
        self._model, self._row = model, row
        self._scores = model._words.of_one(row)

    def chances(self, vector: Array | None = None) -> Any:
        """The probability of every class, in the order of the model's; by the words alone without a vector."""
        model = self._model
        if vector is None or model._vectors is None:
            return _softmax(self._scores[None, :], model._alone)[0]
        scores = self._scores + model.recipe.vector_weight * model._vectors.scores(vector[None, :])[0]
        return _softmax(scores[None, :], model._together)[0]

    def reasons(self, name: str, limit: int = 3) -> tuple[str, ...]:
        """The words of the text that speak most for that class, as a clerk would underline them."""
        model, row = self._model, self._row
        weights = model._words.weights[row.indices, model.classes.index(name)]
        found = sorted(zip((row.data * weights).tolist(), model._names[row.indices], strict=True), reverse=True)
        words: list[str] = []
        for weight, feature in found:
            word = feature.partition("__")[2]
            if weight > 0 and len(word) > 1 and not any(word in kept or kept in word for kept in words):
                words.append(word)
        return tuple(words[:limit])


def _softmax(scores: Any, sharpness: float) -> Any:
    scaled = scores * sharpness
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _fit_vectors(rows: Any, labels: Any, recipe: Recipe) -> Linear | Curved:
    if recipe.curved and len(rows) <= MOST_CURVED:
        return Curved.fit(rows, labels)
    return Linear.fit(rows, labels, c=_VECTORS_C)


# Of so many rows one held-out third says enough.
_PLENTY = 6_000


def _sharpness(matrix: Any, vectors: Array | None, labels: Any, classes: int, recipe: Recipe) -> list[float]:
    """How sharp the scores must be taken for honest probabilities: without vectors, and with them.

    The one with the least log loss on held-out thirds. Classes with fewer than three texts are left out.
    """
    counts = np.bincount(labels, minlength=classes)
    rows = np.flatnonzero(counts[labels] >= 3)
    if len(rows) < 6:
        return [3.0, 3.0]
    alone, together, truth = [], [], []
    folds = StratifiedKFold(3, shuffle=True, random_state=0).split(rows, labels[rows])
    for train, test in islice(folds, 1 if len(rows) >= _PLENTY else 3):
        learn, hold = rows[train], rows[test]
        present = np.unique(labels[learn])
        place = np.searchsorted(present, labels[hold])
        words = Linear.fit(matrix[learn], labels[learn], c=_WORDS_C).scores(matrix[hold])
        alone.append((words, place))
        if vectors is not None:
            meaning = _fit_vectors(vectors[learn], labels[learn], recipe).scores(vectors[hold])
            together.append((words + recipe.vector_weight * meaning, place))
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
