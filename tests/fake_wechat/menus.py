"""The account's menu, checked as WeChat checks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.fake_wechat import laws
from tests.fake_wechat.laws import Refused

TOP = {"count": 40016, "type": 40017, "name": 40018, "key": 40019, "url": 40020}
SUB = {"count": 40023, "type": 40024, "name": 40025, "key": 40026, "url": 40027}


class Menus:
    """`current` as it was made; None where there is none."""

    def __init__(self) -> None:
        self.current: dict[str, Any] | None = None

    def create(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        buttons = asked.get("button")
        if not isinstance(buttons, list) or not 1 <= len(buttons) <= laws.TOP_BUTTONS:
            raise Refused(40016)
        made = []
        for one in buttons:
            _named(one, laws.TOP_NAME, TOP["name"])
            below = one.get("sub_button") or []
            if not isinstance(below, list) or len(below) > laws.SUB_BUTTONS:
                raise Refused(SUB["count"])
            for under in below:
                _named(under, laws.SUB_NAME, SUB["name"])
                _works(under, SUB)
            if not below:
                _works(one, TOP)
            made.append({**one, "sub_button": [{**under, "sub_button": []} for under in below]})
        self.current = {"button": made}
        return {"errcode": 0, "errmsg": "ok"}

    def get(self) -> dict[str, Any]:
        if self.current is None:
            raise Refused(46003)
        return {"menu": self.current}

    def delete(self) -> dict[str, Any]:
        self.current = None
        return {"errcode": 0, "errmsg": "ok"}

    def button(self, wanted: str) -> dict[str, Any] | None:
        """The button with this key, name or address."""
        return next((one for one in self._all() if wanted in (one.get("key"), one.get("name"), one.get("url"))), None)

    def _all(self) -> Iterator[dict[str, Any]]:
        for one in (self.current or {}).get("button", []):
            yield from one["sub_button"] or [one]


def _named(button: Any, most: int, code: int) -> None:
    if not isinstance(button, Mapping):
        raise Refused(47001)
    name = button.get("name")
    if not isinstance(name, str) or not name.strip() or len(name.encode()) > most:
        raise Refused(code)


def _works(button: Mapping[str, Any], codes: Mapping[str, int]) -> None:
    kind = button.get("type")
    if kind not in laws.BUTTON_TYPES:
        raise Refused(codes["type"])
    key, url = str(button.get("key") or ""), str(button.get("url") or "")
    if kind in laws.KEYED and not 1 <= len(key.encode()) <= laws.KEY_SIZE:
        raise Refused(codes["key"])
    if kind == "view" and not (url.startswith(("http://", "https://")) and len(url.encode()) <= laws.URL_SIZE):
        raise Refused(codes["url"])
