"""Sentence vectors of the questions: those that ship with the content, and those made here at training.

They live in the space of the categories' examples. At a start nothing is embedded: a question whose vector is not there
yet is compared by its words until the next `jiesu train`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kb.answers.entries import FOLDER
from kb.training import kept_library
from kb.vectors import Array, Embedder, Library, Space, Unavailable, beginning, key

SHIPPED = FOLDER / "vectors.npz"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Meanings:
    """The vectors of some texts, one row each; a row of zeros for a text whose vector is not there."""

    embedder: Embedder
    space: Space
    rows: Array

    @property
    def missing(self) -> int:
        """How many texts have no vector."""
        return int(np.sum(~np.any(self.rows, axis=1)))

    def nearness(self, text: str) -> Array | None:
        """The cosine with each text, -1 to 1; None when the embedder does not answer."""
        try:
            raw = self.embedder.embed([beginning(text)])
        except Unavailable:
            return None
        near: Array = self.rows @ self.space.project(raw)[0]
        return near


def path_of(folder: Path, embedder: Embedder) -> Path:
    """Where this installation keeps the vectors that do not ship."""
    return folder / f"answer-vectors-{embedder.name}.npz"


def read(texts: Sequence[str], folder: Path, embedder: Embedder | None) -> Meanings | None:
    """What is kept of these texts' vectors. None without an embedder, or before anything was trained with it."""
    library = _library(folder, embedder)
    if embedder is None or library is None:
        return None
    known = [text for text in texts if key(text) in library]
    rows = np.zeros((len(texts), library.space.directions.shape[0]), dtype=np.float32)
    if known:
        found = dict(zip(known, library.vectors(known, embedder), strict=True))
        for number, text in enumerate(texts):
            if text in found:
                rows[number] = found[text]
    return Meanings(embedder, library.space, rows)


def learn(
    texts: Sequence[str],
    folder: Path,
    embedder: Embedder | None,
    *,
    progress: Progress = lambda _done, _all: None,
) -> int:
    """Make and keep the vectors that are not there yet; says how many. Raises Unavailable.

    Needs the space of the examples: train the categories first. 0 where there is none, or no embedder.
    """
    library = _library(folder, embedder)
    if embedder is None or library is None:
        return 0
    new = {key(text) for text in texts if key(text) not in library}
    if new:
        library.vectors(texts, embedder, progress=progress)
        library.only(texts).save(path_of(folder, embedder))
    return len(new)


def ship(texts: Sequence[str], folder: Path, embedder: Embedder, *, progress: Progress, path: Path = SHIPPED) -> int:
    """Write the vectors of these texts for shipping with the content; says how many are new. Raises Unavailable.

    0 and no file where the space of the examples is not there.
    """
    library = _library(folder, embedder)
    if library is None:
        return 0
    new = {key(text) for text in texts if key(text) not in library}
    library.vectors(texts, embedder, progress=progress)
    library.only(texts).save(path)
    return len(new)


def _library(folder: Path, embedder: Embedder | None) -> Library | None:
    library = kept_library(folder, embedder)
    if embedder is None or library is None:
        return None
    for path in (SHIPPED, path_of(folder, embedder)):
        if path.exists():
            library = library.joined(Library.load(path))
    return library
