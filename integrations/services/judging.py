"""What is kept of a text so that others can be compared with it: its meaning, and the categories it may be about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kb.matching import Likely, likely_categories
from kb.understanding import Understanding

if TYPE_CHECKING:
    from kb.matching.meaning import Meaning


@dataclass(frozen=True, slots=True)
class Judged:
    """`vector` as `kb.matching.meaning.packed` writes it, None without an embedder; `likely` as in an incident."""

    vector: bytes | None = None
    likely: Likely = ()


@dataclass(frozen=True, kw_only=True)
class Judging:
    """The use case. `meaning` gives the maker of vectors, or None; it is asked for when the first text comes."""

    understanding: Understanding
    meaning: Callable[[], Meaning | None] = lambda: None

    def judge(self, text: str) -> Judged:
        """A text of any length; its beginning counts."""
        maker = self.meaning()
        vector = maker.of([text])[0] if maker else None
        return Judged(vector, likely_categories(self.understanding.classify(text))[1])
