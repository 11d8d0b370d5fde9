"""The embedder that has the latest sentences at hand, and the packaged one on a busy machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from integrations.clients.embedder import Remembering, packaged
from kb.vectors import Array, Unavailable


class Counting:
    """Counts what it is asked for; away as long as it is told to be."""

    name = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False

    def embed(self, texts: Sequence[str]) -> Array:
        if self.away:
            raise Unavailable("away")
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def test_a_sentence_is_embedded_once() -> None:
    inner = Counting()
    embedder = Remembering(inner)

    first, again = embedder.embed(["路灯坏了"]), embedder.embed(["路灯坏了"])

    assert first.tolist() == again.tolist() == [[4.0, 1.0]]
    assert inner.asked == ["路灯坏了"]
    assert embedder.name == "counting"


def test_only_the_latest_are_remembered() -> None:
    inner = Counting()
    embedder = Remembering(inner, size=2)
    for text in ("一", "二二", "三三三", "一"):
        embedder.embed([text])

    assert inner.asked == ["一", "二二", "三三三", "一"]


def test_many_at_once_go_past_the_memory() -> None:
    inner = Counting()
    embedder = Remembering(inner)

    assert embedder.embed(["一", "二二"]).shape == (2, 2)
    embedder.embed(["一"])
    assert inner.asked == ["一", "二二", "一"]


def test_a_failure_is_not_remembered() -> None:
    inner = Counting()
    embedder = Remembering(inner)
    inner.away = True
    with pytest.raises(Unavailable):
        embedder.embed(["路灯坏了"])
    inner.away = False

    assert embedder.embed(["路灯坏了"]).tolist() == [[4.0, 1.0]]


def test_what_is_remembered_cannot_be_changed() -> None:
    row = Remembering(Counting()).embed(["路灯坏了"])
    with pytest.raises(ValueError, match="read-only"):
        row[0, 0] = 9


def test_one_text_and_many_give_the_same_vectors() -> None:
    embedder = packaged()
    if embedder is None:
        pytest.skip("no packaged model for this machine")
    texts = ["路灯坏了三天", "楼下烧烤冒烟", ""]

    together = embedder.embed(texts)
    alone = np.vstack([embedder.embed([text]) for text in texts])

    assert together.shape == (3, 384)
    assert np.allclose(together, alone, atol=1e-5)
