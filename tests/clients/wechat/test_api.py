"""WeChat's API as our client sees it: refusals, faults, time, the token, and what must never be said."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from integrations.clients.wechat.api import LONGEST_ANSWER, WechatClient
from integrations.clients.wechat.breaker import Breaker
from integrations.clients.wechat.pictures import LARGEST
from integrations.clients.wechat.tokens import SharedTokens
from integrations.services.errors import NeedsPerson, Rejected, ServiceError, TryLater
from integrations.services.wechat import errors
from tests.clients.wechat import server as fake
from tests.clients.wechat.server import (
    APPID,
    CODE,
    MEDIA,
    NOTICE,
    OPENID,
    SECRET,
    SEND,
    SIGN_IN,
    TEXT,
    TOKEN,
    TYPING,
    Bench,
    Reply,
    code,
    fails,
    says,
    serving,
    write,
)

NOWHERE = "redis://127.0.0.1:1/0"
JPEG = b"\xff\xd8\xff photo"
VECTORS = Path(os.environ.get("JIESU_VECTORS", "nowhere")) / "api_responses"


@pytest.fixture
def bench(redis_url: str) -> Bench:
    return Bench(redis_url)


def send(bench: Bench, *replies: Reply, **given: Any) -> None:
    bench.wechat.script(SEND, *replies)
    bench.client(**given).send_text(OPENID, TEXT)


# -- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (40003, errors.Unreachable),
        (43004, errors.Unreachable),
        (48002, errors.Unreachable),
        (45015, errors.OutOfWindow),
        (45047, errors.CountUsed),
        (45002, errors.TooLong),
        (48001, errors.NoPermission),
        (40164, errors.SetUpWrong),
        (99999, Rejected),
        ("45047", errors.CountUsed),
    ],
)
def test_a_refusal_is_named_by_what_to_do_and_asked_once(bench: Bench, number: int | str, kind: type) -> None:
    with pytest.raises(kind) as caught:
        send(bench, code(number))
    assert type(caught.value) is kind
    assert len(bench.wechat.calls(SEND)) == 1


@pytest.mark.parametrize("number", [45009, 45011])
def test_a_used_up_quota_is_waited_for_and_not_tried_again_at_once(bench: Bench, number: int) -> None:
    with pytest.raises(errors.QuotaUsed) as caught:
        send(bench, code(number))
    assert caught.value.unheard
    assert (caught.value.after or 0) >= 60
    assert len(bench.wechat.calls(SEND)) == 1


def test_busy_is_tried_three_times_with_a_growing_pause(bench: Bench) -> None:
    with pytest.raises(TryLater) as caught:
        send(bench, code(-1))
    assert caught.value.unheard
    assert len(bench.wechat.calls(SEND)) == 3
    assert 0 < bench.ticks.slept[0] < bench.ticks.slept[1] < 1


def test_busy_for_a_moment_is_not_noticed(bench: Bench) -> None:
    send(bench, code(-1), code(-1), says())
    assert len(bench.wechat.calls(SEND)) == 3


def test_no_try_begins_after_the_deadline_of_the_call(bench: Bench) -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        bench.ticks.now += 4.9
        return code(-1)(request)

    with pytest.raises(TryLater):
        send(bench, slow)
    assert len(bench.wechat.calls(SEND)) == 1


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("many")]
)
def test_no_connection_is_tried_three_times_and_was_surely_not_heard(bench: Bench, error: Exception) -> None:
    with pytest.raises(TryLater) as caught:
        send(bench, fails(error))
    assert caught.value.unheard
    assert len(bench.wechat.calls(SEND)) == 3


@pytest.mark.parametrize(
    "reply",
    [
        fails(httpx.ReadTimeout("slow")),
        fails(httpx.WriteTimeout("slow")),
        fails(httpx.ReadError("reset")),
        fails(httpx.RemoteProtocolError("cut")),
        says(b"", 500),
        says(b"<html>bad gateway</html>", 502),
        says({"errcode": 0}, 503),
        says(b"<html>hello</html>", content_type="text/html"),
        says(b""),
        says(b'{"errcode": 0'),
        says(b"\xff\xfe{}"),
        says(b"[" * 100_000),
        says([0]),
        says({}),
        says({"errmsg": "ok"}),
        says({"errcode": "ok"}),
        says({"errcode": True}),
        says({"errcode": 0.5}),
        says({"errcode": [0]}),
        says({"errcode": "9" * 5000}),
        says(b" " * (LONGEST_ANSWER + 1)),
        says({"errcode": 0}, content_encoding="gzip"),
        says(b"", 408),
    ],
)
def test_what_may_have_been_taken_is_in_doubt_and_never_sent_again(bench: Bench, reply: Reply) -> None:
    with pytest.raises(TryLater) as caught:
        send(bench, reply)
    assert not caught.value.unheard
    assert len(bench.wechat.calls(SEND)) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(301, NeedsPerson), (302, NeedsPerson), (404, NeedsPerson), (403, NeedsPerson), (413, Rejected)],
)
def test_who_does_not_answer_as_wechat_does_is_shown_to_a_person(bench: Bench, status: int, kind: type) -> None:
    with pytest.raises(kind):
        send(bench, says(b"<html>", status, location="https://evil.example/"))
    assert [request.url.host for request in bench.wechat.calls(SEND)] == ["api.weixin.qq.com"]


def test_an_error_code_counts_whatever_the_status(bench: Bench) -> None:
    with pytest.raises(errors.CountUsed):
        send(bench, says({"errcode": 45047}, 500))


def test_after_several_failures_wechat_is_left_alone(bench: Bench) -> None:
    client = bench.client(breaker=Breaker(failures=3, ticks=bench.ticks))
    bench.wechat.script(SEND, says(b"", 500))
    for _ in range(3):
        with pytest.raises(TryLater):
            client.send_text(OPENID, TEXT)
    with pytest.raises(errors.CircuitOpen) as caught:
        client.send_text(OPENID, TEXT)
    assert caught.value.unheard
    assert len(bench.wechat.calls(SEND)) == 3
    bench.wechat.script(SEND, says())
    bench.ticks.now += 10
    client.send_text(OPENID, TEXT)


def test_refusals_of_single_citizens_do_not_stop_the_others(bench: Bench) -> None:
    client = bench.client(breaker=Breaker(failures=3, ticks=bench.ticks))
    bench.wechat.script(SEND, *[code(45015)] * 9, says())
    for _ in range(9):
        with pytest.raises(errors.OutOfWindow):
            client.send_text(OPENID, TEXT)
    client.send_text(OPENID, TEXT)


# -- the token -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [40001, 40014, 42001, "42001"])
def test_a_refused_token_is_replaced_once(bench: Bench, number: int) -> None:
    send(bench, code(number), says())
    assert bench.wechat.tokens_used(SEND) == ["token-1", "token-2"]
    assert bench.wechat.forced == 1


@pytest.mark.parametrize("number", [40001, 40014, 42001])
def test_a_token_that_is_refused_again_needs_a_person_after_two_calls(bench: Bench, number: int) -> None:
    with pytest.raises(errors.SetUpWrong, match=str(number)):
        send(bench, code(number))
    assert len(bench.wechat.calls(SEND)) == 2
    assert [alarm.code for alarm in bench.client().alarms()] == [number]


def test_a_token_that_another_process_has_replaced_is_used_without_a_fetch(bench: Bench) -> None:
    def replaced_meanwhile(request: httpx.Request) -> httpx.Response:
        with redis.Redis.from_url(bench.redis_url, decode_responses=True) as client:
            (name,) = client.keys("*:access")
            client.set(name, "token-of-another")
        return code(42001)(request)

    send(bench, replaced_meanwhile, says())
    assert bench.wechat.tokens_used(SEND) == ["token-1", "token-of-another"]
    assert len(bench.wechat.calls(TOKEN)) == 1


def test_one_token_serves_all_calls_and_is_asked_for_without_force(bench: Bench) -> None:
    for _ in range(3):
        bench.client().send_text(OPENID, TEXT)
    (body,) = bench.wechat.bodies(TOKEN)
    assert body == {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, "force_refresh": False}


@pytest.mark.parametrize("number", [40001, 40013, 40125, 40164, 40243])
def test_a_wrong_secret_needs_a_person_at_once(bench: Bench, number: int) -> None:
    bench.wechat.script(TOKEN, code(number))
    with pytest.raises(errors.SetUpWrong):
        bench.client().send_text(OPENID, TEXT)
    assert len(bench.wechat.asked) == 1


def test_the_address_that_is_not_on_the_list_is_named(bench: Bench) -> None:
    bench.wechat.script(
        TOKEN, says({"errcode": 40164, "errmsg": "invalid ip 203.0.113.7 ipv6 ::ffff, not in whitelist"})
    )
    with pytest.raises(errors.SetUpWrong, match=r"203\.0\.113\.7"):
        bench.client().ping()


@pytest.mark.parametrize(
    "reply",
    [
        fails(httpx.ReadTimeout("slow")),
        says(b"", 500),
        says({}),
        says({"access_token": "", "expires_in": 7200}),
        says({"access_token": 5, "expires_in": 7200}),
        says({"access_token": "a b", "expires_in": 7200}),
        says({"access_token": "x" * 5000, "expires_in": 7200}),
        says({"access_token": "token", "expires_in": "soon"}),
        says({"access_token": "token"}),
    ],
)
def test_without_a_token_nothing_was_sent_whatever_became_of_the_token(bench: Bench, reply: Reply) -> None:
    bench.wechat.script(TOKEN, reply)
    with pytest.raises(TryLater) as caught:
        bench.client().send_text(OPENID, TEXT)
    assert caught.value.unheard
    assert bench.wechat.calls(SEND) == []


def test_without_redis_nothing_is_sent(bench: Bench) -> None:
    with pytest.raises(TryLater) as caught:
        send(bench, says(), tokens=SharedTokens(NOWHERE, APPID))
    assert caught.value.unheard
    assert bench.wechat.asked == []


def test_a_ticket_is_fetched_once_for_everybody_and_with_a_fresh_token(bench: Bench) -> None:
    bench.wechat.script(fake.TICKET, code(42001), says({"errcode": 0, "ticket": "ticket-1", "expires_in": 7200}))
    assert [bench.client().jsapi_ticket() for _ in range(3)] == ["ticket-1"] * 3
    assert bench.wechat.tokens_used(fake.TICKET) == ["token-1", "token-2"]
    assert bench.wechat.calls(fake.TICKET)[0].url.params["type"] == "jsapi"


# -- what is sent ----------------------------------------------------------------------------------------------------


def test_a_text_goes_out_in_its_own_characters(bench: Bench) -> None:
    send(bench, says())
    (request,) = bench.wechat.calls(SEND)
    assert TEXT.encode() in request.content
    assert json.loads(request.content) == {"touser": OPENID, "msgtype": "text", "text": {"content": TEXT}}


def test_half_a_character_does_not_stop_a_message(bench: Bench) -> None:
    bench.client().send_text(OPENID, "灯\ud83d坏")
    assert bench.wechat.bodies(SEND)[0]["text"]["content"] == "灯?坏"


def test_a_notice_has_its_fields_as_wechat_wants_them_and_a_page_only_where_there_is_one(bench: Bench) -> None:
    client = bench.client()
    client.send_notice(OPENID, "template-1", {"thing1": "路灯", "time2": "2026-11-20"})
    client.send_notice(OPENID, "template-1", {"thing1": "路灯"}, page="https://city.example/")
    first, second = bench.wechat.bodies(NOTICE)
    assert first == {
        "touser": OPENID,
        "template_id": "template-1",
        "data": {"thing1": {"value": "路灯"}, "time2": {"value": "2026-11-20"}},
    }
    assert second["page"] == "https://city.example/"


@pytest.mark.parametrize(
    ("number", "kind"), [(43101, errors.ConsentGone), (47003, errors.SetUpWrong), (40037, errors.SetUpWrong)]
)
def test_a_notice_that_is_refused_says_why(bench: Bench, number: int, kind: type) -> None:
    bench.wechat.script(NOTICE, code(number))
    with pytest.raises(kind):
        bench.client().send_notice(OPENID, "template-1", {})


def test_typing_is_shown(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.client().typing(OPENID)
    assert bench.wechat.bodies(TYPING) == [{"touser": OPENID, "command": "Typing"}]
    assert caplog.records == []


@pytest.mark.parametrize(
    "reply",
    [code(-1), code(40001), code(45009), code(48001), says(b"", 500), says({}), fails(httpx.ReadTimeout("slow"))],
)
def test_typing_is_tried_once_and_disturbs_nobody(bench: Bench, reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    bench.wechat.script(TYPING, reply)
    bench.client().typing(OPENID)
    assert len(bench.wechat.calls(TYPING)) == 1
    assert "typing was not shown" in caplog.text
    assert OPENID not in caplog.text


@pytest.mark.parametrize("number", [45072, 45080, 45081])
def test_that_typing_shows_already_is_not_worth_a_word(
    bench: Bench, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    bench.wechat.script(TYPING, code(number))
    bench.client().typing(OPENID)
    assert caplog.records == []


# -- what citizens send ----------------------------------------------------------------------------------------------


def test_a_picture_is_fetched_by_its_media_id(bench: Bench) -> None:
    bench.wechat.script(fake.GET_MEDIA, says(JPEG, content_type="image/jpeg", content_disposition="attachment"))
    assert bench.client().media(MEDIA) == JPEG
    assert bench.wechat.calls(fake.GET_MEDIA)[0].url.params["media_id"] == MEDIA


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (code(40007), errors.MediaGone),
        (says({"errcode": 40007}, content_type="text/plain"), errors.MediaGone),
        (says({"errcode": 40007}, content_type="image/jpeg"), errors.MediaGone),
        (says({"video_url": "http://video.example/"}), errors.MediaGone),
        (says(b"", content_type="image/jpeg"), errors.MediaGone),
        (says(b"x" * (LARGEST + 1), content_type="image/jpeg"), errors.MediaTooLarge),
        (says(b"x", content_type="image/jpeg", content_length=str(LARGEST + 1)), errors.MediaTooLarge),
        (says(b"<html>", content_type="text/html"), TryLater),
        (says(JPEG, 500, content_type="image/jpeg"), TryLater),
        (fails(httpx.ReadTimeout("slow")), TryLater),
        (code(45009), errors.QuotaUsed),
        (code(40164), errors.SetUpWrong),
    ],
)
def test_media_that_do_not_come_say_why(bench: Bench, reply: Reply, kind: type) -> None:
    bench.wechat.script(fake.GET_MEDIA, reply)
    with pytest.raises(kind):
        bench.client().media(MEDIA)


def test_media_without_a_length_are_cut_off_where_they_grow_too_large(bench: Bench) -> None:
    pieces = 0

    def endless() -> Iterator[bytes]:
        nonlocal pieces
        while True:
            pieces += 1
            yield b"x" * 65_536

    bench.wechat.script(
        fake.GET_MEDIA, lambda _request: httpx.Response(200, content=endless(), headers={"content-type": "image/jpeg"})
    )
    with pytest.raises(errors.MediaTooLarge):
        bench.client().media(MEDIA)
    assert pieces <= LARGEST // 65_536 + 2


def test_media_with_a_refused_token_come_with_a_new_one(bench: Bench) -> None:
    bench.wechat.script(fake.GET_MEDIA, code(42001), says(JPEG, content_type="image/jpeg"))
    assert bench.client().media(MEDIA) == JPEG


def test_who_signed_in_is_asked_with_the_secret_and_without_a_token(bench: Bench) -> None:
    bench.wechat.script(SIGN_IN, says({"access_token": "page", "expires_in": 7200, "openid": OPENID}))
    assert bench.client().openid_of(CODE) == OPENID
    (request,) = bench.wechat.asked
    assert dict(request.url.params) == {
        "appid": APPID,
        "secret": SECRET,
        "code": CODE,
        "grant_type": "authorization_code",
    }


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (code(40029), errors.CodeUsed),
        (code(40163), errors.CodeUsed),
        (code(40125), errors.SetUpWrong),
        (code(40001), errors.SetUpWrong),
        (says({"openid": ""}), TryLater),
        (says({"openid": "a b"}), TryLater),
        (says({"openid": 7}), TryLater),
        (says({"errcode": 0}), TryLater),
    ],
)
def test_a_sign_in_that_fails_says_why(bench: Bench, reply: Reply, kind: type) -> None:
    bench.wechat.script(SIGN_IN, reply)
    with pytest.raises(kind):
        bench.client().openid_of(CODE)


@pytest.mark.parametrize("odd", ["", "a b", "a&appid=x", "灯", "x" * 600, "a\n"])
def test_a_code_that_is_none_is_not_even_asked_about(bench: Bench, odd: str) -> None:
    with pytest.raises(errors.CodeUsed):
        bench.client().openid_of(odd)
    assert bench.wechat.asked == []


# -- the account -----------------------------------------------------------------------------------------------------


def test_a_menu_is_made_read_and_deleted(bench: Bench) -> None:
    menu = {"button": [{"type": "click", "name": "我要投诉", "key": "complain"}]}
    bench.wechat.script(fake.MENU, says({"menu": menu}))
    client = bench.client()
    client.make_menu(menu)
    assert client.menu() == {"menu": menu}
    client.delete_menu()
    assert "我要投诉".encode() in bench.wechat.calls("/cgi-bin/menu/create")[0].content
    assert len(bench.wechat.calls("/cgi-bin/menu/delete")) == 1


def test_an_account_without_a_menu_has_none(bench: Bench) -> None:
    bench.wechat.script(fake.MENU, code(46003))
    assert bench.client().menu() is None


def test_a_ping_uses_a_token_and_callback_addresses_are_listed(bench: Bench) -> None:
    bench.wechat.script(fake.DOMAIN, says({"ip_list": ["192.0.2.1"]}))
    bench.wechat.script(fake.CALLBACK, says({"ip_list": ["192.0.2.1", "192.0.2.2"]}))
    client = bench.client()
    client.ping()
    assert client.callback_ips() == ["192.0.2.1", "192.0.2.2"]
    bench.wechat.script(fake.CALLBACK, says({"ip_list": "192.0.2.1"}))
    with pytest.raises(TryLater):
        client.callback_ips()


# -- alarms ----------------------------------------------------------------------------------------------------------


def test_what_needs_a_person_is_said_once_in_ten_minutes_and_counted(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.wechat.script(SEND, code(48001))
    for client in (bench.client(), bench.client()):
        for _ in range(2):
            with pytest.raises(errors.NoPermission):
                client.send_text(OPENID, TEXT)
    said = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(said) == 1
    assert "48001" in said[0].getMessage()
    assert "JIESU_WECHAT_VERIFIED" in said[0].getMessage()
    (alarm,) = bench.client().alarms()
    assert (alarm.code, alarm.times) == (48001, 4)
    assert "no permission" in alarm.meaning
    with redis.Redis.from_url(bench.redis_url) as store:
        assert 86_000 < store.ttl("jiesu:wechat:alarm:48001") <= 86_400
        assert 0 < store.ttl("jiesu:wechat:said:48001") <= 600


def test_alarms_stand_where_the_tokens_stand_unless_told_otherwise(redis_url: str) -> None:
    with serving(lambda handler: write(handler, {"errcode": 48001})) as server:
        tokens = SharedTokens(redis_url, APPID)
        client = WechatClient(APPID, SECRET, base_url=server.url, picture_url=server.url, tokens=tokens)
        with pytest.raises(errors.NoPermission):
            client.send_text(OPENID, TEXT)
    assert [alarm.code for alarm in Bench(redis_url).client().alarms()] == [48001]


def test_alarms_that_were_cleared_are_gone_and_said_anew(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    client = bench.client()
    for _ in range(2):
        with pytest.raises(errors.QuotaUsed):
            send(bench, code(45009))
        client.clear_alarms()
    assert client.alarms() == []
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 2


def test_one_citizens_refusal_raises_no_alarm(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    for number in (40003, 45015, 45047, 45011, -1, 43101):
        with pytest.raises(ServiceError):
            send(bench, code(number))
    assert bench.client().alarms() == []
    assert caplog.records == []


def test_an_alarm_is_said_once_even_where_redis_is_away(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(redis_url)
    bench.wechat.script(SEND, code(48001))
    client = bench.client(alarms_url=NOWHERE)
    for _ in range(2):
        with pytest.raises(errors.NoPermission):
            client.send_text(OPENID, TEXT)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1
    with pytest.raises(TryLater):
        client.alarms()


# -- nothing is said that must not be --------------------------------------------------------------------------------

REPLIES = [
    *[code(number) for number in (-1, 40001, 40003, 40007, 40029, 40125, 40164, 43101, 45002, 45009, 45015, 45047)],
    *[code(number) for number in (46003, 47003, 48001, 48002, 99999)],
    says({OPENID: TEXT, "errmsg": SECRET}),
    says({"errcode": OPENID}),
    says(f"<html>{OPENID} {TEXT} {SECRET}".encode(), content_type="text/html"),
    says(f"{OPENID} {TEXT}".encode(), 500),
    says(b"", 302, location=f"https://evil.example/?{OPENID}"),
    says(b"", 404),
    fails(httpx.ConnectError(f"{OPENID} {SECRET} {TEXT}")),
    fails(httpx.ReadTimeout(f"{OPENID} {SECRET} {TEXT}")),
    fails(httpx.RemoteProtocolError(f"{OPENID} {SECRET} {TEXT}")),
    says(b"x" * (LARGEST + 1), content_type="image/jpeg"),
]
CALLS: list[tuple[str, Callable[[WechatClient], object]]] = [
    (SEND, lambda client: client.send_text(OPENID, TEXT)),
    (TYPING, lambda client: client.typing(OPENID)),
    (NOTICE, lambda client: client.send_notice(OPENID, "template-1", {"thing1": TEXT})),
    (fake.GET_MEDIA, lambda client: client.media(MEDIA)),
    (SIGN_IN, lambda client: client.openid_of(CODE)),
    (fake.TICKET, lambda client: client.jsapi_ticket()),
    (TOKEN, lambda client: client.send_text(OPENID, TEXT)),
    ("/mmbiz_jpg/secret-way", lambda client: client.picture("https://mmbiz.qpic.cn/mmbiz_jpg/secret-way")),
]
UNSAID = (OPENID, TEXT, SECRET, CODE, MEDIA, "token-1", "token-2", "secret-way", "oTEST", "楼下")


def chain(error: BaseException | None) -> str:
    """All that a traceback could show of an error and of what led to it."""
    said = ""
    while error is not None:
        said += f"{error} {error.args!r} "
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return said


@pytest.mark.parametrize(("path", "call"), CALLS, ids=[path for path, _ in CALLS])
def test_no_failure_names_a_citizen_a_secret_or_a_word_in_errors_or_logs(
    bench: Bench, path: str, call: Callable[[WechatClient], object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    failures = 0
    for reply in REPLIES:
        with redis.Redis.from_url(bench.redis_url) as store:
            store.flushdb()
        for host in (bench.wechat, bench.pictures):
            host.script(path, reply)
        try:
            call(bench.client())
        except ServiceError as error:
            failures += 1
            said = chain(error)
            assert not [word for word in UNSAID if word in said]
    assert failures >= len(REPLIES) - 3 or path == TYPING
    assert not [word for word in UNSAID if word in caplog.text]
    assert APPID not in caplog.text


def test_a_real_connections_logs_name_the_path_and_no_secret(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(write) as server:
        client = Bench(redis_url).client(server.url)
        client.send_text(OPENID, TEXT)
        client.typing(OPENID)
    assert SEND in caplog.text
    assert not [word for word in (*UNSAID, APPID) if word in caplog.text]


# -- a real connection -----------------------------------------------------------------------------------------------


def timed(call: Callable[[], object]) -> tuple[TryLater, float]:
    began = time.monotonic()
    with pytest.raises(TryLater) as caught:
        call()
    return caught.value, time.monotonic() - began


def hang(_handler: Any) -> None:
    time.sleep(3)


@pytest.mark.parametrize("fault", [hang, fake.drip_body, fake.drip_head], ids=["hangs", "drips", "drips its head"])
def test_a_byte_now_and_then_does_not_prolong_a_call(redis_url: str, fault: fake.Answer) -> None:
    with serving(fault) as server:
        client = Bench(redis_url).client(server.url, seconds=0.6)
        error, took = timed(lambda: client.send_text(OPENID, TEXT))
        assert not error.unheard
        assert took < 2.5
        assert len(server.heard[SEND]) == 1


def test_a_connection_that_is_cut_after_the_request_leaves_a_doubt_and_no_second_message(redis_url: str) -> None:
    with serving(fake.cut) as server:
        client = Bench(redis_url).client(server.url)
        error, _ = timed(lambda: client.send_text(OPENID, TEXT))
        assert not error.unheard
        assert len(server.heard[SEND]) == 1


def test_nobody_there_is_surely_unheard(redis_url: str) -> None:
    client = Bench(redis_url).client("http://127.0.0.1:1")
    error, _ = timed(lambda: client.send_text(OPENID, TEXT))
    assert error.unheard


def test_connections_are_used_again(redis_url: str) -> None:
    ports: set[int] = set()

    def answer(handler: Any) -> None:
        ports.add(handler.client_address[1])
        write(handler)

    with serving(answer) as server:
        client = Bench(redis_url).client(server.url)
        for _ in range(5):
            client.send_text(OPENID, TEXT)
    assert len(ports) == 1


def test_proxies_of_the_environment_are_not_used(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving(write) as server:
        Bench(redis_url).client(server.url).send_text(OPENID, TEXT)
        assert len(server.heard[SEND]) == 1


# -- WeChat's own samples --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not VECTORS.is_dir(), reason="JIESU_VECTORS names no folder with api_responses")
def test_the_samples_of_the_documentation_are_understood(bench: Bench) -> None:
    def sample(name: str) -> Reply:
        return says((VECTORS / f"{name}.json").read_bytes())

    for path, name in {
        SEND: "message_custom_send",
        TOKEN: "token",
        fake.TICKET: "ticket_getticket",
        SIGN_IN: "sns_oauth2_access_token",
        fake.CALLBACK: "getcallbackip",
        fake.MENU: "menu_get",
        "/cgi-bin/menu/create": "menu_create",
    }.items():
        bench.wechat.script(path, sample(name))
    client = bench.client()
    client.send_text(OPENID, TEXT)
    client.make_menu({"button": []})
    assert client.openid_of(CODE) == "OPENID"
    assert client.callback_ips() == ["127.0.0.1"]
    assert client.jsapi_ticket().startswith("bxLdik")
    menu = client.menu()
    assert menu is not None
    assert menu["menu"]["button"][0]["type"] == "click"
