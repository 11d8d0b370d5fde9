"""Sentence vectors of reports, small enough to be kept with each incident: 128 halves of a float, 256 bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kb.vectors import DIMENSIONS, Array, Embedder, Space, Unavailable, beginning, embed_all


@dataclass(frozen=True)
class Meaning:
    """Gives packed vectors in the space of the categories' examples."""

    embedder: Embedder
    space: Space

    def of(self, texts: Sequence[str]) -> list[bytes | None]:
        """One for each text, all None where the embedder does not answer."""
        if not texts:
            return []
        try:
            raw = embed_all(self.embedder, [beginning(text) for text in texts], lambda _done, _all: None)
        except Unavailable:
            return [None] * len(texts)
        return [packed(row) for row in self.space.project(raw)]


def meaning(embedder: Embedder | None, space: Space | None) -> Meaning | None:
    """The maker of vectors, or None where the space was made by another embedder than is here."""
    if embedder is None or space is None or space.embedder != embedder.name:
        return None
    return Meaning(embedder, space)


def packed(row: Array) -> bytes:
    """A row of length 1 as it is kept."""
    return row.astype(np.float16).tobytes()


def unpacked(vector: bytes | None) -> Array | None:
    """The row again; None for what `packed` did not write."""
    if vector is None or len(vector) != 2 * DIMENSIONS:
        return None
    row = np.frombuffer(vector, dtype=np.float16).astype(np.float32)
    return row if np.isfinite(row).all() else None


def nearness(one: bytes | None, other: bytes | None) -> float | None:
    """Cosine from -1 to 1; None where one is missing or none."""
    mine, theirs = unpacked(one), unpacked(other)
    if mine is None or theirs is None:
        return None
    return float(np.clip(mine @ theirs, -1.0, 1.0))
