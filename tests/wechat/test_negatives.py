"""Attacks and odd pushes through the real hook, each with data of our own: what must never get in, or never break."""

from __future__ import annotations

import pytest

from tests.fakes import FakeClock, FakeListener
from tests.wechat.conftest import Door

ECHO = "1616140317555161061"


def refused(door: Door, status: int, answer_status: int, content: bytes, listener: FakeListener) -> None:
    assert answer_status == status
    assert content == b""
    assert listener.said == []


# -- who is not WeChat ---------------------------------------------------------------------------------------------


def test_a_check_that_is_signed_with_another_token_is_not_echoed(door: Door) -> None:
    """Bad signature."""
    door.account.token = "another"
    answer = door.client.get("/wechat", params=door.query(echostr=ECHO))
    assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize("gone", ["signature", "timestamp", "nonce"])
def test_a_check_that_lacks_something_is_refused_and_no_error(door: Door, gone: str) -> None:
    """Missing parameters."""
    query = {name: value for name, value in door.query(echostr=ECHO).items() if name != gone}
    assert door.client.get("/wechat", params=query).status_code == 403


@pytest.mark.parametrize("signed", [None, "", "0" * 40])
def test_the_signature_of_the_address_is_not_enough_in_safe_mode(
    door: Door, listener: FakeListener, signed: str | None
) -> None:
    """Safe mode, only the address is signed."""
    query, body = door.sealed(door.message(Content="你好"))
    query.pop("msg_signature")
    answer = door.post(query if signed is None else {**query, "msg_signature": signed}, body)
    refused(door, 403, answer.status_code, answer.content, listener)


def test_a_plain_push_to_a_safe_account_is_refused(door: Door, listener: FakeListener) -> None:
    """Plain in safe mode."""
    answer = door.post(door.query(), door.message(Content="你好").encode())
    refused(door, 403, answer.status_code, answer.content, listener)


def test_a_push_for_another_account_is_refused(door: Door, listener: FakeListener) -> None:
    """Another app id at the end."""
    xml = door.message(Content="你好")
    door.seal._appid = b"wx_other"
    answer = door.push(xml)
    refused(door, 403, answer.status_code, answer.content, listener)


def test_a_push_that_was_changed_on_the_way_is_refused(door: Door, listener: FakeListener) -> None:
    """Tampered: the old signature over other bytes."""
    query, body = door.sealed(door.message(Content="你好"))
    start = body.index(b"<Encrypt><![CDATA[") + len(b"<Encrypt><![CDATA[")
    answer = door.post(query, body[:start] + b"AAAAAAAA" + body[start + 8 :])
    refused(door, 403, answer.status_code, answer.content, listener)


@pytest.mark.parametrize("encrypt", ["!!!not-base64!!!", "QUJD", "AAAA" * 8])
def test_what_is_no_base64_or_no_whole_blocks_is_refused_though_it_is_signed(
    door: Door, listener: FakeListener, encrypt: str
) -> None:
    """Base64, block length."""
    answer = door.push("", encrypt=encrypt)
    assert answer.status_code in (400, 403)
    refused(door, answer.status_code, answer.status_code, answer.content, listener)


def test_an_old_push_is_refused_and_a_push_that_came_before_is_known_though_it_is_signed_anew(
    door: Door, clock: FakeClock, listener: FakeListener
) -> None:
    """The window of the time-stamp."""
    xml = door.message(Content="路灯不亮。")
    old = door.sealed(xml)
    assert door.said(door.push(xml))
    clock.move(seconds=301)
    assert door.post(*old).status_code == 403
    assert door.said(door.push(xml))
    assert len(listener.said) == 1


@pytest.mark.parametrize(
    "head",
    [
        "<!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol2 '&lol;&lol;&lol;'>]>",
        "<!DOCTYPE x [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>",
        "<!DOCTYPE xml>",
    ],
    ids=["entities", "external", "bare"],
)
def test_a_dtd_is_refused_inside_the_seal_and_outside(door: Door, listener: FakeListener, head: str) -> None:
    """DTD, XXE."""
    inside = door.push(head + door.message(Content="&lol;"))
    query, body = door.sealed(door.message(Content="你好"))
    outside = door.post(query, head.encode() + body)
    for answer in (inside, outside):
        assert 400 <= answer.status_code < 500
        assert answer.content == b""
    assert listener.said == []


def test_two_megabytes_are_refused_unread(door: Door, listener: FakeListener) -> None:
    """Huge."""
    assert door.post(door.query(encrypt_type="aes"), b"<xml>" + b"x" * 2 * 1024 * 1024).status_code == 413
    assert listener.said == []


# -- what citizens may say -------------------------------------------------------------------------------------------


def test_an_echo_of_xml_stays_text(door: Door) -> None:
    """CDATA injection: the reply's XML has one Content and it is the citizen's words."""
    said = "]]></Content><MsgType>news</MsgType><Content><![CDATA["
    answer = door.push(
        door.message(Content="a").replace("<![CDATA[a]]>", said.replace("<", "&lt;").replace(">", "&gt;"))
    )
    assert said in door.said(answer)


@pytest.mark.parametrize("words", ["/restart", "/session_start", '/inform{"phone":"1"}'])
def test_a_command_of_rasa_s_is_words(door: Door, listener: FakeListener, words: str) -> None:
    """Slash intents."""
    assert door.said(door.push(door.message(Content=words)))
    (said,) = listener.said
    assert said.payload is None
    assert not (said.heard or said.text).startswith("/")


def test_a_push_that_comes_three_times_is_one_turn_with_one_reply(door: Door, listener: FakeListener) -> None:
    """The same MsgId."""
    xml = door.message(Content="路灯不亮。", number=7)
    replies = {door.said(door.push(xml)) for _ in range(3)}
    assert len(replies) == 1
    assert len(listener.said) == 1


def test_an_event_that_comes_three_times_is_one_turn(door: Door, listener: FakeListener) -> None:
    """No MsgId: known by who and when."""
    xml = door.message("event", Event="CLICK", EventKey="say:start_report")
    replies = {door.said(door.push(xml)) for _ in range(3)}
    assert len(replies) == 1
    assert len(listener.said) == 1


def test_what_wechat_does_not_pass_on_gets_a_kind_word_and_is_not_heard(door: Door, listener: FakeListener) -> None:
    """Unsupported."""
    assert "请" in door.said(door.push(door.message(Content="【收到不支持的消息类型，暂无法显示】")))
    assert listener.said == []


@pytest.mark.parametrize("more", [{"Recognition": ""}, {}])
def test_a_recording_without_its_words_is_never_an_empty_turn(
    door: Door, listener: FakeListener, more: dict[str, str]
) -> None:
    """Empty recognition; its bytes cannot be had either."""
    assert door.said(door.push(door.message("voice", MediaId="m1", Format="amr", MediaId16K="m2", **more)))
    assert all((said.text or "").strip() for said in listener.said)


def test_an_empty_text_is_answered_and_not_heard(door: Door, listener: FakeListener) -> None:
    assert door.said(door.push(door.message(Content="")))
    assert listener.said == []


def test_an_answer_of_2049_bytes_is_divided_between_characters(door: Door, listener: FakeListener) -> None:
    """A long reply: the rest goes by customer service, within its five messages."""
    long = "路" * 683
    listener.answers = lambda said: [type(door.services.conversing.greeting())(long)]
    first = door.said(door.push(door.message(Content="说长一点")))
    door.services.wechat.delivering.run_due()
    texts = [first, *(text for _, text in door.api.sent)]
    assert "".join(texts) == long
    assert all(len(text.encode()) <= 2048 for text in texts)
    assert len(door.api.sent) <= 5
