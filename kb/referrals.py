"""Duties of other authorities: what they cover, their number and hours, and what to tell the citizen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_yaml, shown

FOLDER = CONTENT / "referrals"
Text = Annotated[str, Field(min_length=1)]
# How a duty is named among the classes of the classifier.
PREFIX = "duty:"


class Duty(BaseModel):
    """One authority's duty, with examples of what citizens say about it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Text
    covers: Annotated[tuple[Text, ...], Field(min_length=1)]
    not_covers: tuple[Text, ...] = ()
    phone: Text
    hours: Text
    say: Annotated[str, Field(min_length=6, max_length=100)]
    examples: Annotated[tuple[Text, ...], Field(min_length=25)]


def load(folder: Path = FOLDER) -> dict[str, Duty]:
    """Every duty by key. Raises ContentError naming file, line, key and value."""
    found: dict[str, Duty] = {}
    for path in sorted(folder.glob("*.yml")):
        raw = read_yaml(path)
        if not isinstance(raw, list):
            raise ContentError(f"{shown(path)}:1: expected a list of duties")
        for entry in raw:
            duty = as_model(Duty, entry, path)
            if duty.key in found:
                raise ContentError(f"{shown(path)}:{entry.line}: key: {duty.key} is given twice")
            found[duty.key] = duty
    return found
