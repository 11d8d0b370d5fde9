"""Making the classifier that fits the content as it is now: fitted once for each state of the content, then kept.

Its classes are the leaves of the taxonomy and, beside them, the duties of other authorities, so that what belongs to
neither is nobody's by force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from kb.examples import fingerprint, samples
from kb.referrals import PREFIX, Duty
from kb.taxonomy import UNLISTED, Taxonomy
from kb.vectors import SHIPPED, Array, Embedder, Library, Unavailable, beginning
from kb.verdict import REFER, Decision, Ranked, Verdict, decide

MOST_TEXT = 600
Progress = Callable[[int, int], None]


def rows(taxonomy: Taxonomy, duties: dict[str, Duty]) -> Iterator[tuple[str, str]]:
    """(text, class) of everything the model learns from."""
    yield from ((text, code) for text, code in samples(taxonomy) if code != UNLISTED)
    for duty in duties.values():
        yield from ((text, PREFIX + duty.key) for text in (*duty.examples, *duty.covers, duty.name))


def model_path(taxonomy: Taxonomy, duties: dict[str, Duty], folder: Path, embedder: str | None) -> Path:
    """Where the model for this content and this embedder is or will be kept."""
    return folder / f"categories-{fingerprint(rows(taxonomy, duties))}-{embedder or 'words-only'}.joblib"


class TrainedClassifier:
    """The model for this content: read on first use when it is there, else fitted and kept."""

    def __init__(
        self,
        taxonomy: Taxonomy,
        duties: dict[str, Duty],
        folder: Path,
        embedder: Embedder | None,
        *,
        progress: Progress = lambda _done, _all: None,
    ) -> None:
        # Imported here because it brings the numeric libraries, which the gateway and the worker do without.
        from kb.classifier import Classifier

        self._units = {leaf.code: leaf.entry.unit for leaf in taxonomy}
        self._embedder = embedder
        self._library = _library(folder, embedder)
        path = model_path(taxonomy, duties, folder, embedder.name if embedder else None)
        if path.exists():
            self._model = Classifier.load(path)
            return
        learned = list(rows(taxonomy, duties))
        vectors = None
        if embedder:
            texts = [text for text, _ in learned]
            library = self._library or Library.make(embedder, texts, progress=progress)
            library.vectors(texts, embedder, progress=progress)
            library.save(_kept(folder, embedder))
            # As it will be read the next time, so that learning again gives the same model.
            self._library = Library.load(_kept(folder, embedder))
            vectors = self._library.vectors(texts, embedder)
        self._model = Classifier.fit(learned, vectors)
        self._model.save(path)

    def judge(self, text: str) -> Verdict:
        """The ranking of the leaves, whether it is another authority's duty, and what to do.

        When the embedder does not answer, the words decide alone.
        """
        text = text[:MOST_TEXT]
        chances = self._model.chances(text, self._vector(text))
        pairs = sorted(zip(self._model.classes, chances, strict=True), key=lambda pair: pair[1], reverse=True)
        duties = [(name, float(chance)) for name, chance in pairs if name.startswith(PREFIX)]
        outside = sum(chance for _, chance in duties)
        inside = max(1.0 - outside, 1e-9)
        ranking = tuple(Ranked(name, float(chance) / inside) for name, chance in pairs if not name.startswith(PREFIX))[
            :12
        ]
        verdict = decide(ranking, self._units)
        refer_to = duties[0][0].removeprefix(PREFIX) if duties else None
        if outside >= REFER:
            verdict = replace(verdict, decision=Decision.REFER)
        reasons = self._model.reasons(text, ranking[0].code)
        return replace(verdict, refer_to=refer_to, out_of_scope=round(outside, 4), reasons=reasons)

    def _vector(self, text: str) -> Array | None:
        if self._embedder is None or self._library is None:
            return None
        try:
            raw = self._embedder.embed([beginning(text)])
        except Unavailable:
            return None
        vector: Array = self._library.space.project(raw)[0]
        return vector


def _kept(folder: Path, embedder: Embedder) -> Path:
    return folder / f"vectors-{embedder.name}.npz"


def _library(folder: Path, embedder: Embedder | None) -> Library | None:
    """The vectors kept by this installation, else those that ship, as long as this embedder made them."""
    if embedder is None:
        return None
    for path in (_kept(folder, embedder), SHIPPED):
        if path.exists():
            library = Library.load(path)
            if library.space.embedder == embedder.name:
                return library
    return None
