"""Sentence vectors that were made before: of the training sentences, in the file that ships with them.

The file is written by `jiesu nlu vectors`, or by `jiesu train` where the installation has another embedder or sentences
of its own (then JIESU_NLU_VECTORS names it). It also says in which space the vectors live: the mean of the sentences
and the directions in which they differ.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional, Text

import numpy as np

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "nlu" / "vectors.npz"
# As in kb/vectors.py: so much of a text is embedded, and so it is named.
MOST_CHARACTERS = 128


def beginning(text: Text) -> Text:
    """The part of a text that is embedded."""
    return " ".join(text.split())[:MOST_CHARACTERS]


def key(text: Text) -> Text:
    """A fingerprint of the embedded part."""
    return hashlib.sha256(beginning(text).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Space:
    """Where raw vectors of one embedder are projected; rows come out at length 1."""

    embedder: Text
    mean: np.ndarray
    directions: np.ndarray

    def project(self, raw: np.ndarray) -> np.ndarray:
        """A raw vector, as the embedder gives it, in this space. Raises ValueError for another length."""
        if raw.shape != self.mean.shape:
            raise ValueError(f"a vector of {raw.shape}, expected {self.mean.shape}")
        return _unit(_unit(raw - self.mean) @ self.directions.T)


@dataclass(frozen=True)
class KeptVectors:
    """Projected vectors by the fingerprint of their text."""

    space: Space
    rows: Dict[Text, np.ndarray]

    def of(self, text: Text) -> Optional[np.ndarray]:
        """The vector of this text, None where it was never made."""
        return self.rows.get(key(text))


def load(path: Optional[Path] = None) -> Optional[KeptVectors]:
    """What is kept; None where there is no file. Raises ValueError, KeyError or OSError for a damaged one."""
    path = path or Path(os.environ.get("JIESU_NLU_VECTORS") or SHIPPED)
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as kept:
        space = Space(str(kept["embedder"]), kept["mean"].astype(np.float32), kept["directions"].astype(np.float32))
        names = [bytes(row).hex() for row in kept["keys"]]
        rows = [_unit(row) for row in kept["rows"].astype(np.float32)]
    return KeptVectors(space, dict(zip(names, rows, strict=True)))


def _unit(row: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(row))
    return (row / length if length else row).astype(np.float32)
