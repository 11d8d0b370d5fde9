"""Which of many incidents are worth weighing, by what is known of them before their words are read.

To weigh one takes a fifth of a millisecond, and in one large compound hundreds may be open.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from kb.matching.meaning import unpacked
from kb.matching.policy import Policy, shipped
from kb.matching.weighing import OVER, lateness
from kb.vectors import DIMENSIONS, Array

MOST = 30
"""So many incidents are weighed for one report."""
_ROW_BYTES = 2 * DIMENSIONS
_ROADS = ("路", "街", "大道", "巷")
_LEVELS = ((2, "level1"), (4, "level2"), (6, "leaf"))


class Glimpse(NamedTuple):
    """An incident as it is found. `place` are the log-odds of the keys and cells under which it was found."""

    id: str
    category: str
    last_report_at: datetime
    closed_at: datetime | None
    vector: bytes | None
    place: float


def worth_of_key(key: str | None, policy: Policy | None = None) -> float:
    """The log-odds of what is found under a key of `asked_keys`, or (None) in a cell nearby."""
    weights = (policy or shipped()).weights
    if key is None:
        return weights.get("pin", 0.0)
    return weights.get("road" if key.endswith(_ROADS) else "spot", 0.0)


def promising(
    found: Sequence[Glimpse],
    *,
    category: str,
    vector: bytes | None,
    now: datetime,
    most: int = MOST,
    policy: Policy | None = None,
) -> list[str]:
    """At most so many ids, each once, the most promising first; of equals those that were found first.

    Left out is what is so old that `weigh` gives it no chance.
    """
    policy = policy or shipped()
    still = [one for one in found if lateness(one.last_report_at, one.closed_at, now, policy.of(one.category)) <= OVER]
    order = np.argsort(-_alike(still, category, vector, policy), kind="stable")
    return list(dict.fromkeys(still[nth].id for nth in order))[:most]


def _alike(found: Sequence[Glimpse], category: str, vector: bytes | None, policy: Policy) -> Array:
    """Log-odds of each for being the same problem, as far as place, category and meaning tell."""
    weights = policy.weights
    of_category = {
        code: sum(weights.get(name, 0.0) for digits, name in _LEVELS if code[:digits] == category[:digits])
        for code in {one.category for one in found}
    }
    alike = np.array([one.place + of_category[one.category] for one in found], dtype=np.float32)
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
