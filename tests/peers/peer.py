"""wechatpy as the other side, run inside its own environment: one JSON object a line in, one a line out.

seal: {xml, token, aes_key, appid, nonce, timestamp} -> {xml, encrypt, signature}
open: {xml, token, aes_key, appid, signature, nonce, timestamp} -> {xml}
sign: {token, signature, nonce, timestamp} -> {right}
parse: {xml} -> {type, event, id, source, target, time, fields}

What goes wrong is answered as {error: the name of the exception}.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import xmltodict
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import check_signature

FIELDS = (
    "content",
    "media_id",
    "image",
    "format",
    "title",
    "description",
    "url",
    "location_x",
    "location_y",
    "label",
    "key",
    "scene_id",
    "ticket",
    "scan_result",
    "latitude",
    "longitude",
    "status",
    "subscribes",
    "template_id",
    "error_code",
    "error_status",
)


def _crypto(asked: dict[str, Any]) -> WeChatCrypto:
    return WeChatCrypto(asked["token"], asked["aes_key"], asked["appid"])


def _plain(value: Any) -> Any:
    """What JSON can hold; anything else as its text."""
    return json.loads(json.dumps(value, default=str))


def seal(asked: dict[str, Any]) -> dict[str, Any]:
    xml = _crypto(asked).encrypt_message(asked["xml"], asked["nonce"], asked["timestamp"])
    made = xmltodict.parse(xml)["xml"]
    return {"xml": xml, "encrypt": made["Encrypt"], "signature": made["MsgSignature"]}


def open_(asked: dict[str, Any]) -> dict[str, Any]:
    xml = _crypto(asked).decrypt_message(asked["xml"], asked["signature"], asked["timestamp"], asked["nonce"])
    return {"xml": xml.decode() if isinstance(xml, bytes) else xml}


def sign(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        check_signature(asked["token"], asked["signature"], asked["timestamp"], asked["nonce"])
    except InvalidSignatureException:
        return {"right": False}
    return {"right": True}


def parse(asked: dict[str, Any]) -> dict[str, Any]:
    message = parse_message(asked["xml"])
    return {
        "type": message.type,
        "event": getattr(message, "event", ""),
        "id": _plain(message.id),
        "source": message.source,
        "target": message.target,
        "time": _plain(message._data.get("CreateTime")),
        "fields": {name: _plain(getattr(message, name, None)) for name in FIELDS},
        "data": _plain(message._data),
    }


DOES = {"seal": seal, "open": open_, "sign": sign, "parse": parse}


def main() -> None:
    """Answer line by line until nothing more comes."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = DOES[asked["do"]](asked)
        except Exception as wrong:  # noqa: BLE001 - whatever the library raises is its answer
            answer = {"error": type(wrong).__name__}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
