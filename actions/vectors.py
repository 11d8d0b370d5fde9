"""Sentence vectors for Rasa: it hears in an environment of its own, and the embedder is here."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from integrations.bootstrap import Services
from kb.vectors import Unavailable, beginning


class NoVector(Exception):
    """There is no vector to be had: no embedder, or it does not answer."""


def vector(services: Services, asked: Any) -> dict[str, str]:
    """The vector of `asked["text"]` as little-endian float32 in Base64, and the embedder's name. Raises NoVector.

    Raises ValueError where nothing is asked. Takes some milliseconds of computing: run it in a thread.
    """
    text = asked.get("text") if isinstance(asked, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise ValueError("expected {'text': …}")
    if services.embedder is None:
        raise NoVector("no embedder")
    try:
        row = services.embedder.embed([beginning(text)])[0]
    except Unavailable as away:
        raise NoVector(str(away)) from away
    kept = np.ascontiguousarray(row, dtype="<f4").tobytes()
    return {"embedder": services.embedder.name, "vector": base64.b64encode(kept).decode()}
