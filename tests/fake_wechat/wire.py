"""XML of pushes and replies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from tests.fake_wechat import laws
from tests.fake_wechat.account import Account, Mode
from tests.fake_wechat.sealing import Seal, WrongSeal


class BadAnswer(Exception):
    """What the account answered is nothing that WeChat takes: why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A passive reply. `text` is empty for what is not text."""

    kind: str
    text: str
    fields: dict[str, str]


def push_xml(fields: dict[str, Any]) -> str:
    """Fields as WeChat writes them: words in CDATA, numbers bare, lists as repeated elements."""
    return "<xml>" + "".join(_element(name, value) for name, value in fields.items()) + "</xml>"


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, one) for one in value)
    if isinstance(value, dict):
        return f"<{name}>" + "".join(_element(*pair) for pair in value.items()) + f"</{name}>"
    if isinstance(value, int | float):
        return f"<{name}>{value}</{name}>"
    return f"<{name}><![CDATA[" + str(value).replace("]]>", "]]]]><![CDATA[>") + f"]]></{name}>"


def sealed_body(account: Account, seal: Seal, fields: dict[str, Any], stamp: str, nonce: str) -> tuple[str, str]:
    """The body of a push and its msg_signature (empty in plain mode)."""
    xml = push_xml(fields)
    if account.mode is Mode.PLAIN:
        return xml, ""
    sealed = seal.sealed(xml)
    shown = fields if account.mode is Mode.COMPATIBLE else {"ToUserName": fields["ToUserName"]}
    return push_xml({**shown, "Encrypt": sealed}), seal.signed(sealed, stamp, nonce)


def reply_in(account: Account, seal: Seal, body: bytes, openid: str) -> Reply | None:
    """The reply in an answer's body; None where there is none. Raises BadAnswer."""
    if body.strip() in (b"", b"success"):
        return None
    fields = _fields(body)
    if "Encrypt" in fields:
        if account.mode is Mode.PLAIN:
            raise BadAnswer("encrypted in plain mode")
        fields = _opened(seal, fields)
    elif account.mode is Mode.SAFE:
        raise BadAnswer("not encrypted in safe mode")
    kind = fields.get("MsgType", "")
    if fields.get("ToUserName") != openid or fields.get("FromUserName") != account.original_id:
        raise BadAnswer("ToUserName or FromUserName is wrong")
    if not fields.get("CreateTime", "").isdigit():
        raise BadAnswer("CreateTime is no number")
    if kind not in laws.REPLY_TYPES:
        raise BadAnswer("MsgType is none of a reply")
    text = fields.get("Content", "") if kind == "text" else ""
    if kind == "text" and not text.strip():
        raise BadAnswer("a text without content")
    if len(text.encode()) > laws.LONGEST_TEXT:
        raise BadAnswer("longer than 2,048 bytes")
    return Reply(kind, text, fields)


def _opened(seal: Seal, fields: dict[str, str]) -> dict[str, str]:
    missing = [name for name in ("MsgSignature", "TimeStamp", "Nonce") if not fields.get(name)]
    if missing:
        raise BadAnswer(f"an encrypted answer without {', '.join(missing)}")
    try:
        inner = seal.opened(
            fields["Encrypt"], signed=fields["MsgSignature"], timestamp=fields["TimeStamp"], nonce=fields["Nonce"]
        )
    except WrongSeal as wrong:
        raise BadAnswer(f"cannot be decrypted: {wrong}") from None
    return _fields(inner.encode())


def _fields(body: bytes) -> dict[str, str]:
    if b"<!DOCTYPE" in body:
        raise BadAnswer("a DTD")
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        raise BadAnswer("no XML") from None
    if root.tag != "xml":
        raise BadAnswer("no <xml>")
    return {one.tag: (one.text or "") if len(one) == 0 else "".join(one.itertext()) for one in root}
