"""What pages inside WeChat get: signatures for our own pages only, pictures by media id, and scripts of nobody else."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image

from integrations.bootstrap import Services
from integrations.services.errors import NeedsPerson, ServiceError, TryLater
from integrations.services.wechat.errors import MediaTooLarge
from integrations.settings import Settings
from integrations.web.guards import CONTENT_POLICY
from integrations.web.page_files import PageFiles
from integrations.web.wechat_js import PAGE, PICTURES_A_MINUTE, SIGNATURES_A_MINUTE
from tests.fakes import FakeListener
from tests.media_files import photo
from tests.web.conftest import OURS, is_chinese, problem
from tests.web.test_wechat_login import OUTSIDE
from tests.web.wechat_pages import (
    APPID,
    INSIDE,
    PUBLIC,
    TICKET,
    WECHAT,
    FakePageApi,
    Parts,
    Phone,
    change,
    gateway,
    sign,
    signing_in,
)

NewPhone = Callable[..., Phone]
MEDIA_ID = "a-media-id-of-64-characters_0123456789"
SCRIPT = "https://res.wx.qq.com/open/js/jweixin-1.6.0.js"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update=WECHAT)


@pytest.fixture
def api() -> FakePageApi:
    made = FakePageApi()
    made.kept[MEDIA_ID] = photo()
    return made


@pytest.fixture
def app(services: Services, api: FakePageApi) -> FastAPI:
    services.wechat = Parts(api, signing_in(services, api))  # type: ignore[misc, assignment]
    return gateway(services)


@pytest.fixture
def new_phone(app: FastAPI, api: FakePageApi) -> Iterator[NewPhone]:
    def make(agent: str = INSIDE, *, session: bool = True) -> Phone:
        made = Phone(app, api, agent=agent)
        made.client.portal = running.client.portal
        if session:
            made.conversation()
        return made

    running = Phone(app, api)
    with running.client:
        yield make


@pytest.fixture
def phone(new_phone: NewPhone) -> Phone:
    return new_phone()


def page(phone: Phone, url: str = f"{PUBLIC}/") -> httpx.Response:
    return phone.client.get("/api/wechat/page", params={"url": url})  # type: ignore[return-value]


def send(phone: Phone, media_id: str = MEDIA_ID, key: str = "picture-1", **more: Any) -> httpx.Response:
    body = {"id": key, "media_id": media_id}
    return phone.client.post("/api/chat/wechat-media", json=body, **({"headers": OURS} | more))  # type: ignore[return-value]


# -- signatures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["https://evil.example/", f"{PUBLIC}.evil.example/", "http://talk.example/", "x"])
def test_a_page_of_somebody_else_is_not_signed(phone: Phone, url: str) -> None:
    error = problem(page(phone, url), 422)
    assert error["code"] == "foreign_page"
    assert is_chinese(error["message"])
    assert phone.api.asked == []


@pytest.mark.parametrize("missing", ["account", "public_url"])
def test_without_an_account_there_is_nothing_to_sign(services: Services, phone: Phone, missing: str) -> None:
    if missing == "account":
        services.wechat.is_on = False  # type: ignore[misc]
    else:
        change(services, public_url="")
    assert problem(page(phone), 404)["code"] == "no_wechat"
    assert problem(send(phone), 404)["code"] == "no_wechat"


@pytest.mark.parametrize(
    ("fault", "after"), [(TryLater("x", after=7), "7"), (TryLater("x"), "3"), (NeedsPerson("x"), "60")]
)
def test_without_a_ticket_it_is_503_with_a_time(phone: Phone, fault: ServiceError, after: str) -> None:
    phone.api.fault = fault
    answer = page(phone)
    assert problem(answer, 503)["code"] == "try_later"
    assert answer.headers["retry-after"] == after


def test_signing_is_limited(phone: Phone) -> None:
    answers = {page(phone).status_code for _ in range(SIGNATURES_A_MINUTE)}
    assert answers == {200}
    assert page(phone).status_code == 429


def test_a_page_of_ours_gets_what_its_script_needs(phone: Phone, caplog: pytest.LogCaptureFixture) -> None:
    url = f"{PUBLIC}/?from=singlemessage"
    with caplog.at_level(logging.DEBUG):
        answer = page(phone, f"{url}#here")
    made = answer.json()
    assert answer.status_code == 200
    assert set(made) == {"appId", "timestamp", "nonceStr", "signature", "script", "templates"}
    assert (made["appId"], made["script"], made["templates"]) == (APPID, SCRIPT, ["template-1", "template-2"])
    assert made["signature"] == sign(TICKET, url, noncestr=made["nonceStr"], timestamp=made["timestamp"])
    assert answer.headers["cache-control"] == "no-store"
    assert TICKET not in answer.text and TICKET not in caplog.text
    assert page(phone, url).json()["nonceStr"] != made["nonceStr"]


# -- pictures ----------------------------------------------------------------------------------------------------


def test_a_picture_by_media_id_needs_a_session_and_our_page(phone: Phone, new_phone: NewPhone) -> None:
    assert problem(send(new_phone(session=False)), 401)["code"] == "no_session"
    assert problem(send(phone, headers={}), 403)["code"] == "header_missing"
    assert phone.api.asked == []


@pytest.mark.parametrize("media_id", ["", "../x", "a b", "x" * 257, "a&access_token=b", "图"])
def test_what_cannot_be_a_media_id_is_not_taken_to_wechat(phone: Phone, media_id: str) -> None:
    assert send(phone, media_id).status_code == 422
    assert phone.api.asked == []


def test_a_media_id_is_of_whoever_sends_it_first(phone: Phone, new_phone: NewPhone) -> None:
    assert send(phone).status_code == 200
    theirs = problem(send(other := new_phone(), key="picture-2"), 422)
    never = problem(send(other, "a-media-id-that-never-was", key="picture-3"), 422)
    assert theirs == never, "whether there is one is nobody's business"
    assert all(not one["media"] for one in other.client.get("/api/chat/messages").json()["messages"])


def test_a_picture_is_answered_like_a_message_and_shown_to_its_owner_only(
    phone: Phone, new_phone: NewPhone, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = send(phone)
    assert answer.status_code == 200, answer.text
    mine = answer.json()["messages"][0]
    assert (mine["from"], mine["text"], mine["client_id"]) == ("citizen", "（照片）", "picture-1")
    ((kind, url),) = [one.values() for one in mine["media"]]
    shown = phone.client.get(url)
    assert (kind, shown.headers["content-type"]) == ("photo", "image/jpeg")
    assert Image.open(io.BytesIO(shown.content)).size == (64, 48)
    assert problem(new_phone().client.get(url), 404)["code"] == "not_found"
    assert MEDIA_ID not in answer.text
    assert MEDIA_ID not in "\n".join(record.getMessage() for record in caplog.records)


def test_the_same_picture_twice_is_one_and_fetched_once(phone: Phone, listener: FakeListener) -> None:
    first, second = send(phone).json(), send(phone).json()
    assert first["messages"] == second["messages"]
    assert phone.api.asked == ["media"]
    assert len(listener.said) == 1


def test_a_picture_may_be_sent_again_when_wechat_was_away(phone: Phone) -> None:
    phone.api.fault = TryLater("x", after=4)
    answer = send(phone)
    assert problem(answer, 503)["code"] == "try_later"
    assert answer.headers["retry-after"] == "4"
    phone.api.fault = NeedsPerson("40164")
    assert send(phone).status_code == 503
    phone.api.fault = None
    assert send(phone).status_code == 200


def test_what_wechat_gives_is_looked_at_like_any_upload(phone: Phone) -> None:
    phone.api.kept[MEDIA_ID] = b"<svg onload=alert(1)>"
    assert is_chinese(problem(send(phone), 422)["message"])
    phone.api.fault = MediaTooLarge("too large")
    assert "10MB" in problem(send(phone), 422)["message"]


def test_pictures_are_limited_before_wechat_is_asked(phone: Phone) -> None:
    phone.api.kept.clear()
    for number in range(PICTURES_A_MINUTE):
        assert send(phone, f"media-{number}", f"picture-{number}").status_code == 422
    assert problem(send(phone, "one-more", "picture-one-more"), 429)["code"] == "too_fast"
    assert len(phone.api.asked) == PICTURES_A_MINUTE


# -- what a page may load ----------------------------------------------------------------------------------------


def policy(phone: Phone, url: str) -> dict[str, list[str]]:
    answer = phone.client.get(url)
    assert answer.status_code == 200
    parts = [part.split() for part in answer.headers["content-security-policy"].split(";")]
    return {name: values for name, *values in parts}


def test_outside_wechat_no_page_may_load_anything_of_others(new_phone: NewPhone) -> None:
    plain = new_phone(OUTSIDE)
    for url in ("/", "/wechat/notices"):
        assert plain.client.get(url).headers["content-security-policy"] == CONTENT_POLICY


def test_without_an_account_no_page_may_either(services: Services, phone: Phone) -> None:
    services.wechat.is_on = False  # type: ignore[misc]
    for url in ("/", "/wechat/notices"):
        assert phone.client.get(url).headers["content-security-policy"] == CONTENT_POLICY


def test_inside_wechat_the_chat_page_may_load_that_one_script(phone: Phone) -> None:
    allowed, usual = policy(phone, "/?nologin"), dict.fromkeys(())
    for part in CONTENT_POLICY.split(";"):
        name, *values = part.split()
        usual[name] = values
    assert allowed.pop("script-src") == ["'self'", SCRIPT]
    usual.pop("script-src")
    assert allowed == usual


def test_a_script_address_that_would_break_the_policy_allows_nothing(services: Services, phone: Phone) -> None:
    change(services, wechat_script_url="https://res.example/x.js;script-src *")
    assert phone.client.get("/?nologin").headers["content-security-policy"] == CONTENT_POLICY


def test_the_page_of_notices_may_show_wechats_button(phone: Phone) -> None:
    allowed = policy(phone, "/wechat/notices")
    assert allowed["script-src"] == ["'self'", SCRIPT]
    assert "weixin:" in allowed["frame-src"]
    assert allowed["default-src"] == ["'none'"]


def test_the_page_of_notices_says_outside_wechat_where_it_works(new_phone: NewPhone) -> None:
    answer = new_phone(OUTSIDE, session=False).client.get("/wechat/notices")
    assert "请在微信里打开" in answer.text
    assert "res.wx.qq.com" not in answer.text


def test_nothing_of_wechat_is_loaded_with_the_page() -> None:
    first = (PAGE.parent / "templates" / "index.html").read_text("utf-8")
    assert "wechat" not in first and "wx.qq.com" not in first
    assert "wechat.js" not in PageFiles().needed_by("chat.js")
    for panel in ("photos", "place"):
        its = (PAGE / "panels" / f"{panel}.js").read_text("utf-8")
        assert 'import("../wechat.js")' in its and 'from "../wechat.js"' not in its
    for file in PAGE.rglob("*.js"):
        assert "qq.com" not in file.read_text("utf-8")
