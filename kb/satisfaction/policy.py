"""What the city has set for re-checks and the ledger, read from `content/satisfaction/ledger.yml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, as_model, read_mapping
from kb.deadlines import Deadline, Unit

FILE = CONTENT / "satisfaction/ledger.yml"
Text = Annotated[str, Field(min_length=4, max_length=200)]


class Span(BaseModel):
    """`{amount: 3, unit: working_days}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: Annotated[int, Field(ge=1, le=60)]
    unit: Unit

    @property
    def deadline(self) -> Deadline:
        return Deadline(self.amount, self.unit)


class Conditions(BaseModel):
    """What closes an entry, by why it was opened."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repeated: Text
    dissatisfied: Text


class Policy(BaseModel):
    """`reports`: which report of one incident puts it on the ledger. `next`: how long until the first next step.
    `recheck`: how long a re-check may take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reports: Annotated[int, Field(ge=2, le=100)]
    next: Span
    recheck: Span
    condition: Conditions


def load(path: Path = FILE) -> Policy:
    """The policy. Raises ContentError naming file, line, key and value."""
    return as_model(Policy, read_mapping(path), path)
