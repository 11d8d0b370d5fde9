"""What a classifier says of a text, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

# Set from the curve of coverage against accuracy on the blind sets, see docs/decisions/0006-classifier.md.
# The responsible unit this sure: file. Two candidates together this sure: let the citizen choose.
FILE, CHOOSE = 0.5, 0.55
# No unit even this sure: nothing fits, a person decides.
FITS = 0.15
# Another authority's duty this sure: tell the citizen where to go.
REFER = 0.5


class Decision(StrEnum):
    """What to do with a ranking."""

    FILE = "file"
    CHOOSE = "choose"
    ASK = "ask"
    REFER = "refer"
    HANDOVER = "handover"


@dataclass(frozen=True, slots=True)
class Ranked:
    """One candidate; probabilities of a ranking sum to at most 1."""

    code: str
    probability: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The best categories, best first, and what to do with them.

    `refer_to` is the duty of another authority that the text is most likely about, `out_of_scope` how likely it is
    about any of those; `reasons` are the words of the text that spoke for the best category.
    """

    ranking: tuple[Ranked, ...]
    decision: Decision
    refer_to: str | None = None
    out_of_scope: float = 0.0
    reasons: tuple[str, ...] = ()

    @property
    def best(self) -> Ranked:
        return self.ranking[0]


def decide(ranking: tuple[Ranked, ...], units: Mapping[str, str] | None = None) -> Verdict:
    """The verdict for a ranking, by the bars.

    Categories of one responsible unit count together where `units` says which is whose: sent to the right unit, a
    complaint is in the right hands.
    """
    best = ranking[0]
    unit = (units or {}).get(best.code)
    sure = sum(one.probability for one in ranking if one is best or (unit and (units or {}).get(one.code) == unit))
    if sure >= FILE:
        return Verdict(ranking, Decision.FILE)
    if sum(one.probability for one in ranking[:2]) >= CHOOSE:
        return Verdict(ranking, Decision.CHOOSE)
    return Verdict(ranking, Decision.ASK if sure >= FITS else Decision.HANDOVER)
