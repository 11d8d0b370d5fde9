"""A WeChat citizen for tests, and WeChat's API with a memory."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from integrations.services.wechat.errors import MediaGone
from integrations.services.wechat.records import Push
from kb.wechat.pushes import PushKind
from tests.fakes import SATURDAY

OPENID = "oAbCdEfGh123"


class FakeWechatApi:
    """The `WechatApi` port: remembers what was sent, and fails as it is told to; `lost` after it has sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.notices: list[tuple[str, str, Mapping[str, str]]] = []
        self.typed: list[str] = []
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.failures: list[Exception] = []
        self.lost: list[Exception] = []

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.sent]

    def send_text(self, openid: str, text: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((openid, text))
        if self.lost:
            raise self.lost.pop(0)

    def typing(self, openid: str) -> None:
        self.typed.append(openid)

    def send_notice(self, openid: str, template_id: str, data: Mapping[str, str], *, page: str = "") -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.notices.append((openid, template_id, data))

    def media(self, media_id: str) -> bytes:
        return self._file(media_id)

    def picture(self, url: str) -> bytes:
        return self._file(url)

    def _file(self, name: str) -> bytes:
        self.asked.append(name)
        if self.failures:
            raise self.failures.pop(0)
        if name not in self.files:
            raise MediaGone("40007")
        return self.files[name]

    def openid_of(self, code: str) -> str:
        return OPENID

    def jsapi_ticket(self) -> str:
        return "ticket"

    def make_menu(self, menu: Mapping[str, Any]) -> None: ...

    def menu(self) -> dict[str, Any] | None:
        return None

    def delete_menu(self) -> None: ...

    def ping(self) -> None: ...


_numbers = itertools.count(1)


def push(kind: PushKind = PushKind.TEXT, text: str = "", *, key: str = "", openid: str = OPENID, **more: Any) -> Push:
    """One push, of its own unless it has a key."""
    made = key or f"{'m' if kind.value in 'text image voice video location link' else 'e'}:{next(_numbers)}"
    return Push(
        **{"key": made, "kind": kind, "openid": openid, "account": "gh_1", "at": SATURDAY, "text": text, **more}
    )


def said(text: str, **more: Any) -> Push:
    """A text."""
    return push(PushKind.TEXT, text, **more)
