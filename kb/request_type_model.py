"""Telling 咨询, 求助, 投诉, 举报, 建议 and 表扬 apart.

A linear model over characters and over cues of form: which tell-tale words stand in the message, in its first line
or clause (a letter's title) and in its last two clauses, where people say what they want. It learns from
`content/request_types.yml` in a few seconds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from kb.quick_rows import QuickRows
from kb.recent import Recent
from kb.request_types import CASES, PATH, RequestType, Verdict, load
from kb.text import folded
from kb.training import forget_old

FORMAT = 1
# A cue counts this much beside the characters, whose weights are those of a vector of length one.
_CUE_WEIGHT = 0.2
# In a letter of more clauses than this, a word found somewhere says less about what the letter is for.
_SHORT = 3
_CLAUSE_END = re.compile(r"[，。！？；：、,.!?;:\s…]+")
_LONG_LETTER = 80


def trained(folder: Path, content: Path = PATH) -> RequestTypeClassifier:
    """The model for this content: read when it is there, else fitted and kept."""
    path = model_path(folder, content)
    if path.exists():
        return RequestTypeClassifier.load(path)
    examples = load(content)
    made = RequestTypeClassifier.fit(examples.rows, cues=examples.cues)
    made.save(path)
    forget_old(folder, "request-types-*.joblib")
    return made


def model_path(folder: Path, content: Path = PATH) -> Path:
    """Where the model for this content is or will be kept."""
    digest = hashlib.sha256(content.read_bytes() + Path(__file__).read_bytes())
    return folder / f"request-types-{digest.hexdigest()[:12]}.joblib"


class RequestTypeClassifier:
    """A fitted model. `fit` makes one, `save` and `load` keep it; `judge` is safe to call from several threads."""

    def __init__(
        self, characters: TfidfVectorizer, cues: Mapping[str, tuple[str, ...]], model: LogisticRegression
    ) -> None:
        self._characters, self._cues, self._model = characters, dict(cues), model
        self._recent: Recent[Verdict] = Recent()

    @classmethod
    def fit(
        cls, rows: Iterable[tuple[str, str]], *, cues: Mapping[str, tuple[str, ...]] | None = None
    ) -> RequestTypeClassifier:
        """Learn from (text, type) rows. The same rows give the same model. `cues` are words by cue, as in the file."""
        texts, kinds = zip(*rows, strict=True)
        for kind in kinds:
            RequestType(kind)
        characters = TfidfVectorizer(
            analyzer="char", ngram_range=(1, 3), sublinear_tf=True, preprocessor=folded, min_df=2
        )
        characters.fit(texts)
        made = cls(
            characters, cues or {}, LogisticRegression(C=10, class_weight="balanced", max_iter=2000, random_state=0)
        )
        made._model.fit(made._features(texts), np.array([str(kind) for kind in kinds]))
        return made

    def judge(self, text: str) -> Verdict:
        """The likeliest kind. Nothing to go by gives little confidence, never an error."""
        return self._recent.get(text, lambda: self._judged(text))

    def _judged(self, text: str) -> Verdict:
        chances = self.chances(text)
        best = max(chances, key=lambda kind: chances[kind])
        cases = {kind: chance for kind, chance in chances.items() if kind in CASES}
        if cases and sum(cases.values()) > chances[best]:
            best = max(cases, key=lambda kind: cases[kind])
        return Verdict(best, chances[best])

    def chances(self, text: str) -> dict[RequestType, float]:
        """How likely each kind is; they sum to one."""
        cues = np.array(_cue_row(text, self._cues), dtype=float) * _CUE_WEIGHT
        scores = self._rows.row(text).times(self._by_character) + cues @ self._by_cue + self._model.intercept_
        raised = np.exp(scores - scores.max())
        found = raised / raised.sum()
        return {RequestType(kind): float(chance) for kind, chance in zip(self._model.classes_, found, strict=True)}

    @cached_property
    def _rows(self) -> QuickRows:
        return QuickRows(self._characters)

    @cached_property
    def _by_character(self) -> Any:
        """What each piece of the text says for each kind."""
        return np.ascontiguousarray(self._model.coef_[:, : self._rows.width].T, dtype=np.float32)

    @cached_property
    def _by_cue(self) -> Any:
        return np.ascontiguousarray(self._model.coef_[:, self._rows.width :].T)

    def _features(self, texts: Iterable[str]) -> Any:
        texts = list(texts)
        cues = np.array([_cue_row(text, self._cues) for text in texts], dtype=float) * _CUE_WEIGHT
        return hstack([self._characters.transform(texts), csr_matrix(cues)]).tocsr()

    def save(self, path: Path) -> None:
        """Write the file whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        joblib.dump((FORMAT, self._characters, self._cues, self._model), part, compress=3)
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> RequestTypeClassifier:
        """Read what `save` wrote. Only ever load files this installation wrote itself."""
        form, characters, cues, model = joblib.load(path)
        if form != FORMAT:
            raise ValueError(f"{path}: format {form}, expected {FORMAT}: run `jiesu train`")
        return cls(characters, cues, model)


def _cue_row(text: str, cues: Mapping[str, tuple[str, ...]]) -> list[float]:
    """For each cue: is it there, is it in the first line or clause, in the last two clauses. Then plain form."""
    clauses = [folded(clause) for clause in _CLAUSE_END.split(text) if clause] or [""]
    whole, first, last = folded(text), clauses[0], "".join(clauses[-2:])
    somewhere = min(1.0, _SHORT / len(clauses)) ** 0.5
    row: list[float] = []
    for words in cues.values():
        row += [
            weight * any(word in part for word in words)
            for part, weight in ((whole, somewhere), (first, 1.0), (last, 1.0))
        ]
    asks_last = text.rstrip().endswith(("?", "？"))
    return [*row, float(asks_last), float("?" in whole), float(len(whole) > _LONG_LETTER)]
