"""What comes through WeChat's door and what goes back through it: signatures, seals and XML in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from integrations.clients.wechat.envelope import Envelope, Opened
from integrations.clients.wechat.xml_in import parsed
from integrations.clients.wechat.xml_out import text_reply
from integrations.services.wechat.records import Push


@dataclass(frozen=True, slots=True)
class Visit:
    """A push, and how its reply has to be closed."""

    push: Push
    opened: Opened = field(repr=False)


@dataclass(frozen=True)
class Door:
    """One account's door."""

    envelope: Envelope

    def echo(self, query: Mapping[str, str]) -> str:
        """The answer to WeChat's check of the address. Raises BadPush."""
        return self.envelope.checked(query)

    def enter(self, query: Mapping[str, str], body: bytes) -> Visit:
        """The push in this body. Raises BadPush."""
        opened = self.envelope.opened(query, body)
        return Visit(parsed(opened.xml), opened)

    def leave(self, visit: Visit, text: str, *, at: int) -> str:
        """The XML of a reply with this text, made at `at` (Unix seconds), sealed where the push was."""
        push = visit.push
        xml = text_reply(to=push.openid, from_=push.account, at=at, content=text)
        return self.envelope.sealed(xml, key_index=visit.opened.key_index) if visit.opened.sealed else xml
