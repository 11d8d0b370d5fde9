"""Whether a text tells of danger, and of which, learned from examples.

Two linear models judge danger against none: one over characters, one over characters and, by a kernel, the sentence
vector; without a vector the first decides alone. A third, over the dangerous texts only, tells the kind. Scores become
probabilities by a curve fitted on held-out folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from kb.classifier import _words
from kb.danger_examples import NONE, Lesson
from kb.quick_rows import QuickRows, Row
from kb.spelling import Levelled, Spelling
from kb.text import folded
from kb.vectors import Array

FORMAT = 1
FOLDS = 3
# Set by cross-validation, see docs/decisions/0009-danger.md.
_ALARM_C, _KIND_C = 0.3, 1.0
_OWN_WEIGHT = 2.0
_LANDMARKS, _WIDTH = 400, 2.0
_KIND_SHARPNESS = 4.0
# Words shorter than this, or of less than this share of the greatest weight, are no evidence to show.
_SHORTEST, _PALE = 2, 0.35


@dataclass(frozen=True, slots=True)
class Doubt:
    """How likely a text tells of danger at all, 0 to 1; and of which, as likely as `kind_confidence` if it does."""

    danger: float
    kind: str
    kind_confidence: float


@dataclass(frozen=True, slots=True)
class _Scorer:
    """A linear model with the curve that makes its scores probabilities."""

    weights: Any
    offset: float
    slope: float
    shift: float

    @classmethod
    def fit(cls, rows: Any, danger: Any, weights: Any) -> _Scorer:
        held = np.zeros(len(danger))
        for learn, hold in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(danger, danger):
            held[hold] = _svm(rows[learn], danger[learn], weights[learn]).decision_function(rows[hold])
        curve = LogisticRegression(C=1e6).fit(held[:, None], danger)
        model = _svm(rows, danger, weights)
        slope, shift = float(curve.coef_[0, 0]), float(curve.intercept_[0])
        return cls(model.coef_[0].astype(np.float32), float(model.intercept_[0]), slope, shift)

    def chance(self, row: Row, more: float = 0.0) -> float:
        """The probability for that row; `more` is added to its score."""
        score = float(row.times(self.weights)) + self.offset + more
        return float(1 / (1 + np.exp(-(self.slope * score + self.shift))))


@dataclass(frozen=True, slots=True)
class _Near:
    """What a sentence vector adds: how near it is to known ones, and what each of those weighs."""

    known: Any
    weights: Any

    def score(self, vector: Array) -> float:
        apart = ((self.known - vector) ** 2).sum(axis=1)
        return float(np.exp(-_WIDTH * apart) @ self.weights)


class DangerModel:
    """A fitted model. `fit` makes one, `save` and `load` keep it; `judge` is safe to call from several threads."""

    def __init__(self, spelling: Spelling, parts: dict[str, Any]) -> None:
        self._spelling, self._parts = spelling, parts
        self._characters: TfidfVectorizer = parts["characters"]
        self._kinds: TfidfVectorizer = parts["kind_characters"]
        self._rows, self._kind_rows = QuickRows(self._characters), QuickRows(self._kinds)
        self._near: _Near | None = parts["near"]
        self._alone: _Scorer = parts["alone"]
        self._together: _Scorer | None = parts["together"]

    @classmethod
    def fit(cls, lessons: Sequence[Lesson], spelling: Spelling, vectors: Array | None = None) -> DangerModel:
        """Learn from the lessons and, where there are, their vectors. The same lessons give the same model.

        Raises ValueError when there are fewer than two kinds of danger or too few texts without danger.
        """
        texts = [_plain(spelling.level(lesson.text)) for lesson in lessons]
        danger = np.array([lesson.danger != NONE for lesson in lessons])
        kinds = np.array([lesson.danger for lesson in lessons])[danger]
        if len(set(kinds)) < 2 or min(danger.sum(), (~danger).sum()) < FOLDS:
            raise ValueError("needs at least two kinds of danger and a few texts with and without")
        weights = np.array([_OWN_WEIGHT if lesson.own else 1.0 for lesson in lessons])
        characters = TfidfVectorizer(
            analyzer="char", lowercase=False, ngram_range=(1, 3), sublinear_tf=True, min_df=2, dtype=np.float32
        )
        rows = characters.fit_transform(texts)
        kind_characters = TfidfVectorizer(
            analyzer="char", lowercase=False, ngram_range=(1, 2), sublinear_tf=True, min_df=2, dtype=np.float32
        )
        dangerous = kind_characters.fit_transform([text for text, urgent in zip(texts, danger, strict=True) if urgent])
        near = together = None
        if vectors is not None:
            kernel = Nystroem(gamma=_WIDTH, n_components=min(_LANDMARKS, len(vectors)), random_state=0).fit(vectors)
            together = _Scorer.fit(_beside(rows, kernel.transform(vectors)), danger, weights)
            near = _Near(
                _single(kernel.components_), _single(kernel.normalization_.T @ together.weights[rows.shape[1] :])
            )
        kind = LinearSVC(C=_KIND_C, random_state=0).fit(dangerous, kinds)
        together_kind = None
        if vectors is not None:
            fitted = LinearSVC(C=_KIND_C, random_state=0).fit(_beside(dangerous, vectors[danger]), kinds)
            together_kind = _several(fitted)
        return cls(
            spelling,
            {
                "characters": characters,
                "kind_characters": kind_characters,
                "near": near,
                "alone": _Scorer.fit(rows, danger, weights),
                "together": together,
                "kinds": [str(name) for name in kind.classes_],
                "kind": _several(kind),
                "together_kind": together_kind,
            },
        )

    def judge(self, text: str, vector: Array | None = None) -> Doubt:
        """What the text tells of. Nothing to go by gives a small chance, never an error."""
        plain = _plain(self._spelling.level(text))
        row, kind_row = self._rows.row(plain), self._kind_rows.row(plain)
        if vector is None or self._together is None or self._near is None:
            chance = self._alone.chance(row)
            weights, offsets = self._parts["kind"]
            scores = kind_row.times(weights) + offsets
        else:
            chance = self._together.chance(row, self._near.score(vector))
            weights, offsets = self._parts["together_kind"]
            scores = kind_row.times(weights) + vector @ weights[-len(vector) :] + offsets
        raised = np.exp(_KIND_SHARPNESS * (scores - scores.max()))
        best = int(scores.argmax())
        return Doubt(chance, self._parts["kinds"][best], float(raised[best] / raised.sum()))

    def evidence(self, text: str, kind: str, limit: int = 3) -> tuple[str, ...]:
        """The citizen's own words that speak most for danger and for that kind, in their order."""
        said = self._spelling.level(text)
        places = [at for at, c in enumerate(said.text) if not c.isspace()]
        plain = _plain(said)
        if len(plain) != len(places):  # a character that folds into several
            return ()
        marks = _marks(plain, self._characters, self._alone.weights)
        if kind in self._parts["kinds"]:
            weights = self._parts["kind"][0][:, self._parts["kinds"].index(kind)]
            marks *= 0.1 + _marks(plain, self._kinds, weights)
        spans = _strongest(_words(plain), marks, limit)
        return tuple(dict.fromkeys(said.as_said(places[start], places[end - 1] + 1) for start, end in spans))

    def save(self, path: Path) -> None:
        """Write the file whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        joblib.dump((FORMAT, self._parts), part, compress=3)
        part.replace(path)

    @classmethod
    def load(cls, path: Path, spelling: Spelling) -> DangerModel:
        """Read what `save` wrote. Only ever load files this installation wrote itself."""
        form, parts = joblib.load(path)
        if form != FORMAT:
            raise ValueError(f"{path}: format {form}, expected {FORMAT}: run `jiesu train`")
        return cls(spelling, parts)


def _plain(said: Levelled) -> str:
    return folded(said.text)


def _svm(rows: Any, danger: Any, weights: Any) -> Any:
    fresh = LinearSVC(C=_ALARM_C, class_weight="balanced", tol=0.01, random_state=0)
    return fresh.fit(rows, danger, sample_weight=weights)


def _several(fitted: Any) -> tuple[Any, Any]:
    """Weights and offsets, one column for each class also where there are two."""
    weights, offsets = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:
        weights, offsets = np.vstack([-weights, weights]), np.array([-offsets[0], offsets[0]])
    return np.ascontiguousarray(weights.T, dtype=np.float32), offsets.astype(np.float32)


def _single(numbers: Any) -> Any:
    return np.asarray(numbers, dtype=np.float32)


def _beside(rows: Any, more: Any) -> Any:
    return hstack([rows, csr_matrix(_single(more))]).tocsr()


def _marks(plain: str, characters: TfidfVectorizer, weights: Any) -> Any:
    """How much each character of the text speaks for the class of these weights."""
    marks = np.zeros(len(plain))
    for size in range(2, characters.ngram_range[1] + 1):
        for at in range(len(plain) - size + 1):
            if (feature := characters.vocabulary_.get(plain[at : at + size])) is not None:
                marks[at : at + size] += max(0.0, float(weights[feature])) * characters.idf_[feature]
    return marks


def _strongest(words: Sequence[str], marks: Any, limit: int) -> list[tuple[int, int]]:
    """Where the words stand that weigh most, in the order of the text; neighbours are told together."""
    ends = np.cumsum([len(word) for word in words], dtype=int)
    if not len(ends) or ends[-1] != len(marks):
        return []
    places = [(int(end) - len(word), int(end)) for word, end in zip(words, ends, strict=True) if word.isalnum()]
    weights = {place: float(marks[slice(*place)].sum()) for place in places}
    least = max(weights.values(), default=0.0) * _PALE
    joined: list[tuple[int, int, float]] = []
    for (start, end), weight in weights.items():
        if weight <= least:
            continue
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end, joined[-1][2] + weight)
        else:
            joined.append((start, end, weight))
    best = sorted((one for one in joined if one[1] - one[0] >= _SHORTEST), key=lambda one: one[2], reverse=True)
    return sorted((start, end) for start, end, _ in best[:limit])
