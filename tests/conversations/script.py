"""Conversations as data: `<folder>/<name>.yml`, one situation in each. This module reads and checks the files.

A file has `name` and `turns`, and may have:
  why         what the name does not say.
  most_turns  the first ticket is shown within so many turns of the citizen; a burst is one turn.
  no_repeat   false: the same question may come twice in a row in the same words (true unless it is said).
  knows       what the citizen answers where a question holds these words: `{多少度: 十五度}`. Other questions about
              details are answered with the button 不知道.
  before      turns of another citizen, who comes first.
  issue       a known issue as in `kb/content/known_issues`, without days: it is in force on the day of the test.

A turn does one thing:
  say           typed, `times` times over. `{ticket}` is the number of the ticket shown last, `{code}` the linking code.
  tap           presses the button, of the latest message that has one, whose title contains the words.
  burst         several messages, sent one after the other without waiting for an answer.
  pin           `{lat, lon, crs, label}`: a place on the map; `{lat, lon}` are WGS-84 degrees.
  photo         `{count, lat, lon}`: photos, with the place where they were taken; `text` is written beside them.
  voice         a recording of these words; "" is one in which nothing can be understood.
  department    a step of the department's clerk with the ticket shown last (`text` is what the clerk writes); then the
                citizen waits for the notice.
  clerk         take, say (`text`), give_back or end: a person at the desk with this conversation.
  pause_hours   so long nothing is said.
`device: other` does it from another session, which knows nothing of this one.

And is checked, each by one value or a list; all must hold:
  hears, never        words that stand, or do not stand, in what is answered, buttons and cards included.
  says, never_says    sentences of `kb/content/words` by their key, in any of their ways.
  asks, never_asks    which question: see `sentences.QUESTIONS`.
  card, no_card       kinds of cards.
  offers              a button's title.
  rows, not_rows      `{地点: 同安路}`: what the line of the latest card with that label contains.
  silent              the assistant says nothing.
  again               the same question may come in the same words this once.
Every answer is checked for more without being asked: see `dialog.verify`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from tests.conversations import sentences

FOLDER = Path(__file__).parent
CARDS = frozenset(
    {"confirm", "ticket", "progress", "incidents", "known_issue", "referral", "danger", "care", "handover", "staff"}
)
ACTS = ("say", "tap", "burst", "pin", "photo", "voice", "department", "clerk", "pause_hours")
# What a citizen does: it counts as a turn.
OF_THE_CITIZEN = ("say", "tap", "burst", "pin", "photo", "voice")
CHECKS = (
    *("hears", "never", "says", "never_says", "asks", "never_asks", "card", "no_card", "offers", "rows", "not_rows"),
    *("silent", "again"),
)


class ScriptError(Exception):
    """A file of conversations is wrong: names the file, the key and the value."""


def _listed(value: Any) -> Any:
    """One value or a list of them, as strings; a number is what its figures say."""
    values = value if isinstance(value, list) else [value]
    return tuple(str(one) if isinstance(one, int | float) and not isinstance(one, bool) else one for one in values)


Word = Annotated[str, Field(min_length=1)]
Listed = Annotated[tuple[Word, ...], BeforeValidator(_listed), Field(min_length=1)]
Rows = Annotated[dict[Word, Listed], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


class Pin(_Strict):
    """A place on the map, in degrees."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    crs: Literal["WGS-84", "GCJ-02", "BD-09"] = "WGS-84"
    label: str = ""


class Photo(_Strict):
    """So many photos; whole minutes of a degree, for that is how they are noted."""

    count: Annotated[int, Field(ge=1, le=9)] = 1
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None


class Turn(_Strict):
    """One turn: what is done, and what must hold of the answer."""

    say: Word | None = None
    times: Annotated[int, Field(ge=1)] = 1
    tap: Word | None = None
    burst: Annotated[tuple[Word, ...], Field(min_length=2)] | None = None
    pin: Pin | None = None
    photo: Photo | None = None
    voice: str | None = None
    department: Word | None = None
    clerk: Literal["take", "say", "give_back", "end"] | None = None
    pause_hours: Annotated[float, Field(gt=0)] | None = None
    text: str = ""
    device: Literal["own", "other"] = "own"
    hears: Listed = ()
    never: Listed = ()
    says: Listed = ()
    never_says: Listed = ()
    asks: Listed = ()
    never_asks: Listed = ()
    card: Listed = ()
    no_card: Listed = ()
    offers: Listed = ()
    rows: Rows = Field(default_factory=dict)
    not_rows: Rows = Field(default_factory=dict)
    silent: bool = False
    again: bool = False

    @field_validator("says", "never_says")
    @classmethod
    def _sentences(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        for key in keys:
            if not sentences.shipped().has(key):
                raise ValueError(f"no sentence {key!r} in kb/content/words")
        return keys

    @field_validator("asks", "never_asks")
    @classmethod
    def _questions(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        for kind in kinds:
            if kind not in sentences.QUESTIONS:
                raise ValueError(f"no question {kind!r}; one of {', '.join(sentences.QUESTIONS)}")
        return kinds

    @field_validator("card", "no_card")
    @classmethod
    def _cards(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        for kind in kinds:
            if kind not in CARDS:
                raise ValueError(f"no card {kind!r}; one of {', '.join(sorted(CARDS))}")
        return kinds

    @model_validator(mode="after")
    def _one_act(self) -> Turn:
        acts = [name for name in ACTS if getattr(self, name) is not None]
        if len(acts) != 1:
            raise ValueError(f"exactly one of {', '.join(ACTS)}; found {', '.join(acts) or 'none'}")
        if self.text and not (self.department or self.clerk == "say" or self.photo):
            raise ValueError("text: only beside a photo, of the department's clerk, or of a person at the desk")
        if self.clerk == "say" and not self.text:
            raise ValueError("clerk: say needs a text")
        if self.times > 1 and self.say is None:
            raise ValueError("times: only with say")
        checked = [name for name in CHECKS if name in self.model_fields_set]
        if self.pause_hours is not None and checked:
            raise ValueError(f"nothing is answered to a pause: {', '.join(checked)}")
        if self.silent and len(checked) > 1:
            raise ValueError("silent: there is nothing else to check")
        return self

    @cached_property
    def act(self) -> str:
        """Which thing is done, by its key."""
        return next(name for name in ACTS if getattr(self, name) is not None)

    @property
    def did(self) -> str:
        """What is done, in a few words, for messages about it."""
        value = str(getattr(self, self.act))
        return value if len(value) <= 40 else f"{value[:40]}…"


class Script(_Strict):
    """One file."""

    name: Word
    why: str = ""
    most_turns: Annotated[int, Field(ge=1)] | None = None
    no_repeat: bool = True
    knows: dict[Word, Word] = Field(default_factory=dict)
    turns: Annotated[tuple[Turn, ...], Field(min_length=1)]
    before: tuple[Turn, ...] = ()
    issue: dict[str, Any] | None = None


@dataclass(frozen=True)
class Conversation:
    """One file and where it stands."""

    path: Path
    script: Script

    @property
    def id(self) -> str:
        """Folder and name: happy/everything_in_one_message."""
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def files(self) -> bool:
        """Whether a ticket is to come of it."""
        return any("ticket" in turn.card for turn in self.script.turns)


class _Loader(yaml.SafeLoader):
    """A key that stands twice is a mistake, not a correction."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.YAMLError(f"line {node.start_mark.line + 1}: {key!r} stands twice")
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read(path: Path) -> Conversation:
    """One file. Raises ScriptError."""
    at = f"{path.parent.name}/{path.name}"
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
        return Conversation(path, Script.model_validate(raw))
    except yaml.YAMLError as wrong:
        raise ScriptError(f"{at}: {wrong}") from wrong
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
        raise ScriptError(f"{at}: {where}: {first['msg']}; found {first['input']!r}") from wrong


def conversations(folder: Path = FOLDER) -> list[Conversation]:
    """Every file of the folders, in order. Raises ScriptError."""
    return [read(path) for path in sorted(folder.glob("*/*.yml"))]
