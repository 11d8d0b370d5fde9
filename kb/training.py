"""Making the classifier that fits the content as it is now: fitted once for each state of the content, then kept.

Its classes are the leaves of the taxonomy and, beside them, the duties of other authorities, so that what belongs to
neither is nobody's by force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kb.clauses import problem_text
from kb.examples import fingerprint, samples
from kb.recent import Passing
from kb.referrals import PREFIX, Duty
from kb.taxonomy import UNLISTED, Taxonomy
from kb.vectors import SHIPPED, Array, Embedder, Library, Space, Unavailable, beginning
from kb.verdict import REFER, Decision, Ranked, Verdict, decide

if TYPE_CHECKING:
    from kb.classifier import Classifier

MOST_TEXT = 600
# The words this sure of the responsible unit (or of another authority): the sentence's meaning is not asked for.
WORDS_ARE_ENOUGH = 0.85
Progress = Callable[[int, int], None]


def rows(taxonomy: Taxonomy, duties: Mapping[str, Duty]) -> Iterator[tuple[str, str]]:
    """(text, class) of everything the model learns from."""
    yield from ((text, code) for text, code in samples(taxonomy) if code != UNLISTED)
    for duty in duties.values():
        yield from ((text, PREFIX + duty.key) for text in (*duty.examples, *duty.covers, duty.name))


def model_path(taxonomy: Taxonomy, duties: dict[str, Duty], folder: Path, embedder: str | None) -> Path:
    """Where the model for this content and this embedder is or will be kept."""
    return folder / f"categories-{fingerprint(rows(taxonomy, duties))}-{embedder or 'words-only'}.joblib"


class Judge:
    """A fitted model whose classes are leaves and duties: ranks them and says what to do.

    `space` is where the model learned its vectors, None when it learned from words alone.
    """

    def __init__(
        self, model: Classifier, units: Mapping[str, str], embedder: Embedder | None, space: Space | None
    ) -> None:
        self._model, self._units = model, units
        self._embedder, self._space = embedder, space
        owners = [units.get(name, PREFIX) for name in model.classes]
        names = sorted(set(owners))
        self._owners = np.eye(len(names), dtype=np.float32)[[names.index(owner) for owner in owners]]

    @property
    def classes(self) -> list[str]:
        """The model's classes: leaf codes, and duties with their prefix."""
        return self._model.classes

    @property
    def units(self) -> Mapping[str, str]:
        """The responsible unit of each leaf."""
        return self._units

    def judge(self, text: str) -> Verdict:
        """The ranking of the leaves, whether it is another authority's duty, and what to do.

        The sentence's vector is asked for only where the words leave a doubt. When the embedder does not answer, the
        words decide alone.
        """
        try:
            return self.judged(text)
        except Passing as passing:
            return passing.value  # type: ignore[return-value]

    def judged(self, text: str) -> Verdict:
        """The same, for keeping: raises `Passing` with a verdict that was reached without the embedder's help."""
        text = text[:MOST_TEXT]
        reading = self._model.read(text)
        chances = reading.chances()
        doubtful = self._doubtful(chances)
        vector = self._vector(text, None) if doubtful else None
        if vector is not None:
            chances = reading.chances(vector)
        verdict = self.verdict(chances)
        verdict = replace(verdict, reasons=reading.reasons(verdict.best.code))
        if doubtful and vector is None and self._embedder is not None:
            raise Passing(verdict)
        return verdict

    def rank_all(self, texts: Sequence[str]) -> list[tuple[Ranked, ...]]:
        """The best classes of several texts, best first, by their words alone."""
        return self._model.rank_all([text[:MOST_TEXT] for text in texts])

    def _doubtful(self, chances: Array) -> bool:
        """Whether the words leave a doubt of whose business it is, so that the meaning is worth its time."""
        return float(np.max(chances @ self._owners)) < WORDS_ARE_ENOUGH

    def chances(self, text: str, raw: Array | None = None) -> Array:
        """The probability of every class, in the order of `classes`.

        `raw` is the embedder's vector of the text where it is known already; else the embedder is asked.
        """
        text = text[:MOST_TEXT]
        chances: Array = self._model.chances(text, self._vector(text, raw))
        return chances

    def verdict(self, chances: Array) -> Verdict:
        """What those chances come to, without reasons."""
        pairs = sorted(zip(self._model.classes, chances, strict=True), key=lambda pair: pair[1], reverse=True)
        duties = [(name, float(chance)) for name, chance in pairs if name.startswith(PREFIX)]
        outside = sum(chance for _, chance in duties)
        inside = max(1.0 - outside, 1e-9)
        leaves = [(name, chance) for name, chance in pairs if not name.startswith(PREFIX)]
        verdict = decide(tuple(Ranked(name, float(chance) / inside) for name, chance in leaves[:12]), self._units)
        refer_to = duties[0][0].removeprefix(PREFIX) if duties else None
        if outside >= REFER:
            verdict = replace(verdict, decision=Decision.REFER)
        return replace(verdict, refer_to=refer_to, out_of_scope=round(outside, 4))

    def _vector(self, text: str, raw: Array | None) -> Array | None:
        if self._space is None:
            return None
        if raw is None and self._embedder is not None:
            with suppress(Unavailable):
                raw = self._embedder.embed([beginning(text)])[0]
        if raw is None:
            return None
        vector: Array = self._space.project(raw[None, :])[0]
        return vector


class TrainedClassifier(Judge):
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

        library = kept_library(folder, embedder)
        path = model_path(taxonomy, duties, folder, embedder.name if embedder else None)
        if path.exists():
            model = Classifier.load(path)
        else:
            learned = list(rows(taxonomy, duties))
            vectors = None
            if embedder:
                texts = [text for text, _ in learned]
                library = library or Library.make(embedder, texts, progress=progress)
                library.vectors(texts, embedder, progress=progress)
                library.save(_kept(folder, embedder))
                # As it will be read the next time, so that learning again gives the same model.
                library = Library.load(_kept(folder, embedder))
                vectors = library.vectors(texts, embedder)
            model = Classifier.fit(learned, vectors)
            model.save(path)
            forget_old(folder, "categories-*.joblib")
        super().__init__(model, units_of(taxonomy), embedder, library.space if library else None)


def forget_old(folder: Path, pattern: str, *, keep: int = 3) -> None:
    """Delete all but the newest models of a kind: the one in use, and those of the states before."""
    for old in sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)[keep:]:
        old.unlink(missing_ok=True)


def units_of(taxonomy: Taxonomy) -> dict[str, str]:
    """The responsible unit of each leaf."""
    return {leaf.code: leaf.entry.unit for leaf in taxonomy}


def as_judged(text: str) -> str:
    """The part of a complaint that decides its category, as in a conversation."""
    return (problem_text(text) or text)[:MOST_TEXT]


def _kept(folder: Path, embedder: Embedder) -> Path:
    return folder / f"vectors-{embedder.name}.npz"


def kept_library(folder: Path, embedder: Embedder | None) -> Library | None:
    """The vectors kept by this installation and those that ship, as far as this embedder made them."""
    if embedder is None:
        return None
    found = None
    for path in (SHIPPED, _kept(folder, embedder)):
        if path.exists() and (library := Library.load(path)).space.embedder == embedder.name:
            found = library.joined(found) if found else library
    return found
