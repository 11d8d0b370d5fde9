"""The menu under the conversation on WeChat: a city's file, WeChat's limits, and what a tap means.

The key of a button says what it means by itself, so that a tap on a menu that a phone still shows after it was changed
is understood. Limits are from WeChat's page on creating menus; how many hanzi a phone shows is from memory.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kb.content_files import CONTENT, ContentError, line_of, read_mapping, shown
from kb.text import clean

FILE = CONTENT / "wechat" / "menu.yml"
MOST_BUTTONS, MOST_BELOW = 3, 5
# Bytes in UTF-8 that WeChat takes, and hanzi that a phone shows before it writes dots instead.
NAME_BYTES, NAME_BELOW_BYTES = 16, 40
NAME_HANZI, NAME_BELOW_HANZI = 4, 7
KEY_BYTES, URL_BYTES = 128, 1024
GAP = "{public_url}"
# What a button may say without words, and the words that stand as its title in the conversation.
INTENTS = {
    "start_report": "chat.menu_report",
    "check_progress": "chat.menu_progress",
    "urge": "followup.do_urge",
    "supplement": "followup.do_supplement",
    "withdraw": "followup.do_withdraw",
    "ask_person": "chat.menu_person",
}
SAY, WORDS = "say:", "words:"
_KINDS = ("say", "words", "page", "place", "photo")
Text = Annotated[str, Field(min_length=1)]


class NoAddress(ValueError):
    """A button opens a page, and the address of our pages is not known."""


class Button(BaseModel):
    """A button that does one thing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    say: Literal["start_report", "check_progress", "urge", "supplement", "withdraw", "ask_person"] | None = None
    words: Text | None = None
    page: Annotated[str, Field(pattern=r"^(https?://|\{public_url\})\S*$")] | None = None
    place: Literal[True] | None = None
    photo: Literal[True] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Button:
        self.check()
        return self

    def check(self) -> None:
        """Raises ValueError when it does not do exactly one thing that fits, or its name is too long."""
        _check_name(self.name, NAME_BELOW_BYTES, NAME_BELOW_HANZI)
        done = self._done()
        if len(done) != 1:
            raise ValueError(f"a button does one thing of {', '.join(_KINDS)}, this one {' and '.join(done) or 'none'}")
        if len(self.key.encode()) > KEY_BYTES:
            raise ValueError(f"its words are longer than WeChat keeps ({KEY_BYTES} bytes)")
        if self.page and "{" in self.page.replace(GAP, ""):
            raise ValueError(f"an address has no gap but {GAP}")

    def _done(self) -> list[str]:
        return [name for name in _KINDS if getattr(self, name) is not None]

    @property
    def key(self) -> str:
        """What WeChat sends back after a tap, and what it means."""
        if self.words:
            return WORDS + self.words
        return SAY + self.say if self.say else next(iter(self._done()), "")

    def as_json(self, public_url: str) -> dict[str, Any]:
        """As WeChat wants it. Raises NoAddress."""
        if self.page is not None:
            if GAP in self.page and not public_url:
                raise NoAddress(f"the menu's button {self.name!r} opens a page, and JIESU_PUBLIC_URL is not set")
            return {"type": "view", "name": self.name, "url": self.page.replace(GAP, public_url.rstrip("/"))}
        kind = "location_select" if self.place else "pic_photo_or_album" if self.photo else "click"
        return {"type": kind, "name": self.name, "key": self.key}


class TopButton(Button):
    """A button of the first row: it does one thing, or has others below."""

    below: Annotated[tuple[Button, ...], Field(min_length=1, max_length=MOST_BELOW)] | None = None

    def check(self) -> None:
        """Raises ValueError when it does something and has others below, or neither, or its name is too long."""
        _check_name(self.name, NAME_BYTES, NAME_HANZI)
        if self.below is None:
            super().check()
        elif done := self._done():
            raise ValueError(f"a button with others below does nothing by itself, this one {' and '.join(done)}")

    def as_json(self, public_url: str) -> dict[str, Any]:
        """As WeChat wants it. Raises NoAddress."""
        if self.below is None:
            return super().as_json(public_url)
        return {"name": self.name, "sub_button": [one.as_json(public_url) for one in self.below]}


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    buttons: Annotated[tuple[TopButton, ...], Field(min_length=1, max_length=MOST_BUTTONS)]


@dataclass(frozen=True)
class Menu:
    """A city's menu, checked. `path` is what problems call it."""

    buttons: tuple[TopButton, ...]
    path: Path

    def as_json(self, public_url: str) -> dict[str, Any]:
        """As WeChat wants it. Raises NoAddress, and ContentError for an address that is too long."""
        made = {"button": [one.as_json(public_url) for one in self.buttons]}
        for one in flat(made):
            if len(str(one.get("url", "")).encode()) > URL_BYTES:
                raise ContentError(f"{shown(self.path)}:1: page: longer than {URL_BYTES} bytes ({one['name']!r})")
        return made

    def name_of(self, key: str) -> str | None:
        """What stands on the button of that key; None where there is none."""
        every = (one for top in self.buttons for one in (top.below or (top,)))
        return next((one.name for one in every if one.key == key), None)


def meaning(key: str) -> tuple[str | None, str | None]:
    """(intent, words) of a tap on the button of that key, one of them None; both None for what says nothing to us."""
    if key.startswith(SAY) and (intent := key.removeprefix(SAY)) in INTENTS:
        return intent, None
    if key.startswith(WORDS) and (words := clean(key.removeprefix(WORDS))):
        return None, words
    return None, None


def flat(menu: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every button of a menu in WeChat's form, each of the first row before those below it."""
    for top in menu.get("button") or ():
        yield top
        yield from top.get("sub_button") or ()


def load(path: Path = FILE) -> Menu:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    try:
        file = _File.model_validate(dict(raw))
    except ValidationError as wrong:
        first = wrong.errors()[0]
        spot = line_of(raw, first["loc"]) or raw.line
        key = ".".join(str(part) for part in first["loc"]) or "buttons"
        given = "missing" if first["type"] == "missing" else _given(first["input"])
        raise ContentError(f"{shown(path)}:{spot}: {key}: {first['msg']} ({given})") from wrong
    return Menu(file.buttons, path)


@cache
def shipped() -> Menu:
    """The file that ships, read once."""
    return load()


def _check_name(name: str, most_bytes: int, most_hanzi: int) -> None:
    wide = sum(1.0 if unicodedata.east_asian_width(one) in "WF" else 0.5 for one in name)
    if len(name.encode()) > most_bytes or wide > most_hanzi:
        raise ValueError(f"the name {name!r} is longer than {most_hanzi} hanzi or {most_bytes} bytes")


def _given(value: object) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_none=True)
    name = value.get("name") if isinstance(value, dict) else None
    return f"the button {name!r}" if name else repr(value)[:80]
