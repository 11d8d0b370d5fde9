"""wechatpy as the other side: what it seals we open and read alike, what we seal it opens and reads alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from integrations.clients.wechat.envelope import BadPush, Envelope
from integrations.clients.wechat.xml_in import parsed
from integrations.clients.wechat.xml_out import cdata, legal, text_reply
from integrations.services.wechat.records import Push
from kb.wechat.pushes import PushKind
from kb.wechat.texts import LIMIT, size, split
from tests.peers.speaking import Broken, Missing, Peer, ensure

TOKEN, APPID = "spamtest", "wx2c2769f8efd9abc2"
NEW_KEY, OLD_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "x" * 43
NOW, NONCE = 1_763_800_000, "1320562132"
OPENID, ACCOUNT = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M", "gh_7f083739789a"
SAYS = {"token": TOKEN, "aes_key": NEW_KEY, "appid": APPID, "nonce": NONCE, "timestamp": str(NOW)}


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    try:
        python = ensure()
    except Missing as why:
        pytest.skip(str(why))
    with Peer(python=lambda: python) as speaking:
        yield speaking


def envelope(*keys: str, mode: str = "safe", appid: str = APPID) -> Envelope:
    return Envelope(
        token=TOKEN,
        aes_keys=keys or [NEW_KEY],
        appid=appid,
        mode=mode,
        clock=lambda: datetime.fromtimestamp(NOW, UTC),
    )


def sealed(peer: Peer, xml: str, *, beside: str = "", **changed: str) -> tuple[dict[str, str], bytes]:
    """A push as wechatpy seals it."""
    made = peer.ask("seal", xml=xml, **{**SAYS, **changed})
    query = {"encrypt_type": "aes", "timestamp": str(NOW), "nonce": NONCE, "msg_signature": made["signature"]}
    return query, f"<xml><ToUserName>{ACCOUNT}</ToUserName>{beside}<Encrypt>{made['encrypt']}</Encrypt></xml>".encode()


def xml(kind: str, inner: str, *, msg_id: str = "1234567890123456") -> str:
    given = f"<MsgId>{msg_id}</MsgId>" if msg_id else ""
    return (
        f"<xml><ToUserName>{cdata(ACCOUNT)}</ToUserName><FromUserName>{cdata(OPENID)}</FromUserName>"
        f"<CreateTime>{NOW}</CreateTime><MsgType>{cdata(kind)}</MsgType>{inner}{given}</xml>"
    )


def event(name: str, inner: str = "") -> str:
    return xml("event", f"<Event>{cdata(name)}</Event>{inner}", msg_id="")


LOCATION = "<Location_X>23.134521</Location_X><Location_Y>113.358803</Location_Y><Scale>20</Scale>"
SCANNED = (
    "<EventKey>6</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>杆号12</ScanResult></ScanCodeInfo>"
)
CONSENTS = (
    "<SubscribeMsgPopupEvent>"
    "<List><TemplateId>T1</TemplateId><SubscribeStatusString>accept</SubscribeStatusString><PopupScene>2</PopupScene></List>"
    "<List><TemplateId>T2</TemplateId><SubscribeStatusString>reject</SubscribeStatusString><PopupScene>2</PopupScene></List>"
    "</SubscribeMsgPopupEvent>"
)
PUSHES = {
    "text": xml("text", f"<Content>{cdata('路灯坏了 ]]> <三天> & 👨‍👩‍👧')}</Content>"),
    "tap": xml("text", "<Content>查进度</Content><bizmsgmenuid>1-2</bizmsgmenuid>"),
    "image": xml("image", f"<PicUrl>{cdata('http://mmbiz.qpic.cn/a?b=1&c=2')}</PicUrl><MediaId>m1</MediaId>"),
    "voice": xml("voice", "<MediaId>v1</MediaId><Format>amr</Format><Recognition><![CDATA[]]></Recognition>"),
    "video": xml("video", "<MediaId>v2</MediaId><ThumbMediaId>t</ThumbMediaId>"),
    "shortvideo": xml("shortvideo", "<MediaId>v3</MediaId><ThumbMediaId>t</ThumbMediaId>"),
    "location": xml("location", f"{LOCATION}<Label>{cdata('位置信息')}</Label>"),
    "link": xml("link", "<Title>停水</Title><Description>说明</Description><Url>http://a/b</Url>"),
    "subscribe": event("subscribe"),
    "subscribe_scan": event("subscribe", "<EventKey>qrscene_123</EventKey><Ticket>t</Ticket>"),
    "unsubscribe": event("unsubscribe"),
    "scan": event("SCAN", "<EventKey>123</EventKey><Ticket>t</Ticket>"),
    "click": event("CLICK", "<EventKey>progress</EventKey>"),
    "view": event("VIEW", "<EventKey>http://a/b</EventKey>"),
    "waits": event("scancode_waitmsg", SCANNED),
    "reported": event("LOCATION", "<Latitude>23.1</Latitude><Longitude>113.3</Longitude><Precision>1</Precision>"),
    "template": event("TEMPLATESENDJOBFINISH", "<MsgID>200163836</MsgID><Status>success</Status>"),
    "consents": event("subscribe_msg_popup_event", CONSENTS),
}


def test_a_push_that_wechatpy_seals_is_opened_and_read_alike(peer: Peer) -> None:
    for name, body in PUSHES.items():
        opened = envelope().opened(*sealed(peer, body))
        assert (opened.xml.decode(), opened.sealed) == (body, True), name
        push, theirs = parsed(opened.xml), peer.ask("parse", xml=body)
        assert (push.openid, push.account, push.at.timestamp()) == (
            theirs["source"],
            theirs["target"],
            int(theirs["time"]),
        ), name
        if push.key.startswith("m:"):
            assert push.key == f"m:{theirs['id']}", name


def _both(peer: Peer, name: str) -> tuple[Push, dict[str, Any]]:
    answer = peer.ask("parse", xml=PUSHES[name])
    return parsed(PUSHES[name].encode()), {**answer["fields"], "type": answer["type"], "data": answer["data"]}


@pytest.mark.parametrize(
    ("name", "kind", "ours", "theirs"),
    [
        ("text", PushKind.TEXT, "text", "content"),
        ("tap", PushKind.TEXT, "text", "content"),
        ("image", PushKind.IMAGE, "picture_url", "image"),
        ("image", PushKind.IMAGE, "media_id", "media_id"),
        ("voice", PushKind.VOICE, "voice_id", "media_id"),
        ("video", PushKind.VIDEO, "media_id", "media_id"),
        ("shortvideo", PushKind.VIDEO, "media_id", "media_id"),
        ("location", PushKind.LOCATION, "label", "label"),
        ("subscribe_scan", PushKind.FOLLOW, "event_key", "scene_id"),
        ("scan", PushKind.SCAN, "event_key", "scene_id"),
        ("click", PushKind.CLICK, "event_key", "key"),
        ("view", PushKind.SILENT, "event_key", "url"),
        ("waits", PushKind.CLICK, "text", "scan_result"),
    ],
)
def test_a_field_is_read_alike(peer: Peer, name: str, kind: PushKind, ours: str, theirs: str) -> None:
    push, other = _both(peer, name)
    assert push.kind is kind
    assert getattr(push, ours) == other[theirs] != ""


def test_what_wechatpy_reads_in_another_form_is_the_same(peer: Peer) -> None:
    push, other = _both(peer, "location")
    assert (push.lat, push.lon) == (float(other["location_x"]), float(other["location_y"])) == (23.134521, 113.358803)
    push, other = _both(peer, "link")
    assert push.text == "\n".join(other[name] for name in ("title", "description", "url"))
    push, other = _both(peer, "tap")
    assert push.menu_id == other["data"]["bizmsgmenuid"] == "1-2"
    push, other = _both(peer, "consents")
    theirs = [(one["TemplateId"], one["SubscribeStatusString"], one["PopupScene"]) for one in other["subscribes"]]
    assert [(one.template_id, one.answer, one.scene) for one in push.consents] == theirs
    assert len(theirs) == 2


def test_the_check_of_the_address_is_believed_alike(peer: Peer) -> None:
    for token, right in ((TOKEN, True), ("other", False)):
        signature = hashlib.sha1("".join(sorted([token, str(NOW), NONCE])).encode()).hexdigest()
        query = {"signature": signature, "timestamp": str(NOW), "nonce": NONCE}
        assert peer.ask("sign", token=TOKEN, **query) == {"right": right}
        ours = envelope(mode="plain")
        if right:
            assert ours.checked({**query, "echostr": "437"}) == "437"
        else:
            with pytest.raises(BadPush):
                ours.checked({**query, "echostr": "437"})


REPLIES = [
    "路灯已受理，编号 4817 2093 5561。",
    "]]>",
    "]]></Content><MsgType>news</MsgType><Content><![CDATA[",
    "👨‍👩‍👧‍👦🏳️‍🌈1️⃣ 👋🏽",
    "路\x00灯\x08坏了\ufffe",
    "x" * LIMIT,
    "路" * 682 + "xx",
    "😀" * 512,
    '<a href="weixin://bizmsgmenu?msgmenucontent=1&msgmenuid=1">1</a> & <b>',
    "一\n二\n\n三",
]


@pytest.mark.parametrize("content", REPLIES, ids=lambda content: f"{ascii(content)[:24]}-{len(content)}")
def test_a_reply_that_we_seal_is_opened_and_read_alike(peer: Peer, content: str) -> None:
    ours = envelope()
    reply = ours.sealed(text_reply(to=OPENID, from_=ACCOUNT, at=NOW, content=content), nonce=NONCE)
    signature = fromstring(reply).findtext("MsgSignature")
    opened = peer.ask("open", xml=reply, **{**SAYS, "signature": signature})
    read = peer.ask("parse", xml=opened["xml"])
    assert (read["type"], read["source"], read["target"], read["time"]) == ("text", ACCOUNT, OPENID, str(NOW))
    assert read["fields"]["content"] == legal(content)


def test_every_part_of_a_long_answer_arrives(peer: Peer) -> None:
    said = "\n\n".join(f"第{number}条：路灯不亮，已经三天了。👨‍👩‍👧" for number in range(200))
    arrived = []
    for part in split(said):
        reply = envelope().sealed(text_reply(to=OPENID, from_=ACCOUNT, at=NOW, content=part), nonce=NONCE)
        opened = peer.ask("open", xml=reply, **{**SAYS, "signature": fromstring(reply).findtext("MsgSignature")})
        arrived.append(peer.ask("parse", xml=opened["xml"])["fields"]["content"])
    assert len(arrived) > 3 and max(map(size, arrived)) <= LIMIT
    assert "\n\n".join(arrived) == said


def test_a_reply_of_any_length_is_padded_as_the_other_side_expects(peer: Peer) -> None:
    for length in range(33):
        reply = envelope().sealed("x" * length, nonce=NONCE)
        opened = peer.ask("open", xml=reply, **{**SAYS, "signature": fromstring(reply).findtext("MsgSignature")})
        assert opened == {"xml": "x" * length}


def test_neither_side_opens_what_is_for_another_account_or_was_changed(peer: Peer) -> None:
    other = "wx_other"
    with pytest.raises(BadPush):
        envelope().opened(*sealed(peer, PUSHES["text"], appid=other))
    reply = envelope(appid=other).sealed("x", nonce=NONCE)
    signature = str(fromstring(reply).findtext("MsgSignature"))
    assert peer.ask("open", xml=reply, **{**SAYS, "signature": signature}) == {"error": "InvalidAppIdException"}
    assert peer.ask("open", xml=reply, **{**SAYS, "signature": "0" * 40}) == {"error": "InvalidSignatureException"}
    query, body = sealed(peer, PUSHES["text"])
    with pytest.raises(BadPush):
        envelope().opened({**query, "msg_signature": "0" * 40}, body)


def test_while_the_key_is_changed_pushes_of_both_open_and_replies_go_back_alike(peer: Peer) -> None:
    both = envelope(NEW_KEY, OLD_KEY)
    for index, key in enumerate((NEW_KEY, OLD_KEY)):
        opened = both.opened(*sealed(peer, PUSHES["text"], aes_key=key))
        assert opened.key_index == index
        reply = both.sealed("x", key_index=opened.key_index, nonce=NONCE)
        signature = fromstring(reply).findtext("MsgSignature")
        assert peer.ask("open", xml=reply, **{**SAYS, "aes_key": key, "signature": signature}) == {"xml": "x"}


def test_in_compatible_mode_only_what_is_sealed_is_read(peer: Peer) -> None:
    query, body = sealed(peer, PUSHES["text"], beside="<Content>转人工</Content>")
    assert envelope(mode="compatible").opened(query, body).xml.decode() == PUSHES["text"]


def test_a_peer_that_has_ended_is_told_and_not_waited_for() -> None:
    try:
        python = ensure()
    except Missing as why:
        pytest.skip(str(why))
    with Peer(python=lambda: python) as speaking:
        assert speaking.ask("nothing") == {"error": "KeyError"}
    with pytest.raises((Broken, ValueError)):
        speaking.ask("nothing")
