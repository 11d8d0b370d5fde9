"""Which way of hearing intents is best? Kinds of learning over kinds of features, singly and joined, on blind text.

    python -m tests.compare_understanding                            # logistic regression and support vectors
    python -m tests.compare_understanding --texts F.jsonl --out DIR  # and what each takes real text for

Each learns from data/nlu and hears `tests/blind/intents.csv` and `utterances.csv` by the text alone, in one process,
without Rasa, so that only features and learning differ. DIET learns inside Rasa alone: whole pipelines, ours and stock
ones, are compared by `python -m tests.evaluate_intents --others tests/nlu_pipelines`.

`--texts` reads lines `{"id","text"}`, `--out` gets a file for each way with lines `{"id","request_type"}`: 投诉 for
somebody who tells a problem or is not content, 咨询 for a question, 表扬 for thanks, else 求助.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from integrations import bootstrap, settings
from integrations.running import nlu_vectors
from kb.classifier import _words as words_of
from kb.normalising import plain
from kb.vectors import Library, beginning
from tests.conventions.repository import spoken
from tests.evaluate_intents import messages
from tests.understanding_tables import Heard, macro_f1, written

# As in config.yml: how much a vector weighs beside the characters, and how strict the support vectors are.
WEIGHT_OF_MEANING, STRICTNESS = 0.4, 3.0
# The C of logistic regression: the best of 10, 30, 100 and 300 in cross-validation of data/nlu, as 3 is of 1, 3 and 10.
SOFTNESS = 10.0
FEATURES = ("characters", "words", "vectors", "characters + words", "characters + vectors", "all three")
# So many messages are heard one by one to see what one costs.
TIMED = 300
console = Console(width=140)


@dataclass(frozen=True)
class Way:
    """One kind of learning over some features, as it was measured."""

    learning: str
    features: str
    heard: list[Heard]
    seconds: float
    ms: float
    mb: float


class Features:
    """Turns texts into rows. `parts` are of characters, words and vectors; vectors are looked up."""

    def __init__(self, parts: Sequence[str], texts: Sequence[str]) -> None:
        self.vectors = "vectors" in parts
        self._alone = len(parts) == 1
        grams: dict[str, Any] = {"analyzer": "char", "ngram_range": (1, 2), "preprocessor": _marked}
        words: dict[str, Any] = {"tokenizer": words_of, "token_pattern": None, "preprocessor": str.lower}
        shapes = {"characters": grams, "words": words}
        common: dict[str, Any] = {"sublinear_tf": True, "dtype": np.float32}
        self._counted = [TfidfVectorizer(**shapes[part], **common).fit(texts) for part in parts if part in shapes]

    def rows(self, texts: Sequence[str], vectors: np.ndarray) -> Any:
        """A sparse matrix with a row for each text."""
        made = [one.transform(texts) for one in self._counted]
        if self.vectors:
            made.append(sparse.csr_matrix(vectors * (1.0 if self._alone else WEIGHT_OF_MEANING)))
        return sparse.hstack(made).tocsr()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, help="lines of real text to judge besides")
    parser.add_argument("--out", type=Path, help="where to write what each way takes them for")
    given = parser.parse_args()
    services = bootstrap.build(settings.load())
    embedder = services.embedder
    if embedder is None:
        raise SystemExit("no embedder: without one there are no vectors to compare")
    library = Library.load(nlu_vectors.SHIPPED)
    said = spoken()
    texts = [text for intent in said for text in said[intent]]
    intents = np.array([intent for intent in said for _ in said[intent]])
    blind = list(messages())
    real = [json.loads(line) for line in given.texts.read_text("utf-8").splitlines()] if given.texts else []
    ids, asked = [row["id"] for row in real], [row["text"] for row in blind]
    letters = [plain(row["text"]).text for row in real]
    learned = library.vectors(texts, embedder)
    began = time.process_time()
    meanings = library.vectors(asked, embedder)
    vector_ms = (time.process_time() - began) * 1000 / len(asked)
    meanings_of_real = library.vectors(letters, embedder) if letters else np.zeros((0, 0))
    made = []
    for learning in ("logistic regression", "support vectors"):
        for name in FEATURES:
            parts = ("characters", "words", "vectors") if name == "all three" else tuple(name.split(" + "))
            print(f"  {learning}, {name}", file=sys.stderr, flush=True)
            began = time.process_time()
            features = Features(parts, texts)
            model = _learning(learning).fit(features.rows(texts, learned), intents)
            seconds = time.process_time() - began
            found = model.predict(features.rows(asked, meanings))
            heard = [Heard(r["intent"], r["asked"], str(i), 1.0, 0.0) for r, i in zip(blind, found, strict=True)]
            ms = _cost(model, features, asked[:TIMED], meanings) + (vector_ms if features.vectors else 0.0)
            made.append(Way(learning, name, heard, seconds, ms, model.coef_.size * 4 / 2**20))
            if given.out and letters:
                judged = model.predict(features.rows([beginning(one) for one in letters], meanings_of_real))
                written(given.out / f"{learning}-{name}.jsonl".replace(" ", "_"), ids, map(str, judged))
    console.print(_table(made, vector_ms))


def _learning(kind: str) -> Any:
    if kind == "logistic regression":
        return LogisticRegression(C=SOFTNESS, max_iter=200, tol=1e-3)
    return LinearSVC(C=STRICTNESS, random_state=7)


def _marked(text: str) -> str:
    """The text with its beginning and its end marked, as in bot/components/linear_model.py."""
    return f"\x02{' '.join(text.lower().split())}\x03"


def _cost(model: Any, features: Features, texts: Sequence[str], meanings: np.ndarray) -> float:
    """Milliseconds of CPU for one message alone, its vector at hand."""
    began = time.process_time()
    for number, text in enumerate(texts):
        model.decision_function(features.rows([text], meanings[number : number + 1]))
    return (time.process_time() - began) * 1000 / len(texts)


def _table(made: list[Way], vector_ms: float) -> Table:
    table = Table(
        *("learning", "features", "outside", "macro-F1", "inside", "macro-F1"),
        *("training, s CPU", "ms CPU a message", "weights, MB"),
        title=f"{len(made[0].heard)} blind messages by the text alone",
        caption=f"a vector takes {vector_ms:.1f} ms CPU of that, where one is used",
    )
    for way in made:
        outside = [one for one in way.heard if not one.asked]
        inside = [one for one in way.heard if one.asked]
        table.add_row(
            *(way.learning, way.features),
            *(f"{sum(one.right for one in outside) / len(outside):.3f}", f"{macro_f1(outside):.3f}"),
            *(f"{sum(one.right for one in inside) / len(inside):.3f}", f"{macro_f1(inside):.3f}"),
            *(f"{way.seconds:.0f}", f"{way.ms:.1f}", f"{way.mb:.1f}"),
        )
    return table


if __name__ == "__main__":
    main()
