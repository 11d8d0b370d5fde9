"""One thing that a citizen says, and what becomes of a report by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kb.places import Place
from kb.report import Draft


class Stance(StrEnum):
    """What a short answer amounts to, whatever its words were."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words, a tapped option ('category:110101'), a pin or pictures, and what a short answer amounts to.

    `text` is what is heard, in plain spelling; `said` are the citizen's own words where they differ. `photos`: ids of
    stored pictures, `photo_pin` and `taken_at` what their camera had noted.
    """

    text: str = field(default="", repr=False)
    option: str | None = None
    pin: Place | None = None
    stance: Stance = Stance.OTHER
    said: str = field(default="", repr=False)
    photos: tuple[str, ...] = ()
    photo_pin: Place | None = None
    taken_at: datetime | None = None

    @property
    def words(self) -> str:
        """The citizen's own words, for the record."""
        return self.said or self.text

    @property
    def yes(self) -> bool | None:
        """True and False for a plain yes and no."""
        return {Stance.YES: True, Stance.NO: False}.get(self.stance)


class Outcome(StrEnum):
    """What follows from an utterance."""

    ASK = "ask"
    FILE = "file"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Heard:
    """The draft afterwards, what follows, and remarks to make before the next question (keys of the words).

    `gaps` fills the gaps of the remarks beside those that the draft fills.
    """

    draft: Draft
    outcome: Outcome = Outcome.ASK
    remarks: tuple[str, ...] = ()
    gaps: Mapping[str, object] = field(default_factory=dict)
