"""The few numbers that say which entry is the best, and how surely it answers: `content/answers/weights.yml`.

docs/tools/fit_answers.py makes them; its head and the file's say how.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kb.answers.entries import FOLDER, WEIGHTS
from kb.content_files import as_model, read_mapping

PATH = FOLDER / WEIGHTS
# What an entry is ranked by, and what the best one's chance is told by; those of MEANING need sentence vectors.
RANKED_BY = ("words_best", "words_mean", "said", "meaning_best", "meaning_mean", "category")
TOLD_BY = ("constant", "share", "score", "asks", "asked", "length", "words_best", "meaning_best", "category", "outside")
MEANING = frozenset({"meaning_best", "meaning_mean"})


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("a number is expected")
    return value


Number = Annotated[float, AfterValidator(_finite)]


class Ranking(BaseModel):
    """What each nearness of an entry counts; none speaks against it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words_best: Annotated[Number, Field(ge=0)]
    words_mean: Annotated[Number, Field(ge=0)]
    said: Annotated[Number, Field(ge=0)]
    meaning_best: Annotated[Number, Field(ge=0)] = 0.0
    meaning_mean: Annotated[Number, Field(ge=0)] = 0.0
    category: Annotated[Number, Field(ge=0)]


class Chance(BaseModel):
    """A logistic regression: the chance that the best entry answers the question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    constant: Number
    share: Number
    score: Number
    asks: Number
    asked: Number
    length: Number
    words_best: Number
    meaning_best: Number = 0.0
    category: Number
    outside: Number

    def of(self, features: Mapping[str, float]) -> float:
        """The probability, 0 to 1, of these features by name (`TOLD_BY`)."""
        total = sum(getattr(self, name) * features[name] for name in TOLD_BY)
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


class Judging(BaseModel):
    """Ranking and chance that were fitted together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ranking: Ranking
    chance: Chance


class Weights(BaseModel):
    """`answer_from`: so probable an answer must be to be given. `words_alone` is for when no embedder answers.

    `asking` are words of a question; they count in a message's last clause.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    asking: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    answer_from: Annotated[float, Field(gt=0, lt=1)]
    together: Judging
    words_alone: Judging


def load(path: Path = PATH) -> Weights:
    """The numbers. Raises ContentError naming file, line, key and value."""
    return as_model(Weights, read_mapping(path), path)
