"""One text as a row of tf-idf features, without the machinery that is made for whole tables.

`TfidfVectorizer.transform` checks its input and its own settings, builds three sparse matrices and looks at each for
numbers that are none: a millisecond and a half, several times for each message. The numbers themselves are a count of
known pieces, a weight each, and a division.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion


class Row(NamedTuple):
    """What occurs in a text: places of the features in ascending order, and their values, float32, of length 1."""

    indices: Any
    data: Any

    def times(self, weights: Any) -> Any:
        """The sum of these rows of `weights` (features, or features by classes), as float32."""
        return self.data @ weights[self.indices].astype(np.float32, copy=False)


class QuickRows:
    """Gives rows as the fitted vectorizer does, to the last few bits of a float. Safe to use from several threads.

    Raises ValueError for settings that it does not know how to follow.
    """

    def __init__(self, fitted: TfidfVectorizer, *, weight: float = 1.0, start: int = 0) -> None:
        if not (fitted.sublinear_tf and fitted.use_idf and fitted.norm == "l2") or fitted.binary:
            raise ValueError("only for sublinear counts with idf and length 1")
        self._pieces: Callable[[str], Iterable[str]] = fitted.build_analyzer()
        self._known: Mapping[str, int] = fitted.vocabulary_
        self._rarity = fitted.idf_.astype(np.float32)
        self._weight, self._start = np.float32(weight), start

    @property
    def width(self) -> int:
        """How many features there are."""
        return len(self._known)

    def row(self, text: str) -> Row:
        """The features of one text. One without any known piece gives an empty row."""
        known = self._known
        counts = Counter(place for piece in self._pieces(text) if (place := known.get(piece)) is not None)
        if not counts:
            return Row(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))
        places = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
        order = np.argsort(places)
        places = places[order]
        often = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))[order]
        values = (np.log(often) + np.float32(1.0)) * self._rarity[places]
        length = np.sqrt(np.dot(values.astype(np.float64), values))
        return Row(places + self._start, (values / np.float32(length)) * self._weight)


class QuickUnion:
    """The same for several vectorizers side by side."""

    def __init__(self, fitted: FeatureUnion) -> None:
        weights = fitted.transformer_weights or {}
        parts: list[QuickRows] = []
        start = 0
        for name, vectorizer in fitted.transformer_list:
            parts.append(QuickRows(vectorizer, weight=weights.get(name, 1.0), start=start))
            start += parts[-1].width
        self._parts: Sequence[QuickRows] = parts

    def row(self, text: str) -> Row:
        """The features of one text under all of them."""
        rows = [part.row(text) for part in self._parts]
        return Row(np.concatenate([row.indices for row in rows]), np.concatenate([row.data for row in rows]))
