"""What a classifier says of a text, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# Above FILE one category is taken; two that together reach CHOOSE are offered; else the best guess goes on the
# card, where the citizen can change it. Set on held-out folds, see docs/decisions/0006-first-classifier.md.
FILE, CHOOSE = 0.5, 0.55


class Decision(StrEnum):
    """What to do with a ranking."""

    FILE = "file"
    CHOOSE = "choose"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Ranked:
    """One candidate; probabilities of a ranking sum to at most 1."""

    code: str
    probability: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The best candidates, best first, and what to do with them."""

    ranking: tuple[Ranked, ...]
    decision: Decision

    @property
    def best(self) -> Ranked:
        return self.ranking[0]


def decide(ranking: tuple[Ranked, ...]) -> Verdict:
    """The verdict for a ranking, by the two bars."""
    if ranking[0].probability >= FILE:
        return Verdict(ranking, Decision.FILE)
    if sum(one.probability for one in ranking[:2]) >= CHOOSE:
        return Verdict(ranking, Decision.CHOOSE)
    return Verdict(ranking, Decision.ASK)
