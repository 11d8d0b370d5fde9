"""Sentence vectors: what a text means, as 128 numbers, whoever computes them.

An `Embedder` gives raw vectors; a `Space` centres them on the city's own sentences and keeps the directions in which
those differ. Raw vectors of the examples are slow to make, so the projected ones are kept beside the examples in
`vectors.npz`, by a fingerprint of each sentence; only new sentences are embedded again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kb.content_files import CONTENT

SHIPPED = CONTENT / "examples" / "vectors.npz"
DIMENSIONS = 128
# A sentence's meaning shows in its first part; the time to embed it grows with its length.
MOST_CHARACTERS = 128

Array = np.ndarray[Any, np.dtype[np.float32]]


class Unavailable(Exception):
    """The embedder does not answer now; whoever asks does without."""


class Embedder(Protocol):
    """Turns texts into raw vectors, one row each. `name` changes when the vectors would."""

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> Array:
        """Rows of equal length, float32. Raises Unavailable."""


@dataclass(frozen=True)
class Space:
    """Where raw vectors are projected: the mean and the main directions of the sentences it was made from."""

    embedder: str
    mean: Array
    directions: Array

    @classmethod
    def of(cls, embedder: str, raw: Array, *, dimensions: int = DIMENSIONS) -> Space:
        """The space of these raw vectors: so many directions at most, the ones that vary most."""
        mean = raw.mean(axis=0)
        _, _, directions = np.linalg.svd(unit(raw - mean), full_matrices=False)
        return cls(embedder, mean.astype(np.float32), directions[:dimensions].astype(np.float32))

    def project(self, raw: Array) -> Array:
        """Raw rows as rows of length 1 in this space."""
        return unit(unit(raw - self.mean) @ self.directions.T)


def unit(rows: Array) -> Array:
    """Every row at length 1; a row of zeros stays one."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length == 0, 1, length)).astype(np.float32)


def beginning(text: str) -> str:
    """The part of a text that is embedded."""
    return " ".join(text.split())[:MOST_CHARACTERS]


def key(text: str) -> str:
    """A fingerprint of the embedded part."""
    return hashlib.sha256(beginning(text).encode()).hexdigest()[:16]


class Library:
    """Projected vectors of known sentences, with the space they live in."""

    def __init__(self, space: Space, known: dict[str, Array]) -> None:
        self.space = space
        self._known = known

    def __contains__(self, name: str) -> bool:
        """Whether the sentence with this fingerprint is known."""
        return name in self._known

    @classmethod
    def make(
        cls,
        embedder: Embedder,
        texts: Iterable[str],
        *,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> Library:
        """Embed every text; `progress` gets how many are done and how many there are."""
        wanted = list({key(text): beginning(text) for text in texts}.items())
        raw = embed_all(embedder, [text for _, text in wanted], progress)
        space = Space.of(embedder.name, raw)
        return cls(space, {name: row for (name, _), row in zip(wanted, space.project(raw), strict=True)})

    def vectors(
        self,
        texts: Sequence[str],
        embedder: Embedder,
        *,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> Array:
        """The vectors of these texts, the unknown ones embedded now and remembered."""
        new = {key(text): beginning(text) for text in texts if key(text) not in self._known}
        if new:
            raw = embed_all(embedder, list(new.values()), progress)
            self._known.update(zip(new, self.space.project(raw), strict=True))
        return np.stack([self._known[key(text)] for text in texts])

    def joined(self, other: Library) -> Library:
        """This library with what only the other knows, if both live in the same space; else this one."""
        here, there = self.space, other.space
        same = np.array_equal(here.mean, there.mean) and np.array_equal(here.directions, there.directions)
        return Library(here, {**other._known, **self._known}) if same else self

    def only(self, texts: Iterable[str]) -> Library:
        """The library without what these texts do not need."""
        wanted = {key(text) for text in texts}
        return Library(self.space, {name: row for name, row in self._known.items() if name in wanted})

    def save(self, path: Path) -> None:
        """Write the file whole or not at all: vectors in eight bits, which changes no decision measurably."""
        names = sorted(self._known)
        rows = np.stack([self._known[name] for name in names])
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(
            part,
            embedder=np.array(self.space.embedder),
            mean=self.space.mean.astype(np.float16),
            directions=self.space.directions.astype(np.float16),
            keys=np.array([bytes.fromhex(name) for name in names], dtype="S8").view(np.uint8).reshape(-1, 8),
            rows=np.clip(np.round(rows * 127), -127, 127).astype(np.int8),
        )
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Library:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as kept:
            space = Space(str(kept["embedder"]), kept["mean"].astype(np.float32), kept["directions"].astype(np.float32))
            rows = unit(kept["rows"].astype(np.float32))
            names = [bytes(row).hex() for row in kept["keys"]]
        return cls(space, dict(zip(names, rows, strict=True)))


_BATCH = 64


def embed_all(embedder: Embedder, texts: Sequence[str], progress: Callable[[int, int], None]) -> Array:
    """Raw rows of these texts, in batches. `progress` gets how many are done and how many there are."""
    made = []
    for start in range(0, len(texts), _BATCH):
        made.append(embedder.embed(texts[start : start + _BATCH]))
        progress(min(start + _BATCH, len(texts)), len(texts))
    return np.vstack(made)
