"""Subscription notices: which of our news goes into which template of the account, and what a field may hold.

A city chooses templates from WeChat's library; the name of each field says by its beginning what it may hold (thing1,
time3). That a field holds at most 20 characters without a line end is WeChat's announcement of May 2023; the other
limits are from memory of its pages on subscription messages and were not checked against the live service.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, Mapped, as_model, read_mapping, shown
from kb.lifecycle import Move
from kb.working_time import CITY_TIME

FILE = CONTENT / "wechat" / "notices.yml"
DOTS = "…"


class News(StrEnum):
    """What a notice tells."""

    # A unit has taken it on.
    ACCEPTED = "accepted"
    # It went to somebody, or to somebody else.
    PASSED_ON = "passed_on"
    # It was answered, or is over.
    CLOSED = "closed"
    # Something is asked of the citizen.
    MORE_NEEDED = "more_needed"


class What(StrEnum):
    """What of a complaint may stand in a field. A citizen's words, phone and flat are not among it on purpose."""

    NUMBER = "number"
    CATEGORY = "category"
    # District and street.
    PLACE = "place"
    STATUS = "status"
    UNIT = "unit"
    # When it happened, and when an answer is due at the latest.
    DATE = "date"
    DUE = "due"
    # A sentence of ours that says where to read on.
    NOTE = "note"


NEWS_OF: Mapping[Move, News] = {
    Move.ACCEPTED: News.ACCEPTED,
    Move.NEEDS_PERSON: News.PASSED_ON,
    Move.ASSIGNED: News.PASSED_ON,
    Move.CO_ASSIGNED: News.PASSED_ON,
    Move.EXTENDED: News.PASSED_ON,
    Move.RETURNED: News.PASSED_ON,
    Move.RECHECKING: News.PASSED_ON,
    Move.REWORK: News.PASSED_ON,
    Move.ANSWERED: News.CLOSED,
    Move.CLOSED: News.CLOSED,
    Move.RECHECKED: News.CLOSED,
    Move.ENDED: News.CLOSED,
    Move.WITHDRAWN: News.CLOSED,
}
_TIMES, _TEXTS = frozenset({What.DATE, What.DUE}), frozenset(What)
# By kind of field: what may be put into it.
FIELDS: Mapping[str, frozenset[What]] = {
    "thing": _TEXTS,
    "character_string": frozenset({What.NUMBER}),
    "number": frozenset({What.NUMBER}),
    "time": _TIMES,
    "date": _TIMES,
    "phrase": frozenset({What.STATUS}),
    "const": frozenset({What.STATUS}),
    "name": frozenset({What.UNIT}),
}
# Most characters of each kind: 20 for a thing is announced, the others are from memory.
LONGEST = {"thing": 20, "character_string": 32, "number": 32, "phrase": 5, "const": 20, "name": 10}
_FIELD = re.compile(r"^([a-z_]+?)\d{0,3}$")
_HANZI = re.compile(r"[^\u4e00-\u9fff]")
Value = str | datetime


class _Notice(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    template: Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{10,64}$")]
    lasts: Literal["once", "long"]
    fields: Annotated[dict[str, What], Field(min_length=1, max_length=10)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    notices: dict[News, _Notice]


@dataclass(frozen=True, slots=True)
class Template:
    """A template of the account. `long`: one consent is good for many; `fields`: what goes where."""

    id: str
    long: bool
    fields: Mapping[str, What]

    def filled(self, values: Mapping[What, Value]) -> dict[str, str] | None:
        """The fields with their values, cut to what each holds; None when one would be empty: WeChat refuses that."""
        data = {name: fitted(name, values.get(what, "")) for name, what in self.fields.items()}
        return data if all(data.values()) else None


@dataclass(frozen=True)
class Notices:
    """The templates of a city by what they tell; none where it sends no notices."""

    by_news: Mapping[News, Template] = field(default_factory=dict)

    @property
    def ids(self) -> tuple[str, ...]:
        """Their ids, each once, in the order of the file."""
        return tuple(dict.fromkeys(one.id for one in self.by_news.values()))

    def template(self, template_id: str) -> Template | None:
        """The template of that id; None where it is not one of ours."""
        return next((one for one in self.by_news.values() if one.id == template_id), None)


def kind_of(name: str) -> str | None:
    """The kind of a field by its name: 'thing' of 'thing12'; None for a kind that we do not know."""
    found = _FIELD.match(name)
    return found[1] if found and found[1] in FIELDS else None


def fitted(name: str, value: Value) -> str:
    """`value` as the field of that name may hold it, cut where it is too long; empty where nothing of it fits."""
    kind = kind_of(name) or "thing"
    if isinstance(value, datetime):
        return _written(kind, value.astimezone(CITY_TIME))
    plain = " ".join("".join(one for one in value if one == "\n" or _fits(one)).split())
    most = LONGEST.get(kind, 20)
    match kind:
        case "character_string":
            return "".join(one for one in plain if "!" <= one <= "~")[:most]
        case "number":
            return re.sub(r"[^0-9]", "", plain)[:most]
        case "phrase" | "name":
            return _HANZI.sub("", plain)[:most]
        case "time" | "date":
            return ""
    return plain if len(plain) <= most else plain[: most - len(DOTS)].rstrip() + DOTS


def load(path: Path = FILE) -> Notices:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    file = as_model(_File, raw, path)
    lasting: dict[str, bool] = {}
    for news, one in file.notices.items():
        entry = raw["notices"][news.value]
        line = entry.line if isinstance(entry, Mapped) else raw.line
        at = f"{shown(path)}:{line}: notices.{news}"
        for name, what in one.fields.items():
            if (kind := kind_of(name)) is None:
                raise ContentError(f"{at}.fields.{name}: expected a name that begins with one of {', '.join(FIELDS)}")
            if what not in FIELDS[kind]:
                allowed = ", ".join(sorted(FIELDS[kind]))
                raise ContentError(f"{at}.fields.{name}: a field of kind {kind} takes {allowed}, not {what.value!r}")
        if lasting.setdefault(one.template, one.lasts == "long") is not (one.lasts == "long"):
            raise ContentError(f"{at}.lasts: another notice says otherwise of this template ({one.lasts!r})")
    made = {news: Template(one.template, one.lasts == "long", one.fields) for news, one in file.notices.items()}
    return Notices(made)


def _written(kind: str, here: datetime) -> str:
    """A time as the field wants it; a plain one has less room."""
    day = f"{here.month}月{here.day}日"
    if kind == "thing":
        return f"{day} {here:%H:%M}"
    return f"{here.year}年{day} {here:%H:%M}" if kind in ("time", "date") else ""


def _fits(one: str) -> bool:
    """No control signs, pictures, private or unassigned characters; blanks of all kinds become plain ones later."""
    return unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Co", "Cn", "So"} or one.isspace()
