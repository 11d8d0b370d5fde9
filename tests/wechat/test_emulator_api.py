"""The emulator's API: tokens, codes, menus, media, sign-in, notices, ordered faults."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.fake_wechat import TEMPLATES, Account, Clock, FakeWechat, Template

LONG, ONCE = TEMPLATES
SEND, TYPING, NOTICE = (
    "/cgi-bin/message/custom/send",
    "/cgi-bin/message/custom/typing",
    "/cgi-bin/message/subscribe/bizsend",
)


class Caller:
    """Calls the API as an account's program does."""

    def __init__(self, fake: FakeWechat) -> None:
        self.fake = fake
        self.http = httpx.Client(base_url=fake.url, timeout=10, trust_env=False)

    def stable(self, **more: Any) -> dict[str, Any]:
        account = self.fake.account
        asked = {"grant_type": "client_credential", "appid": account.appid, "secret": account.secret, **more}
        return dict(self.http.post("/cgi-bin/stable_token", json=asked).json())

    def old(self) -> dict[str, Any]:
        account = self.fake.account
        asked = {"grant_type": "client_credential", "appid": account.appid, "secret": account.secret}
        return dict(self.http.get("/cgi-bin/token", params=asked).json())

    def post(self, path: str, content: Any, token: str | None = None) -> dict[str, Any]:
        raw = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        token = self.stable()["access_token"] if token is None else token
        return dict(self.http.post(path, params={"access_token": token}, content=raw).json())

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(path, params={"access_token": self.stable()["access_token"], **query})

    def text(self, openid: str, words: str = "好") -> int:
        return int(self.post(SEND, {"touser": openid, "msgtype": "text", "text": {"content": words}})["errcode"])


@pytest.fixture
def fake() -> Iterator[FakeWechat]:
    with FakeWechat(patience=0.5) as running:
        yield running


@pytest.fixture
def api(fake: FakeWechat) -> Iterator[Caller]:
    caller = Caller(fake)
    yield caller
    caller.http.close()


# -- tokens ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"appid": "wx0"}, 40013), ({"secret": "x"}, 40125), ({"grant_type": "x"}, 40002), ({"appid": ""}, 41002)],
)
def test_who_asks_wrongly_for_a_token_gets_none(api: Caller, wrong: dict[str, str], code: int) -> None:
    answer = api.stable(**wrong)
    assert answer["errcode"] == code
    assert answer["errmsg"]
    assert "access_token" not in answer


def test_an_address_that_is_not_in_the_list_gets_no_token(fake: FakeWechat, api: Caller) -> None:
    fake.account.ip_list = ("203.0.113.9",)
    answer = api.stable()
    assert (answer["errcode"], "127.0.0.1" in answer["errmsg"]) == (40164, True)
    fake.account.ip_list += ("127.0.0.1",)
    assert "access_token" in api.stable()


def test_the_stable_token_stays_the_same_until_five_minutes_before_its_end(fake: FakeWechat, api: Caller) -> None:
    first = api.stable()
    assert first["expires_in"] == 7200
    fake.clock.advance(6899)
    assert (api.stable()["access_token"], api.stable()["expires_in"]) == (first["access_token"], 301)
    fake.clock.advance(1)
    second = api.stable()
    assert second["access_token"] != first["access_token"]
    assert second["expires_in"] == 7200
    assert fake.counters.tokens_issued == 2


def test_both_tokens_are_good_for_five_minutes_and_then_the_old_one_has_expired(fake: FakeWechat, api: Caller) -> None:
    first = api.stable()["access_token"]
    fake.clock.advance(6900)
    second = api.stable()["access_token"]
    menu = {"button": [{"type": "click", "name": "一", "key": "a"}]}
    assert api.post("/cgi-bin/menu/create", menu, first)["errcode"] == 0
    assert api.post("/cgi-bin/menu/create", menu, second)["errcode"] == 0
    fake.clock.advance(300)
    assert api.post("/cgi-bin/menu/create", menu, first)["errcode"] == 42001
    assert api.post("/cgi-bin/menu/create", menu, second)["errcode"] == 0


def test_a_forced_token_kills_the_one_before_and_may_not_be_asked_for_twice_in_thirty_seconds(
    fake: FakeWechat, api: Caller
) -> None:
    first = api.stable()["access_token"]
    second = api.stable(force_refresh=True)["access_token"]
    assert second != first
    assert api.post("/cgi-bin/menu/create", {"button": []}, first)["errcode"] == 40001
    assert api.stable(force_refresh=True)["errcode"] == 45011
    assert api.stable()["access_token"] == second
    fake.clock.advance(30)
    assert api.stable(force_refresh=True)["access_token"] not in (first, second)


def test_the_twenty_first_forced_token_of_a_day_is_refused(fake: FakeWechat, api: Caller) -> None:
    for _ in range(20):
        assert "access_token" in api.stable(force_refresh=True)
        fake.clock.advance(31)
    assert api.stable(force_refresh=True)["errcode"] == 45009
    fake.clock.advance(86_400)
    assert "access_token" in api.stable(force_refresh=True)


def test_the_old_way_of_tokens_is_apart_from_the_stable_one(fake: FakeWechat, api: Caller) -> None:
    stable, first = api.stable()["access_token"], api.old()["access_token"]
    second = api.old()["access_token"]
    assert len({stable, first, second}) == 3
    body = {"button": [{"type": "click", "name": "一", "key": "a"}]}
    fake.clock.advance(299)
    assert [api.post("/cgi-bin/menu/create", body, one)["errcode"] for one in (stable, first, second)] == [0, 0, 0]
    fake.clock.advance(1)
    assert [api.post("/cgi-bin/menu/create", body, one)["errcode"] for one in (stable, first, second)] == [0, 42001, 0]


@pytest.mark.parametrize(("token", "code"), [("", 41001), ("short", 40014), ("x" * 40, 40001)])
def test_a_token_that_is_none_is_refused_by_its_own_code(api: Caller, token: str, code: int) -> None:
    assert api.post(SEND, {"touser": "x"}, token)["errcode"] == code


def test_a_minute_and_a_day_have_their_limits(fake: FakeWechat, api: Caller) -> None:
    fake.limits["/cgi-bin/getcallbackip"] = (2, 3)
    codes = [api.get("/cgi-bin/getcallbackip").json().get("errcode", 0) for _ in range(3)]
    assert codes == [0, 0, 45011]
    fake.clock.advance(61)
    codes = [api.get("/cgi-bin/getcallbackip").json().get("errcode", 0) for _ in range(2)]
    assert codes == [0, 45009]


# -- what is called wrongly ------------------------------------------------------------------------------------------


def test_method_path_and_body_are_checked(api: Caller) -> None:
    token = api.stable()["access_token"]
    assert api.http.get(SEND, params={"access_token": token}).json()["errcode"] == 43002
    assert api.http.post("/cgi-bin/menu/get", params={"access_token": token}, content=b"{}").json()["errcode"] == 43001
    assert api.get("/cgi-bin/no/such").json()["errcode"] == 40066
    assert api.post(SEND, b"", token)["errcode"] == 44002
    assert api.post(SEND, b"{", token)["errcode"] == 47001
    answer = api.http.get("/cgi-bin/menu/get")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json; encoding=utf-8")


def test_an_account_that_is_not_verified_may_only_answer_passively(fake: FakeWechat, api: Caller) -> None:
    fake.account.verified = False
    phone = fake.citizen()
    phone.say("有人吗").wait()
    assert api.text(phone.openid) == 48001
    assert api.post(TYPING, {"touser": phone.openid, "command": "Typing"})["errcode"] == 48001
    assert phone.heard() == []
    assert "ip_list" in api.get("/cgi-bin/getcallbackip").json()


# -- menus ----------------------------------------------------------------------------------------------------------


def _click(name: str = "一", key: str = "a") -> dict[str, Any]:
    return {"type": "click", "name": name, "key": key}


@pytest.mark.parametrize(
    ("buttons", "code"),
    [
        ([], 40016),
        ([_click()] * 4, 40016),
        ([_click("一二三四五六")], 40018),
        ([_click(key="k" * 129)], 40019),
        ([{"type": "view", "name": "一", "url": "javascript:1"}], 40020),
        ([{"type": "none", "name": "一"}], 40017),
        ([{"name": "一", "sub_button": [_click()] * 6}], 40023),
        ([{"name": "一", "sub_button": [_click("字" * 21)]}], 40025),
        ([{"name": "一", "sub_button": [_click(key="")]}], 40026),
    ],
)
def test_a_menu_beyond_the_limits_is_refused(api: Caller, buttons: list[dict[str, Any]], code: int) -> None:
    assert api.post("/cgi-bin/menu/create", {"button": buttons})["errcode"] == code
    assert api.get("/cgi-bin/menu/get").json()["errcode"] == 46003


def test_a_menu_is_made_shown_and_deleted(fake: FakeWechat, api: Caller) -> None:
    menu = {"button": [_click("我要反映", "report"), {"name": "更多", "sub_button": [_click("查进度", "progress")]}]}
    assert api.post("/cgi-bin/menu/create", menu)["errcode"] == 0
    shown = api.get("/cgi-bin/menu/get").json()["menu"]["button"]
    assert shown[0] == {**_click("我要反映", "report"), "sub_button": []}
    assert shown[1]["sub_button"][0]["key"] == "progress"
    record = fake.citizen().click_menu("查进度").wait()
    assert record.fields["EventKey"] == "progress"
    assert api.get("/cgi-bin/menu/delete").json()["errcode"] == 0
    assert api.get("/cgi-bin/menu/get").json()["errcode"] == 46003


# -- media ----------------------------------------------------------------------------------------------------------


def test_a_picture_is_there_for_three_days_by_its_id_and_by_its_address(fake: FakeWechat, api: Caller) -> None:
    record = fake.citizen().send_picture(b"\xff\xd8picture").wait()
    got = api.get("/cgi-bin/media/get", media_id=record.fields["MediaId"])
    assert (got.content, got.headers["content-type"]) == (b"\xff\xd8picture", "image/jpeg")
    assert httpx.get(record.fields["PicUrl"]).content == b"\xff\xd8picture"
    fake.clock.advance(3 * 86_400)
    gone = api.get("/cgi-bin/media/get", media_id=record.fields["MediaId"])
    assert (gone.status_code, gone.json()["errcode"]) == (200, 40007)
    assert httpx.get(record.fields["PicUrl"]).status_code == 404
    assert api.get("/cgi-bin/media/get", media_id="nothing").json()["errcode"] == 40007


def test_a_recording_has_an_id_in_eight_and_one_in_sixteen_kilohertz(fake: FakeWechat, api: Caller) -> None:
    fields = fake.citizen().send_voice(b"#!AMR narrow", b"#!AMR wide").wait().fields
    assert api.get("/cgi-bin/media/get", media_id=fields["MediaId"]).content == b"#!AMR narrow"
    assert api.get("/cgi-bin/media/get", media_id=fields["MediaId16K"]).content == b"#!AMR wide"
    assert "Recognition" not in fields


# -- sign-in and pages ----------------------------------------------------------------------------------------------


def _authorize(fake: FakeWechat, **more: str) -> httpx.Response:
    asked = {
        "appid": fake.account.appid,
        "redirect_uri": "https://city.example/wechat/back?x=1",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "s1",
        **more,
    }
    return httpx.get(f"{fake.url}/connect/oauth2/authorize", params=asked)


def _exchange(fake: FakeWechat, code: str) -> dict[str, Any]:
    account = fake.account
    asked = {"appid": account.appid, "secret": account.secret, "code": code, "grant_type": "authorization_code"}
    return dict(httpx.get(f"{fake.url}/sns/oauth2/access_token", params=asked).json())


def test_a_code_names_the_visitor_once_and_within_five_minutes(fake: FakeWechat) -> None:
    first, second = fake.citizen(), fake.citizen()
    fake.signing_in.visitor = second.openid
    back = urlsplit(_authorize(fake).headers["location"])
    query = parse_qs(back.query)
    assert (back.netloc, back.path, query["x"], query["state"]) == ("city.example", "/wechat/back", ["1"], ["s1"])
    answer = _exchange(fake, query["code"][0])
    assert (answer["openid"], answer["scope"]) == (second.openid, "snsapi_base")
    assert _exchange(fake, query["code"][0])["errcode"] == 40163
    assert _exchange(fake, "guessed")["errcode"] == 40029
    late = fake.signing_in.code_for(first.openid)
    fake.clock.advance(300)
    assert _exchange(fake, late)["errcode"] == 42003


def test_a_sign_in_that_is_set_up_wrongly_leads_nowhere(fake: FakeWechat) -> None:
    fake.citizen()
    fake.account.page_domain = "city.example"
    assert _authorize(fake).status_code == 302
    for wrong in ({"appid": "wx0"}, {"scope": "all"}, {"redirect_uri": "https://evil.example/"}):
        answer = _authorize(fake, **wrong)
        assert (answer.status_code, "location" in answer.headers) == (200, False)


def test_the_ticket_of_pages_stays_for_two_hours_and_decides_which_signature_is_right(
    fake: FakeWechat, api: Caller
) -> None:
    ticket = api.get("/cgi-bin/ticket/getticket", type="jsapi").json()["ticket"]
    fake.clock.advance(7199)
    assert api.get("/cgi-bin/ticket/getticket", type="jsapi").json()["ticket"] == ticket
    signed = hashlib.sha1(f"jsapi_ticket={ticket}&noncestr=n&timestamp=1&url=https://a.example/".encode()).hexdigest()
    page = {"appId": fake.account.appid, "nonceStr": "n", "timestamp": "1", "url": "https://a.example/"}
    assert fake.tokens.signs({**page, "signature": signed})
    assert not fake.tokens.signs({**page, "url": "https://b.example/", "signature": signed})
    fake.clock.advance(1)
    assert api.get("/cgi-bin/ticket/getticket", type="jsapi").json()["ticket"] != ticket


# -- subscription notices --------------------------------------------------------------------------------------------


def _notice(openid: str, template: Template, **words: str) -> dict[str, Any]:
    whole = {"character_string1": "20261122-1", "thing2": "路灯不亮", "time3": "2026年11月22日", "phrase3": "已办结"}
    chosen = {name: words.get(name, whole[name]) for name in template.fields}
    return {
        "touser": openid,
        "template_id": template.id,
        "page": "https://city.example/",
        "data": {name: {"value": value} for name, value in chosen.items()},
    }


def test_a_notice_needs_consent_and_a_one_time_consent_is_used_up(fake: FakeWechat, api: Caller) -> None:
    phone = fake.citizen()
    assert api.post(NOTICE, _notice(phone.openid, ONCE))["errcode"] == 43101
    phone.answer_consent(ONCE.id).wait()
    phone.answer_consent(ONCE.id).wait()
    codes = [api.post(NOTICE, _notice(phone.openid, ONCE))["errcode"] for _ in range(3)]
    assert codes == [0, 0, 43101]
    assert len(phone.heard("subscription")) == 2
    assert "已办结" in phone.last.text


def test_a_long_consent_lasts_until_it_is_taken_back(fake: FakeWechat, api: Caller) -> None:
    phone = fake.citizen()
    popup = phone.answer_consent(LONG.id).wait()
    assert popup.fields["SubscribeMsgPopupEvent"]["List"]["SubscribeStatusString"] == "accept"
    fake.clock.advance(90 * 86_400)
    assert [api.post(NOTICE, _notice(phone.openid, LONG))["errcode"] for _ in range(3)] == [0, 0, 0]
    phone.change_consent(LONG.id, False).wait()
    assert api.post(NOTICE, _notice(phone.openid, LONG))["errcode"] == 43101


def test_after_a_notice_its_event_is_pushed(fake: FakeWechat, api: Caller) -> None:
    phone = fake.citizen()
    phone.answer_consent(ONCE.id).wait()
    api.post(NOTICE, _notice(phone.openid, ONCE))
    sent = fake.pushes.log[-1].fields
    assert sent["Event"] == "subscribe_msg_sent_event"
    assert sent["SubscribeMsgSentEvent"]["List"]["ErrorCode"] == 0


@pytest.mark.parametrize(
    "words", [{"thing2": "字" * 21}, {"thing2": ""}, {"character_string1": "编号一"}, {"phrase3": "办结了没有呢"}]
)
def test_a_field_that_does_not_fit_is_named_and_no_consent_is_used(
    fake: FakeWechat, api: Caller, words: dict[str, str]
) -> None:
    phone = fake.citizen()
    phone.answer_consent(ONCE.id).wait()
    answer = api.post(NOTICE, _notice(phone.openid, ONCE, **words))
    assert (answer["errcode"], next(iter(words)) in answer["errmsg"]) == (47003, True)
    assert api.post(NOTICE, _notice(phone.openid, ONCE))["errcode"] == 0


def test_a_notice_of_no_template_to_nobody_or_to_one_who_left_is_refused(fake: FakeWechat, api: Caller) -> None:
    phone = fake.citizen()
    phone.answer_consent(LONG.id).wait()
    assert api.post(NOTICE, {**_notice(phone.openid, LONG), "template_id": "x"})["errcode"] == 40037
    assert api.post(NOTICE, _notice("nobody", LONG))["errcode"] == 40003
    phone.unfollow().wait()
    assert api.post(NOTICE, _notice(phone.openid, LONG))["errcode"] == 43004


# -- ordered faults -------------------------------------------------------------------------------------------------


def test_ordered_codes_come_that_often_and_change_nothing(fake: FakeWechat, api: Caller) -> None:
    phone = fake.citizen()
    phone.say("在吗").wait()
    fake.faults.order(SEND, -1, times=2)
    fake.faults.order(SEND, 45009)
    assert [api.text(phone.openid) for _ in range(4)] == [-1, -1, 45009, 0]
    assert (len(phone.heard()), phone.left) == (1, 4)
    assert fake.counters.refused(SEND) == {-1: 2, 45009: 1}
    assert fake.counters.wasted == 3


def test_an_answer_that_is_lost_was_done_and_one_that_is_cut_was_not(fake: FakeWechat, api: Caller) -> None:
    phone = fake.citizen()
    phone.say("在吗").wait()
    for kind, heard in (("cut", 0), ("lost", 1)):
        fake.faults.order(SEND, kind)
        with pytest.raises(httpx.TransportError):
            api.text(phone.openid)
        assert len(phone.heard()) == heard
    assert phone.left == 4


def test_a_slow_a_broken_and_a_garbled_answer(fake: FakeWechat, api: Caller) -> None:
    fake.faults.order("/cgi-bin/getcallbackip", "slow", seconds=0.3)
    token = api.stable()["access_token"]
    with pytest.raises(httpx.ReadTimeout):
        api.http.get("/cgi-bin/getcallbackip", params={"access_token": token}, timeout=0.1)
    fake.faults.order("/cgi-bin/getcallbackip", "http_500")
    fake.faults.order("/cgi-bin/getcallbackip", "garbage")
    assert api.get("/cgi-bin/getcallbackip").status_code == 500
    assert "html" in api.get("/cgi-bin/getcallbackip").text
    assert api.get("/cgi-bin/getcallbackip").json() == {"ip_list": ["127.0.0.1"]}


def test_killed_tokens_are_refused_until_a_new_one_is_asked_for(fake: FakeWechat, api: Caller) -> None:
    token = api.stable()["access_token"]
    fake.tokens.kill()
    assert api.post(SEND, {"touser": "x"}, token)["errcode"] == 40001
    assert api.stable()["access_token"] != token


def test_two_emulators_know_nothing_of_each_other(fake: FakeWechat, api: Caller) -> None:
    with FakeWechat(Account(appid="wx1111111111111111"), Clock()) as other:
        token = Caller(other).stable()["access_token"]
        assert api.post(SEND, {"touser": "x"}, token)["errcode"] == 40001
