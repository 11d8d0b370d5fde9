"""Collected vectors through the real hook, where JIESU_VECTORS names their folder; wechatpy opens what comes back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from integrations.bootstrap import Services
from integrations.web.app import create_app
from tests.fake_wechat.sealing import signature
from tests.fakes import FakeClock
from tests.peers.speaking import Missing, Peer
from tests.wechat.conftest import Door

FOLDER = os.environ.get("JIESU_VECTORS", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="JIESU_VECTORS names no folder of vectors")


def _text(name: str) -> str:
    return (Path(FOLDER) / name).read_text(encoding="utf-8") if FOLDER else ""


CRYPTO: list[dict[str, Any]] = json.loads(_text("crypto.json") or "[]")
BODIES: list[dict[str, str]] = [json.loads(line) for line in _text("xml_messages.jsonl").splitlines()]


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with_peer = Peer()
    try:
        with_peer.__enter__()
    except Missing as why:
        pytest.skip(str(why))
    yield with_peer
    with_peer.__exit__(None, None, None)


def app_of(services: Services, case: dict[str, Any]) -> TestClient:
    """The gateway for this vector's account, at its time."""
    chosen = {
        "wechat_appid": case.get("appid", "wx_any"),
        "wechat_secret": "any",
        "wechat_token": case["token"],
        "wechat_aes_key": case.get("aes_key", ""),
        "wechat_mode": "safe" if "aes_key" in case else "plain",
    }
    services.settings = services.settings.model_copy(update=chosen)
    assert isinstance(services.clock, FakeClock)
    services.clock.now = datetime.fromtimestamp(int(case["timestamp"]), UTC)
    return TestClient(create_app(services), raise_server_exceptions=False)


@pytest.mark.parametrize("case", [pytest.param(one, id=one["id"]) for one in CRYPTO])
def test_what_wechat_signed_and_sealed_gets_in(services: Services, case: dict[str, Any]) -> None:
    """Signatures and seals are right, so nobody is turned away for them; a body that is no push is unreadable."""
    query = {name: str(case[name]) for name in ("timestamp", "nonce")}
    query["signature"] = signature(case["token"], query["timestamp"], query["nonce"])
    client = app_of(services, case)
    if "echostr" in case:
        assert query["signature"] == case["signature"]
        assert client.get("/wechat", params={**query, "echostr": case["echostr"]}).text == case["echostr"]
        return
    if case["kind"] == "signature":
        answer = client.post("/wechat", params=query, content=case["body"].encode())
    else:
        sealed = {**query, "encrypt_type": "aes", "msg_signature": case["msg_signature"]}
        body = f"<xml><ToUserName/><Encrypt><![CDATA[{case['encrypt']}]]></Encrypt></xml>"
        answer = client.post("/wechat", params=sealed, content=body.encode())
    readable = str(case.get("plaintext", case.get("body"))).startswith("<xml>")
    assert answer.status_code in ((200, 400) if readable else (400,))


def test_every_collected_body_is_answered_by_success_or_by_a_reply_that_wechatpy_opens(door: Door, peer: Peer) -> None:
    account, answered, refused, replies = door.account, 0, 0, 0
    for number, one in enumerate(BODIES):
        query = door.query(encrypt_type="aes")
        keys = {"token": account.token, "aes_key": account.aes_key, "appid": account.appid}
        stamp = {"nonce": query["nonce"], "timestamp": query["timestamp"]}
        made = peer.ask("seal", xml=one["xml"], **keys, **stamp)
        body = f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{made['encrypt']}]]></Encrypt></xml>"
        answer = door.post({**query, "msg_signature": made["signature"]}, body.encode())
        assert answer.status_code in (200, 400), (number, answer.status_code)
        refused += answer.status_code == 400
        if answer.status_code != 200 or answer.content == b"success":
            continue
        answered += 1
        fields = peer.ask("parse", xml=answer.text)  # not a push: only that it is XML matters here
        assert "ExpatError" not in fields.get("error", ""), number
        outer = _fields(answer.text)
        opened = peer.ask(
            "open", xml=answer.text, signature=outer["MsgSignature"], timestamp=outer["TimeStamp"],
            nonce=outer["Nonce"], **keys,
        )  # fmt: skip
        assert "error" not in opened, (number, opened)
        inner, pushed = _fields(opened["xml"]), _fields(one["xml"])
        assert (inner["ToUserName"], inner["MsgType"]) == (pushed["FromUserName"], "text"), number
        assert 0 < len(inner["Content"].encode()) <= 2048
        replies += 1
    print(f"{len(BODIES)} bodies: {replies} replies, {refused} that are no pushes, the others acknowledged")
    assert replies > 0
    # Bodies of replies were collected with those of pushes: what lacks a name or a time is no push.
    assert refused == sum(not _is_push(one["xml"]) for one in BODIES)


def _fields(xml: str) -> dict[str, str]:
    from defusedxml.ElementTree import fromstring

    return {one.tag: (one.text or "").strip() for one in fromstring(xml)}


def _is_push(xml: str) -> bool:
    found = _fields(xml)
    named = all(found.get(name) for name in ("ToUserName", "FromUserName", "MsgType"))
    return named and found.get("CreateTime", "").isdecimal()
