"""Short sentences that are meant for the queue: how long still, no person after all, a person, no call after all.

Only a whole message counts: "还要等多久" is one, "物业说还要等多久他也不知道" is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown
from kb.normalising import plain
from kb.text import folded

FILE = CONTENT / "handover.yml"
# A longer message is about something.
LONGEST = 20
_SIGNS = re.compile(r"[\W_]+")
_CLAUSES = re.compile(r"[，,。.；;!！]")


class Wish(StrEnum):
    """What is wanted of the queue; the values are the keys of the file."""

    HOW_LONG = "how_long"
    LEAVE = "leave"
    PERSON = "person"
    NO_CALL = "no_call"


Texts = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=LONGEST)], ...], Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    before: Texts
    after: Texts
    how_long: Texts
    leave: Texts
    person: Texts
    no_call: Texts


@dataclass(frozen=True)
class Wishes:
    """The sentences by what they wish, and what may stand around them."""

    sentences: dict[str, Wish]
    before: tuple[str, ...]
    after: tuple[str, ...]

    def read(self, text: str) -> Wish | None:
        """What the message wishes of the queue; None for everything else."""
        if len(text) > LONGEST:
            return None
        heard = folded(plain(text).text)
        if self._found(_SIGNS.sub("", _CLAUSES.split(heard)[0])) is Wish.NO_CALL:  # 不用打了，我自己弄好了
            return Wish.NO_CALL
        return self._found(_SIGNS.sub("", heard))

    def _found(self, said: str) -> Wish | None:
        """The sentence itself, or what is left without a polite word at either end."""
        if not said or said in self.sentences:
            return self.sentences.get(said)
        shorter = [said.removeprefix(word) for word in self.before if said.startswith(word)]
        shorter += [said.removesuffix(word) for word in self.after if said.endswith(word)]
        return next((found for one in shorter if (found := self._found(one))), None)


def load(path: Path = FILE) -> Wishes:
    """The sentences of the file. Raises ContentError with file and line."""
    raw = read_mapping(path)
    file = as_model(_File, raw, path)
    found: dict[str, Wish] = {}
    for wish in Wish:
        for sentence in getattr(file, wish):
            key = _SIGNS.sub("", folded(sentence))
            if key in found:
                raise ContentError(f"{shown(path)}:1: {wish}: {sentence!r} stands twice; leave one out")
            found[key] = wish
    return Wishes(found, file.before, file.after)


@cache
def shipped() -> Wishes:
    """The file that ships, read once. Raises ContentError."""
    return load()
