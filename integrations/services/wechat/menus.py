"""The menu of the account: what the city's file wants, what WeChat has, and what a tap on a button says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from integrations.services.errors import NeedsPerson
from integrations.services.speech import payload
from integrations.services.wechat.ports import WechatApi
from kb import words
from kb.wechat import menu as rules
from kb.wechat.menu import Menu

# What is compared of a button; WeChat adds fields of its own.
_COMPARED = ("type", "key", "url")


@dataclass(frozen=True, kw_only=True)
class Menus:
    """The use case. `file` reads the city's menu when it is needed; `public_url` is where our pages are."""

    api: WechatApi
    public_url: str
    file: Callable[[], Menu] = rules.shipped

    def wanted(self) -> dict[str, Any]:
        """The menu as WeChat wants it. Raises ContentError, and NeedsPerson where an address is missing."""
        try:
            return self.file().as_json(self.public_url)
        except rules.NoAddress as missing:
            raise NeedsPerson(str(missing)) from missing

    def push(self) -> None:
        """Make it the account's menu. Raises what `wanted` and the API raise."""
        self.api.make_menu(self.wanted())

    def kept(self) -> dict[str, Any] | None:
        """The menu as WeChat has it; None where there is none."""
        found = self.api.menu()
        return None if found is None else found.get("menu", found)

    def delete(self) -> None:
        """Take the menu away."""
        self.api.delete_menu()

    def check(self) -> list[str]:
        """What differs between the city's menu and WeChat's, a sentence each; empty where nothing does."""
        wanted, kept = self.wanted(), self.kept()
        return ["WeChat has no menu"] if kept is None else list(_differences(wanted, kept))

    def meaning(self, key: str) -> tuple[str, str] | None:
        """As `said_of`, by the city's menu."""
        return _said(key, self.file())


def said_of(key: str) -> tuple[str, str] | None:
    """(title, payload) of a tap on the button of that key: what the citizen has said by it, and what Rasa gets.

    The payload is empty where the title is words like any others. None for a key that says nothing to us: one of a
    menu that is not ours, or one after which a place or a picture follows.
    """
    return _said(key, rules.shipped())


def _said(key: str, menu: Menu) -> tuple[str, str] | None:
    intent, typed = rules.meaning(key)
    if typed:
        return typed, ""
    if not intent:
        return None
    return menu.name_of(key) or _words().say(rules.INTENTS[intent]), payload(intent)


@cache
def _words() -> words.Words:
    return words.load()


def _differences(wanted: Mapping[str, Any], kept: Mapping[str, Any]) -> Iterator[str]:
    ours, theirs = list(_named(wanted)), list(_named(kept))
    for at in range(max(len(ours), len(theirs))):
        if at >= len(ours):
            yield f"WeChat has one more button: {theirs[at][0]!r}"
        elif at >= len(theirs):
            yield f"WeChat lacks the button {ours[at][0]!r}"
        elif ours[at] != theirs[at]:
            (name, one), (other_name, other) = ours[at], theirs[at]
            if name != other_name:
                yield f"button {at + 1} is {name!r} here and {other_name!r} on WeChat"
            for field in _COMPARED:
                if one.get(field) != other.get(field):
                    yield f"{name!r}: {field} is {one.get(field)!r} here and {other.get(field)!r} on WeChat"


def _named(menu: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name with that of the button above, what is compared) of every button, in order."""
    for top in menu.get("button") or ():
        below = top.get("sub_button") or ()
        name = str(top.get("name", ""))
        yield name, {field: top.get(field) for field in _COMPARED if top.get(field) and not below}
        for one in below:
            yield f"{name} / {one.get('name', '')}", {field: one.get(field) for field in _COMPARED if one.get(field)}
