"""Signing in from inside WeChat at the front door: states, codes, shared links, loops, and no openid anywhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI

from integrations.bootstrap import Services
from integrations.services.errors import NeedsPerson, ServiceError, TryLater
from integrations.services.records import Said
from integrations.services.wechat.errors import CircuitOpen
from integrations.services.wechat.signing_in import VALID
from integrations.settings import Settings
from integrations.web.sessions import COOKIE
from integrations.web.wechat_login import AGAIN, HOLDER, PLAIN_PAGE, TRIED
from tests.builders import conversation
from tests.fakes import FakeClock
from tests.web.wechat_pages import INSIDE, OPENID, WECHAT, FakePageApi, Parts, Phone, change, gateway, signing_in

OUTSIDE = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/116.0 Mobile"
NewPhone = Callable[..., Phone]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update=WECHAT)


@pytest.fixture
def api() -> FakePageApi:
    return FakePageApi()


@pytest.fixture
def app(services: Services, api: FakePageApi) -> FastAPI:
    services.wechat = Parts(api, signing_in(services, api))  # type: ignore[misc, assignment]
    return gateway(services)


@pytest.fixture
def new_phone(app: FastAPI, api: FakePageApi) -> Iterator[NewPhone]:
    def make(openid: str = OPENID, agent: str = INSIDE) -> Phone:
        made = Phone(app, api, openid, agent)
        made.client.portal = running.client.portal
        return made

    running = Phone(app, api)
    with running.client:
        yield make


@pytest.fixture
def phone(new_phone: NewPhone) -> Phone:
    return new_phone()


def works_plainly(phone: Phone, services: Services) -> bool:
    """The page is shown, and its session is nobody's on WeChat."""
    assert phone.get(PLAIN_PAGE).status_code == 200
    mine = phone.conversation()
    phone.say("路灯不亮", "said-plainly")
    with services.unit_of_work() as tx:
        return (known := tx.conversations.get(mine)) is not None and known.channel == "web"


# -- what does not sign in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["", "0" * 104, "x", "状态", "a\r\nset-cookie: b=c"])
def test_a_forged_state_signs_nobody_in(phone: Phone, services: Services, state: str) -> None:
    phone.begin()
    assert phone.back(phone.code(), state) == PLAIN_PAGE
    assert works_plainly(phone, services)
    assert phone.api.asked == [], "WeChat is not even asked"


def test_an_old_state_signs_nobody_in(phone: Phone, services: Services, clock: FakeClock) -> None:
    state = phone.begin()
    clock.move(seconds=VALID + 1)
    assert phone.back(phone.code(), state) == PLAIN_PAGE
    assert works_plainly(phone, services)


def test_a_state_works_once_even_for_its_own_browser(phone: Phone) -> None:
    state = phone.begin()
    holder = phone.client.cookies[HOLDER]
    assert phone.back(phone.code(), state) == "/"
    signed_in = phone.client.cookies[COOKIE]
    phone.client.cookies.set(HOLDER, holder, domain="talk.example", path="/wechat/back")
    assert phone.back(phone.code(), state) == PLAIN_PAGE
    assert phone.client.cookies[COOKIE] == signed_in


def test_a_code_works_once(phone: Phone, new_phone: NewPhone, services: Services) -> None:
    code = phone.code()
    state = phone.begin()
    assert phone.back(code, state) == "/"
    other = new_phone("oAnother")
    assert other.back(code, other.begin()) == PLAIN_PAGE
    assert works_plainly(other, services)


def test_a_shared_link_leads_nobody_into_the_conversation_of_who_shared_it(
    phone: Phone, new_phone: NewPhone, services: Services
) -> None:
    """The whole address of the way back, code and state, opened first by somebody else."""
    code, state = phone.code(), phone.begin()
    other = new_phone("oAnother")
    assert other.back(code, state) == PLAIN_PAGE, "a browser that never began"
    begun = new_phone("oThird")
    begun.begin()
    assert begun.back(code, state) == PLAIN_PAGE, "a browser that began for itself"
    assert works_plainly(other, services)
    assert works_plainly(begun, services)
    assert phone.back(code, state) == "/", "it is still the one of who began"


@pytest.mark.parametrize("fault", [TryLater("away"), CircuitOpen("open"), NeedsPerson("40125")])
def test_while_wechat_is_away_the_page_works_by_itself(
    phone: Phone, services: Services, fault: ServiceError, caplog: pytest.LogCaptureFixture
) -> None:
    phone.api.fault = fault
    with caplog.at_level(logging.DEBUG):
        assert phone.sign_in() == PLAIN_PAGE
    assert works_plainly(phone, services)
    assert OPENID not in caplog.text


def test_too_many_ways_back_are_not_taken_to_wechat(phone: Phone, services: Services) -> None:
    while services.limiter.allow("wechat-back:testclient", times=240, seconds=60):
        pass
    assert phone.sign_in() == PLAIN_PAGE
    assert phone.api.asked == []


def test_nothing_that_comes_in_decides_where_it_goes(phone: Phone) -> None:
    state = phone.begin()
    for more in ("next=https://evil.example", "redirect_uri=//evil.example", "url=javascript:x"):
        answer = phone.get(f"/wechat/back?code=a&state={state}0&{more}")
        assert answer.headers["location"] == PLAIN_PAGE
        away = phone.get(f"/wechat/login?{more}")
        assert urlsplit(away.headers["location"]).netloc == "open.example"
        assert "evil" not in away.headers["location"]


def test_a_line_end_makes_no_header(phone: Phone) -> None:
    state = phone.begin()
    answer = phone.get(f"/wechat/back?code=a%0d%0aX-Evil:1&state={state}%0d%0aX-Evil:1")
    assert answer.status_code == 303
    assert "x-evil" not in answer.headers
    assert "Evil" not in str(answer.headers)


# -- when it is tried --------------------------------------------------------------------------------------------


def test_outside_wechat_nothing_leads_there(new_phone: NewPhone) -> None:
    plain = new_phone(agent=OUTSIDE)
    assert plain.get("/").status_code == 200
    assert plain.get("/wechat/login").headers["location"] == PLAIN_PAGE
    assert new_phone(agent=f"{INSIDE} wxwork/4.1").get("/").status_code == 200, "WeCom is not WeChat"
    assert plain.client.cookies.get(TRIED) is None


@pytest.mark.parametrize("missing", ["account", "public_url"])
def test_without_the_settings_nothing_leads_there(services: Services, app: FastAPI, phone: Phone, missing: str) -> None:
    if missing == "account":
        services.wechat.is_on = False  # type: ignore[misc]
    else:
        change(services, public_url="")
    assert phone.get("/").status_code == 200
    assert phone.get("/wechat/login").headers["location"] == PLAIN_PAGE
    assert phone.back("a", "b") == PLAIN_PAGE


def test_it_is_tried_once_and_never_in_a_circle(phone: Phone, clock: FakeClock) -> None:
    phone.api.fault = TryLater("away")
    assert phone.sign_in() == PLAIN_PAGE
    assert [phone.get(url).status_code for url in (PLAIN_PAGE, "/", "/?from=singlemessage")] == [200, 200, 200]


def test_a_browser_that_keeps_no_cookies_is_not_sent_in_a_circle(phone: Phone) -> None:
    state = phone.begin()
    phone.client.cookies.clear()
    assert phone.back(phone.code(), state) == PLAIN_PAGE
    phone.client.cookies.clear()
    assert phone.get(PLAIN_PAGE).status_code == 200


def test_only_the_page_itself_leads_there(phone: Phone) -> None:
    for url in ("/api/chat/messages", "/wechat/notices", "/api/wechat/page?url=https://talk.example/"):
        assert phone.get(url).status_code != 303


def test_when_it_cannot_be_told_whether_a_session_is_signed_in_the_page_is_shown(
    phone: Phone, services: Services
) -> None:
    phone.sign_in()
    phone.client.cookies.delete(TRIED)

    def away(_address: str) -> bool:
        raise TryLater("the database is away")

    object.__setattr__(services.wechat.signing_in, "is_linked", away)
    assert phone.get("/").status_code == 200


# -- signing in --------------------------------------------------------------------------------------------------


def test_the_page_shows_the_wechat_conversation_and_does_not_ask_again(phone: Phone, services: Services) -> None:
    own = conversation(services, OPENID, "wechat")
    assert phone.sign_in() == "/"
    phone.client.cookies.delete(TRIED)
    assert phone.get("/").status_code == 200, "linked: nothing to try"
    assert phone.conversation() == own.id
    phone.say("井盖响", "on-the-page")
    assert "井盖响" in [line.said.text for line in services.conversing.history(own.id)]


def test_the_cookie_of_before_is_worth_nothing_afterwards(
    phone: Phone, new_phone: NewPhone, services: Services
) -> None:
    """Somebody may have put it there, and know it."""
    phone.conversation()
    phone.say("路灯不亮", "before-it")
    planted = phone.client.cookies[COOKIE]
    assert phone.sign_in() == "/"
    assert phone.client.cookies[COOKIE] != planted
    assert "路灯不亮" in phone.texts()
    knows = new_phone(agent=OUTSIDE)
    knows.client.cookies.set(COOKIE, planted, domain="talk.example")
    assert knows.conversation() != phone.conversation()
    assert "路灯不亮" not in knows.texts()


def test_the_cookies_are_safe_ones(phone: Phone, services: Services) -> None:
    change(services, cookie_secure=True)
    phone.app = gateway(services)
    phone.__post_init__()
    phone.sign_in()
    made = [line for answer in phone.seen for line in answer.headers.get_list("set-cookie")]
    kept = [line for line in made if "Max-Age=0" not in line]
    assert {line.partition("=")[0] for line in kept} == {f"__Host-{COOKIE}", TRIED, HOLDER}
    for line in kept:
        assert "httponly" in line.lower() and "samesite=lax" in line.lower() and "secure" in line.lower()
    assert any(line.startswith(HOLDER) and f"Max-Age={VALID}" in line and "Path=/wechat/back" in line for line in made)
    assert any(line.startswith(TRIED) and f"Max-Age={AGAIN}" in line for line in made)


def test_the_openid_is_in_no_answer_and_no_log(phone: Phone, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        phone.sign_in()
        phone.conversation()
        phone.say("路灯不亮", "after-it")
        phone.seen.append(phone.client.get("/api/chat/messages"))
        phone.get("/")
        state = phone.begin() if phone.get("/").status_code == 303 else "x"
        phone.back("used", state)
    for answer in phone.seen:
        for shown in (answer.text, str(answer.headers), str(answer.url)):
            assert OPENID not in shown
            assert "app-secret-of-the-test" not in shown
    own = "\n".join(record.getMessage() for record in caplog.records)
    assert OPENID not in own
    assert "app-secret-of-the-test" not in own


def test_the_way_to_wechat_carries_no_session(phone: Phone) -> None:
    phone.conversation()
    phone.begin()
    away = phone.seen[-1]
    assert away.headers["cache-control"] == "no-store"
    assert phone.client.cookies[COOKIE].partition(".")[0] not in away.headers["location"]
    assert set(parse_qs(urlsplit(away.headers["location"]).query)) == {
        "appid",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
    }


# -- the page without scripts ------------------------------------------------------------------------------------


def test_the_page_without_scripts_signs_in_too_and_is_come_back_to(phone: Phone, services: Services) -> None:
    services.conversing.accept(conversation(services, OPENID, "wechat").id, "wechat-1", Said("路灯不亮"))
    assert phone.sign_in("/plain") == "/plain"
    page = phone.get("/plain")
    assert page.status_code == 200 and "路灯不亮" in page.text


def test_a_sign_in_that_fails_comes_back_to_the_page_without_scripts(phone: Phone) -> None:
    phone.begin("/plain")
    assert phone.back(phone.code(), "forged") == "/plain?nologin"
    assert phone.get("/plain?nologin").status_code == 200


def test_the_page_that_was_opened_last_is_come_back_to(phone: Phone, clock: FakeClock) -> None:
    phone.begin("/plain")
    phone.client.cookies.delete(TRIED)
    assert phone.sign_in() == "/"


def test_outside_wechat_the_page_without_scripts_is_shown(new_phone: NewPhone) -> None:
    phone = new_phone(agent=OUTSIDE)
    assert phone.get("/plain").status_code == 200
    assert phone.get("/wechat/login?plain").headers["location"] == "/plain?nologin"
