"""Which category a complaint belongs to: a linear model over characters and words, with calibrated probabilities.

It learns from `content/examples/*.yml` and from the categories' own names and key words, in under a minute on one
core, and is kept in a file named after the content it learned from.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
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
from kb.verdict import Ranked, Verdict, decide

FORMAT = 1


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
    return FeatureUnion(
        [
            (
                "characters",
                TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, preprocessor=folded, min_df=2),
            ),
            (
                "words",
                TfidfVectorizer(tokenizer=_words, token_pattern=None, sublinear_tf=True, preprocessor=folded, min_df=2),
            ),
        ]
    )


class Classifier:
    """A fitted model. `fit` makes one, `save` and `load` keep it; `rank` is safe to call from several threads."""

    def __init__(self, features: FeatureUnion, model: LinearSVC, temperature: float) -> None:
        self._features, self._model, self._temperature = features, model, temperature

    @classmethod
    def fit(cls, rows: Iterable[tuple[str, str]]) -> Classifier:
        """Learn from (text, code) rows. The same rows give the same model."""
        texts, codes = zip(*rows, strict=True)
        labels = np.array(codes)
        features = _features()
        matrix = features.fit_transform(texts)
        model = LinearSVC(C=0.5, random_state=0)
        model.fit(matrix, labels)
        return cls(features, model, _temperature(matrix, labels))

    def rank(self, text: str, limit: int = 5) -> tuple[Ranked, ...]:
        """The best categories for the text, best first."""
        scores = self._model.decision_function(self._features.transform([text]))[0]
        chances = _softmax(scores[None, :], self._temperature)[0]
        best = np.argsort(chances)[::-1][:limit]
        return tuple(Ranked(str(self._model.classes_[i]), float(chances[i])) for i in best)

    def judge(self, text: str) -> Verdict:
        """The ranking and what to do with it."""
        return decide(self.rank(text))

    def save(self, path: Path) -> None:
        """Write the file whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        joblib.dump((FORMAT, self._features, self._model, self._temperature), part, compress=3)
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Classifier:
        """Read what `save` wrote. Only ever load files this installation wrote itself."""
        form, features, model, temperature = joblib.load(path)
        if form != FORMAT:
            raise ValueError(f"{path}: format {form}, expected {FORMAT}: run `jiesu train`")
        return cls(features, model, temperature)


def _softmax(scores: Any, temperature: float) -> Any:
    scaled = scores * temperature
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _temperature(matrix: Any, labels: Any) -> float:
    """The sharpness at which held-out probabilities are most honest (least log loss over three folds)."""
    held_scores, held_truth = [], []
    for train, test in StratifiedKFold(3, shuffle=True, random_state=0).split(matrix, labels):
        model = LinearSVC(C=0.5, random_state=0).fit(matrix[train], labels[train])
        held_scores.append(model.decision_function(matrix[test]))
        held_truth.append(np.searchsorted(model.classes_, labels[test]))
    scores, truth = np.vstack(held_scores), np.concatenate(held_truth)
    rows = np.arange(len(truth))
    losses = {
        t: float(-np.log(_softmax(scores, t)[rows, truth] + 1e-12).mean()) for t in np.geomspace(1, 12, 24).tolist()
    }
    return float(min(losses, key=lambda t: losses[t]))
