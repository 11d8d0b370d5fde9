"""Collected conformance vectors, read where JIESU_VECTORS names their folder: crypto, bodies and attacks."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from integrations.clients.wechat.envelope import BadPush, Envelope
from integrations.clients.wechat.xml_in import parsed
from integrations.clients.wechat.xml_out import text_reply
from kb.wechat.pushes import PushKind
from kb.wechat.texts import LIMIT, size, split
from tests.clients.wechat.official import CHECK

FOLDER = os.environ.get("JIESU_VECTORS", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="JIESU_VECTORS names no folder of vectors")


def _read(name: str) -> Any:
    return json.loads((Path(FOLDER) / name).read_text(encoding="utf-8")) if FOLDER else []


def _bodies() -> list[dict[str, str]]:
    path = Path(FOLDER) / "xml_messages.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if FOLDER else []


CRYPTO: dict[str, dict[str, Any]] = {one["id"]: one for one in _read("crypto.json")}
BODIES = _bodies()
NEGATIVE = {one["id"] for one in _read("negative.json")}


def _whole(one: dict[str, str]) -> bool:
    """Bodies of replies were collected with those of pushes: their time is a gap, or they lack a name."""
    root = fromstring(one["xml"])
    given = {name: str(root.findtext(name) or "").strip() for name in ("ToUserName", "FromUserName", "MsgType")}
    return all(given.values()) and str(root.findtext("CreateTime") or "").strip().isdecimal()


PUSHES = [one for one in BODIES if _whole(one)]
REPLIES = [one for one in BODIES if not _whole(one)]


def _of(kind: str) -> list[Any]:
    return [pytest.param(one, id=one["id"]) for one in CRYPTO.values() if one["kind"] == kind]


def _envelope(case: dict[str, Any], **changed: str) -> Envelope:
    case = {**case, **changed}
    return Envelope(
        token=case["token"],
        aes_keys=[case["aes_key"]] if "aes_key" in case else [],
        appid=case.get("appid", "wx_any"),
        mode="safe" if "aes_key" in case else "plain",
        clock=lambda: datetime.fromtimestamp(int(case["timestamp"]), UTC),
    )


def _push(case: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    query = {name: case[name] for name in ("timestamp", "nonce", "msg_signature")} | {"encrypt_type": "aes"}
    return query, f"<xml><ToUserName/><Encrypt><![CDATA[{case['encrypt']}]]></Encrypt></xml>".encode()


@pytest.mark.parametrize("case", _of("signature"))
def test_signatures(case: dict[str, Any]) -> None:
    query = {name: case[name] for name in ("signature", "timestamp", "nonce")}
    if "echostr" in case:
        assert _envelope(case).checked({**query, "echostr": case["echostr"]}) == case["echostr"]
    else:
        assert _envelope(case).opened(query, b"<xml/>").xml == b"<xml/>"


@pytest.mark.parametrize("case", _of("decrypt"))
def test_sealed_pushes_open(case: dict[str, Any]) -> None:
    assert _envelope(case).opened(*_push(case)).xml.decode() == case["plaintext"]


@pytest.mark.parametrize("case", _of("encrypt"))
def test_replies_are_sealed_to_the_byte(case: dict[str, Any]) -> None:
    sealed = fromstring(
        _envelope(case).sealed(
            case["plaintext"],
            timestamp=int(case["timestamp"]),
            nonce=case["nonce"],
            random=case["random"].encode(),
        )
    )
    assert (sealed.findtext("Encrypt"), sealed.findtext("MsgSignature")) == (case["encrypt"], case["msg_signature"])


@pytest.mark.parametrize("one", [pytest.param(one, id=f"{at}-{one['src'][-40:]}") for at, one in enumerate(PUSHES)])
def test_every_collected_push_is_read(one: dict[str, str]) -> None:
    root = fromstring(one["xml"])
    push = parsed(one["xml"].encode())
    assert (push.openid, push.account) == (
        str(root.findtext("FromUserName")).strip(),
        str(root.findtext("ToUserName")).strip(),
    )
    assert push.at.timestamp() == int(str(root.findtext("CreateTime")))
    assert len(push.key) <= 64
    kind = str(root.findtext("MsgType")).strip()
    if kind in ("text", "location", "link", "voice"):
        assert push.kind in (kind, PushKind.OTHER, PushKind.UNSUPPORTED)
    if kind == "event":
        assert push.event == str(root.findtext("Event")).strip() and push.kind is not PushKind.OTHER


@pytest.mark.parametrize("one", [pytest.param(one, id=f"{at}") for at, one in enumerate(REPLIES)])
def test_a_collected_body_that_lacks_what_every_push_has_is_refused(one: dict[str, str]) -> None:
    with pytest.raises(BadPush) as error:
        parsed(one["xml"].encode())
    assert error.value.status == 400


def test_the_collection_is_whole() -> None:
    assert CRYPTO and PUSHES and NEGATIVE


def _refused(envelope: Envelope, query: dict[str, str], body: bytes) -> int:
    with pytest.raises(BadPush) as error:
        envelope.opened(query, body)
    return error.value.status


def test_attacks_on_the_check() -> None:
    case = CRYPTO["official-get"]
    later = _envelope(case, timestamp=str(int(case["timestamp"]) + 301))
    for envelope, query in (
        (_envelope(case, token="BBBBB"), CHECK),
        (_envelope(case), {"echostr": case["echostr"]}),
        (later, CHECK),
    ):
        with pytest.raises(BadPush) as error:
            envelope.checked(query)
        assert error.value.status == 403


def test_attacks_on_the_seal() -> None:
    case = CRYPTO["official-safe-decrypt"]
    query, body = _push(case)
    alone = {"signature": case["url_signature"], "timestamp": case["timestamp"], "nonce": case["nonce"]}
    ours = _envelope(case)
    assert _refused(ours, {**alone, "encrypt_type": "aes"}, body) == 403
    assert _refused(ours, {**alone, "encrypt_type": "aes", "msg_signature": "0" * 40}, body) == 403
    assert _refused(ours, alone, b"<xml><Content>a</Content></xml>") == 403
    assert _refused(_envelope(case, appid="wx_other"), query, body) == 403
    assert _refused(ours, query, body.replace(case["encrypt"][:8].encode(), b"AAAAAAAA")) == 403
    assert _refused(ours, query, b"<xml>" + b"x" * 2 * 1024 * 1024) == 413
    for part in ("!!!not-base64!!!", "QUJD"):
        values = sorted([case["token"], case["timestamp"], case["nonce"], part])
        right = {**query, "msg_signature": hashlib.sha1("".join(values).encode()).hexdigest()}
        assert _refused(ours, right, f"<xml><Encrypt>{part}</Encrypt></xml>".encode()) == 400


def test_attacks_within_the_xml() -> None:
    for head in ("<!DOCTYPE lolz [<!ENTITY lol 'lol'>]>", "<!DOCTYPE x [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"):
        with pytest.raises(BadPush):
            parsed(f"{head}{PUSHES[0]['xml']}".encode())
    said = "]]></Content><MsgType>news</MsgType><Content><![CDATA["
    assert fromstring(text_reply(to="o", from_="g", at=1, content=said)).findtext("Content") == said


def test_a_long_reply_is_divided() -> None:
    parts = split("路" * 683)
    assert "".join(parts) == "路" * 683 and max(map(size, parts)) <= LIMIT and len(parts) == 2
