"""One question as it stands in a file."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

# What is kept of a question that was asked and that the citizen cannot or will not answer.
UNKNOWN = ""
LONGEST_QUESTION, LONGEST_LABEL, LONGEST_BUTTON = 60, 8, 14

Pattern = Annotated[str, Field(min_length=1, max_length=400)]


class Kind(StrEnum):
    """How the words of an answer are read. SINCE and HOURS are times; what SINCE finds is the report's own."""

    NUMBER = "number"
    YES_NO = "yes_no"
    CHOICE = "choice"
    WORDS = "words"
    SINCE = "since"
    HOURS = "hours"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Strict):
    """One of several answers. `say` is its button and its value; with `leaf` the problem is one of that category."""

    say: Annotated[str, Field(min_length=1, max_length=LONGEST_BUTTON)]
    words: Pattern
    leaf: Annotated[str, Field(pattern=r"^\d{6}$")] | None = None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.words)


class Question(_Strict):
    """`of`: codes that the categories begin with, none for the whole industry; the longer, the nearer.

    `use` from 1 to 10 says what is asked first. `said`: the description has told it already, so it is not asked.
    `known_by`: a kind of the city's own layers that tells it. `tell`: a yes is added to the description in these
    words, so that a danger in it is heard.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$", max_length=24)]
    of: tuple[Annotated[str, Field(pattern=r"^(\d{2}|\d{4}|\d{6})$")], ...] = ()
    not_of: tuple[Annotated[str, Field(pattern=r"^(\d{2}|\d{4}|\d{6})$")], ...] = ()
    ask: Annotated[str, Field(min_length=4, max_length=LONGEST_QUESTION)]
    label: Annotated[str, Field(min_length=1, max_length=LONGEST_LABEL)]
    kind: Kind
    use: Annotated[int, Field(ge=1, le=10)]
    unit: Annotated[str, Field(min_length=1, max_length=6)] | None = None
    least: float | None = None
    most: float | None = None
    options: tuple[Choice, ...] = ()
    said: Pattern | None = None
    known_by: str | None = None
    tell: Annotated[str, Field(max_length=40)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Question:
        if (self.kind is Kind.CHOICE) != (len(self.options) >= 2):
            raise ValueError("a choice has options, at least two, and nothing else has any")
        if (self.kind is Kind.NUMBER) != (self.unit is not None):
            raise ValueError("a number has a unit, and nothing else has one")
        if self.tell and self.kind is not Kind.YES_NO:
            raise ValueError("tell goes with yes_no")
        if len({one.say for one in self.options}) != len(self.options):
            raise ValueError("two options say the same")
        return self

    @cached_property
    def said_already(self) -> re.Pattern[str] | None:
        """What shows that the description tells it."""
        return re.compile(self.said) if self.said else None

    def near(self, code: str) -> int:
        """How near it is to a leaf: digits of the code that it names, -1 where it is none of its questions."""
        if any(code.startswith(one) for one in self.not_of):
            return -1
        if not self.of:
            return 0
        return max((len(one) for one in self.of if code.startswith(one)), default=-1)
