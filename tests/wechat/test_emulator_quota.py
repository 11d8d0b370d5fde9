"""The emulator's quotas: who may be written to, how often and until when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_wechat import FakeWechat, NotPossible, Phone
from tests.wechat.test_emulator_api import SEND, TYPING, Caller

HOUR = 3600.0


@pytest.fixture
def fake() -> Iterator[FakeWechat]:
    with FakeWechat(patience=0.5) as running:
        yield running


@pytest.fixture
def phone(fake: FakeWechat) -> Phone:
    return fake.citizen("王")


@pytest.fixture
def api(fake: FakeWechat) -> Iterator[Caller]:
    caller = Caller(fake)
    yield caller
    caller.http.close()


def test_nobody_is_written_to_who_has_said_nothing(phone: Phone, api: Caller) -> None:
    assert api.text(phone.openid) == 45015
    assert api.text("nobody") == 40003
    assert phone.entries == []


def test_five_after_a_message_and_the_sixth_is_refused(fake: FakeWechat, phone: Phone, api: Caller) -> None:
    phone.say("路灯不亮").wait()
    assert [api.text(phone.openid) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    assert len(phone.heard("customer_service")) == 5
    assert fake.counters.wasted == 1


def test_the_window_of_a_message_is_forty_eight_hours(fake: FakeWechat, phone: Phone, api: Caller) -> None:
    phone.say("路灯不亮").wait()
    fake.clock.advance(48 * HOUR - 1)
    assert api.text(phone.openid) == 0
    fake.clock.advance(1)
    assert api.text(phone.openid) == 45015


def test_messages_do_not_add_up(phone: Phone, api: Caller) -> None:
    for words in ("一", "二", "三"):
        phone.say(words).wait()
    assert [api.text(phone.openid) for _ in range(6)] == [0] * 5 + [45047]


@pytest.mark.parametrize("act", ["click_menu", "scan"])
def test_three_within_a_minute_after_a_tap_or_a_scan(fake: FakeWechat, phone: Phone, api: Caller, act: str) -> None:
    getattr(phone, act)("a").wait()
    assert [api.text(phone.openid) for _ in range(4)] == [0, 0, 0, 45047]
    getattr(phone, act)("a").wait()
    fake.clock.advance(60)
    assert api.text(phone.openid) == 45015


def test_three_within_a_minute_after_a_follow(fake: FakeWechat, api: Caller) -> None:
    phone = fake.citizen(follows=False)
    with pytest.raises(NotPossible):
        phone.say("好")
    phone.follow("poster").wait()
    assert [api.text(phone.openid) for _ in range(4)] == [0, 0, 0, 45047]


def test_a_tap_on_an_item_of_a_menu_is_a_tap_and_no_message(fake: FakeWechat, phone: Phone, api: Caller) -> None:
    phone.say("路灯不亮").wait()
    menu = {"head_content": "哪里？", "list": [{"id": "a1", "content": "门口"}, {"id": "a2", "content": "路上"}]}
    assert api.post(SEND, {"touser": phone.openid, "msgtype": "msgmenu", "msgmenu": menu})["errcode"] == 0
    fake.clock.advance(48 * HOUR)
    record: Any = phone.tap(phone.last, "路上")
    fields = record.wait().fields
    assert (fields["MsgType"], fields["Content"], fields["bizmsgmenuid"]) == ("text", "路上", "a2")
    assert phone.left == 3
    fake.clock.advance(70)
    assert api.text(phone.openid) == 45015


def test_a_link_of_a_text_is_tapped_like_an_item_of_a_menu(phone: Phone, api: Caller) -> None:
    phone.say("好").wait()
    link = '<a href="weixin://bizmsgmenu?msgmenucontent=%E6%9F%A5%E8%BF%9B%E5%BA%A6&msgmenuid=m7">查进度</a>'
    assert api.text(phone.openid, f"请选择：{link}") == 0
    assert phone.last.text == "请选择：查进度"
    record: Any = phone.tap()
    assert (record.wait().fields["Content"], record.record.fields["bizmsgmenuid"]) == ("查进度", "m7")


def test_a_tap_gives_no_more_than_what_is_larger_and_takes_nothing_away(
    fake: FakeWechat, phone: Phone, api: Caller
) -> None:
    phone.say("一").wait()
    phone.click_menu("a").wait()
    assert phone.left == 5
    assert [api.text(phone.openid) for _ in range(4)] == [0] * 4
    assert phone.left == 1
    phone.click_menu("a").wait()
    assert phone.left == 3
    fake.clock.advance(61)
    assert phone.left == 1


def test_what_opens_no_window(fake: FakeWechat, phone: Phone, api: Caller) -> None:
    phone.auto_location(30.2, 120.1).wait()
    phone.answer_consent(fake.account.templates[0].id).wait()
    phone.send_event("VIEW", EventKey="https://city.example/").wait()
    assert api.text(phone.openid) == 45015


def test_who_has_left_is_not_written_to(fake: FakeWechat, phone: Phone, api: Caller) -> None:
    phone.say("好").wait()
    phone.unfollow().wait()
    assert api.text(phone.openid) == 45015
    phone.follow().wait()
    assert phone.left == 3
    fake.citizens[phone.openid].blocks = True
    assert api.text(phone.openid) == 48002


@pytest.mark.parametrize(("words", "code"), [("字" * 682 + "ab", 0), ("字" * 682 + "abc", 45002), ("", 44004)])
def test_a_text_has_at_most_2048_bytes(phone: Phone, api: Caller, words: str, code: int) -> None:
    phone.say("好").wait()
    assert api.text(phone.openid, words) == code


def test_who_sends_escaped_letters_shows_escaped_letters(phone: Phone, api: Caller) -> None:
    phone.say("好").wait()
    body = b'{"touser":"%s","msgtype":"text","text":{"content":"\\u597d a\\nb"}}' % phone.openid.encode()
    assert api.post(SEND, body)["errcode"] == 0
    assert phone.last.text == "\\u597d a\nb"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"msgtype": "none"}, 40008),
        ({"msgtype": "text"}, 47001),
        ({"msgtype": "image", "image": {"media_id": "no"}}, 40007),
        ({"msgtype": "news", "news": {"articles": [{"title": "a"}, {"title": "b"}]}}, 45008),
        ({"msgtype": "msgmenu", "msgmenu": {"list": []}}, 47001),
    ],
)
def test_a_message_that_is_wrong_costs_nothing(phone: Phone, api: Caller, body: dict[str, Any], code: int) -> None:
    phone.say("好").wait()
    assert api.post(SEND, {"touser": phone.openid, **body})["errcode"] == code
    assert phone.left == 5


def test_generated_text_is_marked(phone: Phone, api: Caller) -> None:
    phone.say("好").wait()
    body = {"touser": phone.openid, "msgtype": "text", "text": {"content": "答"}, "aimsgcontext": {"is_ai_msg": 1}}
    api.post(SEND, body)
    assert phone.last.ai
    assert "第三方AI生成" in phone.shown()


def test_typing_needs_a_word_of_the_last_thirty_seconds_and_is_not_said_twice(
    fake: FakeWechat, phone: Phone, api: Caller
) -> None:
    def typing(command: str = "Typing") -> int:
        return int(api.post(TYPING, {"touser": phone.openid, "command": command})["errcode"])

    assert typing() == 45080
    phone.say("好").wait()
    assert typing("Thinking") == 45072
    assert typing() == 0
    assert phone.typing
    assert typing() == 45081
    assert typing("CancelTyping") == 0
    assert not phone.typing
    assert typing() == 0
    api.text(phone.openid)
    assert not phone.typing
    fake.clock.advance(31)
    assert typing() == 45080
