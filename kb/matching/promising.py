"""Which of many incidents are worth weighing: those found first, and those most alike by meaning and category.

To weigh one takes a fifth of a millisecond, and in one large compound hundreds may be open. What is known of them
without their words is enough to leave most of them alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kb.matching.meaning import unpacked
from kb.matching.policy import Policy, shipped
from kb.vectors import DIMENSIONS, Array

MOST = 30
"""So many incidents are weighed for one report."""
_ROW_BYTES = 2 * DIMENSIONS


class Glimpse(NamedTuple):
    """An incident as it is found, before its words are read."""

    id: str
    category: str
    vector: bytes | None


def promising(
    found: Sequence[Glimpse],
    *,
    category: str,
    vector: bytes | None,
    most: int = MOST,
    policy: Policy | None = None,
) -> list[str]:
    """At most so many ids, each once: half of them the first ones as they were found, the others the most alike."""
    ids = list(dict.fromkeys(one.id for one in found))
    if len(ids) <= most:
        return ids
    alike = _alike(found, category, vector, policy or shipped())
    best = (found[nth].id for nth in np.argsort(-alike, kind="stable"))
    return list(dict.fromkeys((*ids[: (most + 1) // 2], *best)))[:most]


def _alike(found: Sequence[Glimpse], category: str, vector: bytes | None, policy: Policy) -> Array:
    """Log-odds of each for being the same problem, as far as meaning and category tell."""
    weights = policy.weights
    by_level = [weights.get(name, 0.0) for name in ("level1", "level2", "leaf")]
    worth = {
        code: sum(
            weight for digits, weight in zip((2, 4, 6), by_level, strict=True) if code[:digits] == category[:digits]
        )
        for code in {one.category for one in found}
    }
    alike = np.fromiter((worth[one.category] for one in found), np.float32, len(found))
    mine = unpacked(vector)
    if mine is None:
        return alike
    known = [nth for nth, one in enumerate(found) if one.vector is not None and len(one.vector) == _ROW_BYTES]
    alike += np.float32(weights.get("no_vector", 0.0))
    if known:
        rows = np.frombuffer(b"".join(found[nth].vector or b"" for nth in known), np.float16)
        near = np.nan_to_num(rows.reshape(-1, DIMENSIONS).astype(np.float32) @ mine, posinf=0.0, neginf=0.0)
        alike[known] += weights.get("near", 0.0) * np.clip(near, 0.0, 1.0) - weights.get("no_vector", 0.0)
    return alike
