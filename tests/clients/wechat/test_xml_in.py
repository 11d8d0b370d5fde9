"""Every message and event of WeChat's becomes the push it is; what is none is BadPush and nothing else."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from integrations.clients.wechat.xml_in import BadPush, parsed, sealed_part
from integrations.clients.wechat.xml_out import cdata
from integrations.services.wechat.records import Consent, NoticeSent, Push
from kb.wechat import placeholders
from kb.wechat.pushes import PushKind

OPENID = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
ID = "1234567890123456"


def body(kind: str, inner: str = "", *, msg_id: str = ID, time: str = "1763800000", openid: str = OPENID) -> bytes:
    given = f"<MsgId>{msg_id}</MsgId>" if msg_id else ""
    return (
        f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{time}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{inner}{given}</xml>"
    ).encode()


def event(name: str, inner: str = "", *, time: str = "1763800000", openid: str = OPENID) -> bytes:
    return body("event", f"<Event><![CDATA[{name}]]></Event>{inner}", msg_id="", time=time, openid=openid)


def text(content: str, more: str = "", *, msg_id: str = ID) -> Push:
    return parsed(body("text", f"<Content>{cdata(content)}</Content>{more}", msg_id=msg_id))


def refused(xml: bytes) -> BadPush:
    with pytest.raises(BadPush) as error:
        parsed(xml)
    return error.value


# -- what is no push


@pytest.mark.parametrize("missing", ["ToUserName", "FromUserName", "CreateTime", "MsgType"])
@pytest.mark.parametrize("how", ["gone", "empty", "blank"])
def test_a_push_without_what_every_push_has_is_refused_and_named(missing: str, how: str) -> None:
    parts = {"ToUserName": "gh_1", "FromUserName": OPENID, "CreateTime": "1763800000", "MsgType": "text"}
    parts[missing] = {"gone": "", "empty": "", "blank": "<![CDATA[ \n ]]>"}[how]
    xml = "".join(f"<{name}>{value}</{name}>" for name, value in parts.items() if value or how != "gone")
    told = refused(f"<xml>{xml}<Content>a</Content></xml>".encode())
    assert told.status == 400 and missing in str(told)


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"success",
        b'{"MsgType":"text"}',
        b"<xml>",
        b"<xml><a></xml>",
        b"<html></html>",
        b"\x00\xff\xfe",
        b"<xml>&nope;</xml>",
        b"<xml>&#0;</xml>",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<xml><![CDATA[",
    ],
)
def test_what_is_no_push_is_refused(xml: bytes) -> None:
    assert refused(xml).status == 400


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>',
        '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        "<!DOCTYPE xml>",
        '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>',
    ],
)
def test_a_document_type_is_refused_before_anything_is_expanded(head: str) -> None:
    told = refused(head.encode() + body("text", "<Content>&lol2;</Content>"))
    assert told.status == 400 and "DTD" in str(told)


def test_a_document_type_in_another_encoding_is_refused_too() -> None:
    xml = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY x "y">]><xml>&x;</xml>'
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert refused(xml.encode(encoding)).status == 400


def test_a_push_of_64_kib_is_read_and_one_byte_more_is_not() -> None:
    spare = 64 * 1024 - len(body("text", "<Content></Content>"))
    assert len(parsed(body("text", f"<Content>{'x' * spare}</Content>")).text) == spare
    assert refused(body("text", f"<Content>{'x' * (spare + 1)}</Content>")).status == 413


@pytest.mark.parametrize(
    "inner", ["<a>" * 5000 + "</a>" * 5000, "<a>" * 20 + "</a>" * 20, "<a/>" * 10_000, "<a><b/></a>" * 600]
)
def test_too_deep_or_too_many_elements_are_refused(inner: str) -> None:
    assert refused(body("text", inner)).status == 400


@pytest.mark.parametrize("time", ["soon", "{time}", "-1", "1.5", "1e9", "9" * 12, "１７６３８０００００", "NaN"])
def test_a_time_that_is_no_number_of_seconds_is_refused(time: str) -> None:
    assert refused(body("text", "<Content>a</Content>", time=time)).status == 400


def test_names_longer_than_any_are_refused() -> None:
    assert refused(body("text", "<Content>a</Content>", openid="o" * 65)).status == 400
    assert parsed(body("text", "<Content>a</Content>", openid="o" * 64)).openid == "o" * 64


# -- messages


def test_a_text_is_what_was_said_when_and_to_whom() -> None:
    push = text("路灯坏了 <三天> & 没人管")
    assert push == Push(
        f"m:{ID}",
        PushKind.TEXT,
        OPENID,
        "gh_1",
        datetime(2025, 11, 22, 8, 26, 40, tzinfo=UTC),
        "路灯坏了 <三天> & 没人管",
    )


def test_whitespace_around_values_is_no_part_of_them() -> None:
    xml = (
        "\ufeff\n <xml>\n <ToUserName> <![CDATA[gh_1]]> </ToUserName>\n<FromUserName>\n<![CDATA[o1]]></FromUserName>"
        "<CreateTime> 1763800000 </CreateTime><MsgType> <![CDATA[text]]> </MsgType>"
        "<Content><![CDATA[  路灯 坏了\n ]]></Content><MsgId> 7 </MsgId></xml>"
    )
    push = parsed(xml.replace("\n <xml>", "<xml>", 1).encode())
    assert (push.key, push.openid, push.account, push.kind, push.text) == (
        "m:7",
        "o1",
        "gh_1",
        PushKind.TEXT,
        "路灯 坏了",
    )


@pytest.mark.parametrize("content", ["", "  \n\t", "\u3000"])
def test_an_empty_text_is_no_text(content: str) -> None:
    assert text(content).kind is PushKind.OTHER
    assert parsed(body("text")).kind is PushKind.OTHER


def test_characters_that_xml_forbids_lose_no_message() -> None:
    xml = body("text", "<Content><![CDATA[路\x00灯\x08坏\x1b了\ufffe]]></Content>")
    assert parsed(xml).text == "路灯坏了"
    assert parsed(body("text", "<Content>a</Content>").replace(b"a<", b"\xe8\xb7a<")).text == "\ufffda"


@pytest.mark.parametrize(
    "said", ["]]>", "]]></Content><MsgType>news</MsgType><Content><![CDATA[", "&lt;&amp;", "👨‍👩‍👧"]
)
def test_what_looks_like_xml_stays_text(said: str) -> None:
    push = text(said)
    assert (push.text, push.kind) == (said, PushKind.TEXT)


def test_of_two_names_the_first_is_believed() -> None:
    assert text("a", "<FromUserName>somebody_else</FromUserName><Content>b</Content>").openid == OPENID


def test_a_tap_on_a_menu_item_keeps_its_id() -> None:
    push = text("查进度", "<bizmsgmenuid>1-2</bizmsgmenuid>")
    assert (push.kind, push.text, push.menu_id) == (PushKind.TEXT, "查进度", "1-2")


@pytest.mark.parametrize(
    "said",
    [
        "【收到不支持的消息类型，暂无法显示】",
        " 【收到不支持的消息类型,暂无法显示】",
        "[Unsupported Message]",
        "[unsupported message]",
    ],
)
def test_wechats_own_placeholder_is_nothing_the_citizen_said(said: str) -> None:
    assert text(said).kind is PushKind.UNSUPPORTED


def test_who_quotes_the_placeholder_says_something() -> None:
    assert text("为什么显示【收到不支持的消息类型，暂无法显示】？").kind is PushKind.TEXT
    assert len(placeholders.shipped().unsupported) > 2


def test_a_picture_has_its_id_and_its_address() -> None:
    inner = "<PicUrl><![CDATA[http://mmbiz.qpic.cn/x?a=1&b=2]]></PicUrl><MediaId><![CDATA[media_1]]></MediaId>"
    push = parsed(body("image", inner))
    assert (push.kind, push.media_id, push.picture_url) == (PushKind.IMAGE, "media_1", "http://mmbiz.qpic.cn/x?a=1&b=2")
    assert parsed(body("image", "<PicUrl>http://a/b</PicUrl>")).kind is PushKind.IMAGE


@pytest.mark.parametrize("kind", ["image", "voice", "link"])
def test_a_message_without_its_content_is_one_we_do_not_know(kind: str) -> None:
    assert parsed(body(kind)).kind is PushKind.OTHER


@pytest.mark.parametrize("recognition", ["", "<Recognition><![CDATA[]]></Recognition>", "<Recognition/>"])
def test_a_voice_has_the_better_recording_and_never_empty_words(recognition: str) -> None:
    push = parsed(
        body("voice", f"<MediaId>low</MediaId><Format>amr</Format><MediaId16K>high</MediaId16K>{recognition}")
    )
    assert (push.kind, push.media_id, push.voice_id, push.text) == (PushKind.VOICE, "low", "high", "")
    assert parsed(body("voice", f"<MediaId>low</MediaId>{recognition}")).voice_id == "low"
    assert parsed(body("voice", f"<MediaId>low</MediaId><MediaId16K/>{recognition}")).voice_id == "low"


@pytest.mark.parametrize("kind", ["video", "shortvideo"])
def test_videos(kind: str) -> None:
    push = parsed(body(kind, "<MediaId>v</MediaId><ThumbMediaId>t</ThumbMediaId>"))
    assert (push.kind, push.media_id) == (PushKind.VIDEO, "v")


def test_of_a_location_x_is_the_latitude() -> None:
    inner = "<Location_X>23.134521</Location_X><Location_Y>113.358803</Location_Y><Scale>20</Scale>"
    push = parsed(body("location", f"{inner}<Label><![CDATA[位置信息]]></Label>"))
    assert (push.kind, push.lat, push.lon, push.label) == (PushKind.LOCATION, 23.134521, 113.358803, "位置信息")
    assert parsed(body("location", f"{inner}<Label><![CDATA[]]></Label>")).label == ""


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("", "113"),
        ("23", ""),
        ("nan", "113"),
        ("inf", "113"),
        ("1e400", "1"),
        ("90.1", "113"),
        ("23", "-180.5"),
        ("23,1", "113"),
        ("2_3", "113"),
        ("二十三", "113"),
        ("9" * 5000, "1"),
    ],
)
def test_coordinates_that_lie_nowhere_are_no_place(x: str, y: str) -> None:
    push = parsed(body("location", f"<Location_X>{x}</Location_X><Location_Y>{y}</Location_Y><Label>家</Label>"))
    assert (push.kind, push.lat, push.lon) == (PushKind.OTHER, None, None)


def test_a_link_is_its_title_description_and_address() -> None:
    push = parsed(body("link", "<Title>停水</Title><Description/><Url><![CDATA[http://a/?b&c]]></Url>"))
    assert (push.kind, push.text) == (PushKind.LINK, "停水\nhttp://a/?b&c")
    assert parsed(body("link", "<Title>一</Title><Description>二</Description><Url>三</Url>")).text == "一\n二\n三"


@pytest.mark.parametrize("kind", ["file", "unknown", "TRANSFER", "消息"])
def test_a_message_of_a_type_that_we_do_not_know(kind: str) -> None:
    assert parsed(body(kind, "<Title>a</Title>")).kind is PushKind.OTHER


# -- events


@pytest.mark.parametrize(
    ("name", "key", "kind", "kept"),
    [
        ("subscribe", "", PushKind.FOLLOW, ""),
        ("subscribe", "qrscene_123", PushKind.FOLLOW, "123"),
        ("subscribe", "last_trade_no_4008", PushKind.FOLLOW, "last_trade_no_4008"),
        ("unsubscribe", "", PushKind.UNFOLLOW, ""),
        ("SCAN", "123", PushKind.SCAN, "123"),
        ("CLICK", "progress", PushKind.CLICK, "progress"),
        ("VIEW", "https://a/b", PushKind.SILENT, "https://a/b"),
        ("view_miniprogram", "pages/index", PushKind.SILENT, "pages/index"),
        ("LOCATION", "", PushKind.SILENT, ""),
        ("TEMPLATESENDJOBFINISH", "", PushKind.SILENT, ""),
        ("location_select", "6", PushKind.SILENT, "6"),
        ("pic_sysphoto", "6", PushKind.SILENT, "6"),
        ("pic_photo_or_album", "6", PushKind.SILENT, "6"),
        ("pic_weixin", "6", PushKind.SILENT, "6"),
        ("user_get_card", "", PushKind.SILENT, ""),
        ("debug_demo", "", PushKind.SILENT, ""),
    ],
)
def test_events(name: str, key: str, kind: PushKind, kept: str) -> None:
    push = parsed(event(name, f"<EventKey><![CDATA[{key}]]></EventKey><Ticket>t</Ticket>"))
    assert (push.kind, push.event, push.event_key, push.text) == (kind, name, kept, "")


def test_the_place_that_wechat_reports_by_itself_is_not_kept() -> None:
    push = parsed(event("LOCATION", "<Latitude>23.1</Latitude><Longitude>113.3</Longitude><Precision>1</Precision>"))
    assert (push.kind, push.lat, push.lon) == (PushKind.SILENT, None, None)


def test_an_event_without_a_name_is_silent() -> None:
    assert parsed(body("event", msg_id="")).kind is PushKind.SILENT


def test_what_was_scanned_is_said_only_where_an_answer_is_waited_for() -> None:
    inner = (
        "<EventKey>6</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>杆号 12</ScanResult></ScanCodeInfo>"
    )
    waits, goes = parsed(event("scancode_waitmsg", inner)), parsed(event("scancode_push", inner))
    assert (waits.kind, waits.text, waits.event_key) == (PushKind.CLICK, "杆号 12", "6")
    assert (goes.kind, goes.text) == (PushKind.SILENT, "")


def answer(template: str, said: str, scene: str = "") -> str:
    shown = f"<PopupScene>{scene}</PopupScene>" if scene else ""
    return f"<TemplateId>{template}</TemplateId><SubscribeStatusString>{said}</SubscribeStatusString>{shown}"


def test_consents_come_in_several_shapes() -> None:
    wrap = "<SubscribeMsgPopupEvent>{}</SubscribeMsgPopupEvent>".format
    several = wrap(f"<List>{answer('T1', 'accept', '2')}</List><List>{answer('T2', 'reject', '2')}</List>")
    push = parsed(event("subscribe_msg_popup_event", several))
    assert push.kind is PushKind.CONSENT
    assert push.consents == (Consent("T1", "accept", "2"), Consent("T2", "reject", "2"))
    for one in (wrap(f"<List>{answer('T1', 'accept', '0')}</List>"), wrap(answer("T1", "accept", "0"))):
        assert parsed(event("subscribe_msg_popup_event", one)).consents == (Consent("T1", "accept", "0"),)
    repeated = wrap(answer("T1", "accept")) + wrap(answer("T2", "accept"))
    assert len(parsed(event("subscribe_msg_popup_event", repeated)).consents) == 2
    changed = f"<SubscribeMsgChangeEvent><List>{answer('T1', 'reject')}</List></SubscribeMsgChangeEvent>"
    assert parsed(event("subscribe_msg_change_event", changed)).consents == (Consent("T1", "reject"),)
    assert parsed(event("subscribe_msg_popup_event", wrap("<List/>"))).consents == ()


@pytest.mark.parametrize(("code", "error"), [("0", 0), ("43101", 43101), ("", -1), ("none", -1), ("9" * 5000, -1)])
def test_what_became_of_a_notice(code: str, error: int) -> None:
    inner = (
        f"<SubscribeMsgSentEvent><List><TemplateId>T1</TemplateId><MsgID>17</MsgID><ErrorCode>{code}</ErrorCode>"
        "<ErrorStatus>said</ErrorStatus></List></SubscribeMsgSentEvent>"
    )
    push = parsed(event("subscribe_msg_sent_event", inner))
    assert (push.kind, push.sent) == (PushKind.NOTICE_SENT, (NoticeSent("T1", error, "said"),))


# -- keys


def test_a_message_that_is_pushed_again_has_the_same_key_and_another_one_has_not() -> None:
    assert text("a").key == text("a").key == f"m:{ID}"
    assert text("a", msg_id="1").key != text("a", msg_id="2").key


@pytest.mark.parametrize("msg_id", ["", "0", "x" * 200, "编号", "1 2"])
def test_without_a_usable_id_the_key_is_made_from_what_was_said(msg_id: str) -> None:
    one = text("路灯坏了", msg_id=msg_id)
    assert one.key == text("路灯坏了", msg_id=msg_id).key != text("路灯不亮", msg_id=msg_id).key
    assert one.key.startswith("m:") and len(one.key) == 42 and OPENID not in one.key


def test_an_event_has_one_key_by_who_when_what_and_which() -> None:
    key = "<EventKey>{}</EventKey>".format
    keys = [
        parsed(xml).key
        for xml in (
            event("CLICK", key("a")),
            event("CLICK", key("b")),
            event("VIEW", key("a")),
            event("CLICK", key("a"), time="1763800001"),
            event("CLICK", key("a"), openid="o2"),
            event("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID>"),
            event("TEMPLATESENDJOBFINISH", "<MsgID>2</MsgID>"),
            *(
                event(
                    "subscribe_msg_sent_event",
                    f"<SubscribeMsgSentEvent><List><TemplateId>{t}</TemplateId><MsgID>{m}</MsgID></List></SubscribeMsgSentEvent>",
                )
                for t, m in (("T1", 1), ("T1", 2), ("T2", 1))
            ),
            *(
                event(
                    "subscribe_msg_popup_event",
                    f"<SubscribeMsgPopupEvent><List>{answer(t, a)}</List></SubscribeMsgPopupEvent>",
                )
                for t, a in (("T1", "accept"), ("T1", "reject"), ("T2", "accept"))
            ),
        )
    ]
    assert len(set(keys)) == len(keys)
    assert all(one.startswith("e:") and len(one) == 42 for one in keys)
    assert parsed(event("CLICK", key("a"))).key == keys[0]


def test_what_stands_in_two_values_is_not_what_stands_in_one() -> None:
    assert (
        parsed(event("CLICKa", "<EventKey>b</EventKey>")).key != parsed(event("CLICK", "<EventKey>ab</EventKey>")).key
    )


# -- the rest


def test_the_sealed_part() -> None:
    assert sealed_part(b"<xml><Encrypt> <![CDATA[QUJD]]> </Encrypt></xml>") == "QUJD"
    assert sealed_part(b"<xml/>") == ""
    with pytest.raises(BadPush):
        sealed_part(b"<xml>")


def test_a_push_shows_nobody_and_nothing_said() -> None:
    push = parsed(
        body("location", "<Location_X>23.1345</Location_X><Location_Y>113.3588</Location_Y><Label>家</Label>")
    )
    shown = repr(push) + repr(text("我叫张三"))
    assert not any(secret in shown for secret in (OPENID, "23.1345", "113.3588", "家", "张三"))


BODIES = [
    body("text", f"<Content>{cdata('路灯坏了')}</Content>"),
    body("image", "<PicUrl>http://a/b</PicUrl><MediaId>m</MediaId>"),
    body("location", "<Location_X>23.1</Location_X><Location_Y>113.3</Location_Y><Label>家</Label>"),
    event("CLICK", "<EventKey>a</EventKey>"),
    event(
        "subscribe_msg_popup_event",
        f"<SubscribeMsgPopupEvent><List>{answer('T', 'accept')}</List></SubscribeMsgPopupEvent>",
    ),
]
PIECES = [
    b"<![CDATA[",
    b"]]>",
    b"<!DOCTYPE a>",
    b"&#0;",
    b"&a;",
    b"\x00",
    b"\xff",
    b"<xml>",
    b"</xml>",
    b"<?",
    b"\xed\xa0\x80",
]


def test_two_thousand_mutated_bodies_raise_nothing_but_bad_push() -> None:
    chance, taken, kept_out = random.Random(8), 0, 0
    for _ in range(2000):
        raw = bytearray(chance.choice(BODIES))
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(raw) or 1)
            match chance.randrange(5):
                case 0:
                    raw[place : place + 1] = bytes([chance.randrange(256)])
                case 1:
                    del raw[place : place + chance.randrange(1, 30)]
                case 2:
                    raw[place:place] = chance.choice(PIECES)
                case 3:
                    raw[place:place] = raw[place : place + chance.randrange(1, 60)]
                case 4:
                    raw = raw.replace(b"1", chance.choice([b"", b"nan", b"-", "１".encode(), b"9" * 400]))
        try:
            push = parsed(bytes(raw))
        except BadPush as refusal:
            assert refusal.status in (400, 413)
            kept_out += 1
        else:
            assert 0 < len(push.key) <= 64 and push.openid and "\x00" not in push.text
            taken += 1
    assert taken > 100 and kept_out > 1000
