"""A citizen of the page and of WeChat becomes one: who is joined to whom, who is not, and what is signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import TryLater
from integrations.services.records import Said
from integrations.services.wechat.errors import CodeUsed
from integrations.services.wechat.records import Reader
from integrations.services.wechat.signing_in import BACK, MARK, VALID, Foreign, SigningIn
from kb.wechat.quota import Budget
from tests.builders import conversation, filed
from tests.fakes import FakeClock
from tests.web.wechat_pages import APPID, OPENID, PUBLIC, TICKET, FakePageApi, sign, signing_in

FRESH, FORMER = f"{MARK}fresh", "former"


@pytest.fixture
def api() -> FakePageApi:
    return FakePageApi()


@pytest.fixture
def login(services: Services, api: FakePageApi) -> SigningIn:
    return signing_in(services, api)


def enter(login: SigningIn, api: FakePageApi, openid: str = OPENID, *, former: str | None = FORMER,
          fresh: str = FRESH) -> None:  # fmt: skip
    api.codes["code"] = openid
    login.enter("code", former=former, fresh=fresh)


def state_of(login: SigningIn, holder: str = "holder") -> str:
    return parse_qs(urlsplit(login.begin(holder)).query)["state"][0]


def say(services: Services, run: Callable[..., Any], address: str, text: str, channel: str = "web") -> None:
    own = conversation(services, address, channel)
    services.conversing.accept(own.id, f"said-{text}", Said(text))
    run(services.conversing.drive(own))


def words(services: Services, address: str, channel: str = "web") -> list[str]:
    return [line.said.text for line in services.conversing.history(conversation(services, address, channel).id)
            if line.sender == "citizen"]  # fmt: skip


# -- states ------------------------------------------------------------------------------------------------------


def test_a_state_is_good_once_and_for_the_browser_that_began(login: SigningIn) -> None:
    state = state_of(login)
    assert not login.accepts(state, "another browser")
    assert not login.accepts(state, "")
    assert login.accepts(state, "holder")
    assert not login.accepts(state, "holder"), "used"


@pytest.mark.parametrize(
    "forge",
    [
        lambda state: "",
        lambda state: "0" * 104,
        lambda state: state[:-1] + ("0" if state[-1] != "0" else "1"),
        lambda state: f"{int(state[:8], 16) + 60:08x}{state[8:]}",
        lambda state: state + "0",
        lambda state: state.upper() + "\n",
        lambda state: "状" * 104,
    ],
)
def test_a_forged_state_is_none(login: SigningIn, forge: Callable[[str], str]) -> None:
    assert not login.accepts(forge(state_of(login)), "holder")


def test_an_old_state_is_none(login: SigningIn, clock: FakeClock) -> None:
    state, other = state_of(login), state_of(login)
    clock.move(seconds=VALID)
    assert login.accepts(state, "holder")
    clock.move(seconds=1)
    assert not login.accepts(other, "holder")


def test_while_it_cannot_be_told_whether_a_state_was_used_nobody_signs_in(login: SigningIn, services: Services) -> None:
    if not hasattr(services.limiter, "away"):
        pytest.skip("a real Redis cannot be switched off from here")
    state = state_of(login)
    services.limiter.away = True
    assert not login.accepts(state, "holder")


def test_the_way_to_wechat_is_as_its_documentation_wants_it(login: SigningIn) -> None:
    url = login.begin("holder")
    state = state_of(login)
    assert url.startswith(f"https://open.example/connect/oauth2/authorize?appid={APPID}&redirect_uri=https%3A%2F%2F")
    assert url.endswith("#wechat_redirect")
    asked = parse_qs(urlsplit(url).query)
    assert asked["redirect_uri"] == [PUBLIC + BACK]
    assert (asked["response_type"], asked["scope"]) == (["code"], ["snsapi_base"])
    assert len(state) <= 128 and state.isascii() and state.isalnum(), "WeChat takes nothing else"
    assert "holder" not in url


# -- who is joined to whom ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["", "a b", "码", "x" * 513, "a\r\nb", "../x"])
def test_what_cannot_be_a_code_is_not_taken_to_wechat(login: SigningIn, api: FakePageApi, code: str) -> None:
    with pytest.raises(CodeUsed):
        login.enter(code, former=None, fresh=FRESH)
    assert api.asked == []


def test_a_failure_leaves_everything_as_it_was(
    services: Services, run: Callable[..., Any], login: SigningIn, api: FakePageApi
) -> None:
    say(services, run, FORMER, "路灯不亮")
    before = conversation(services, FORMER)
    api.fault = TryLater("away")
    with pytest.raises(TryLater):
        enter(login, api)
    assert conversation(services, FORMER) == before
    assert not login.is_linked(FRESH)


def test_the_page_goes_on_with_the_wechat_conversation(
    services: Services, run: Callable[..., Any], login: SigningIn, api: FakePageApi
) -> None:
    say(services, run, OPENID, "井盖响", "wechat")
    enter(login, api, former=None)
    assert conversation(services, FRESH).id == conversation(services, OPENID, "wechat").id
    assert words(services, FRESH) == ["井盖响"]
    assert login.is_linked(FRESH)


def test_where_nothing_was_said_on_wechat_the_page_keeps_what_it_shows(
    services: Services, run: Callable[..., Any], login: SigningIn, api: FakePageApi
) -> None:
    say(services, run, FORMER, "路灯不亮")
    before = conversation(services, FORMER)
    enter(login, api)
    assert conversation(services, FRESH).id == before.id
    assert conversation(services, OPENID, "wechat").id == before.id, "WeChat goes on where the page was"
    assert words(services, FRESH) == ["路灯不亮"]
    assert login.is_linked(FRESH)


def test_where_both_have_lines_it_is_wechats_and_tickets_come_along(
    services: Services, run: Callable[..., Any], login: SigningIn, api: FakePageApi
) -> None:
    say(services, run, OPENID, "井盖响", "wechat")
    complaint = filed(services, address=FORMER)
    say(services, run, FORMER, "路灯不亮")
    enter(login, api)
    own = conversation(services, OPENID, "wechat")
    assert conversation(services, FRESH).id == own.id
    assert words(services, FRESH) == ["井盖响"]
    with services.unit_of_work() as tx:
        ticket = tx.complaints.get(complaint.id)
    assert ticket and ticket.citizen_id == own.citizen_id
    last = services.conversing.history(own.id)[-1]
    assert (last.sender, last.body["text"]) == ("notice", services.speech.words.say("wechat.page_joined"))


def test_a_page_where_nothing_was_said_is_not_talked_about(
    services: Services, run: Callable[..., Any], login: SigningIn, api: FakePageApi
) -> None:
    say(services, run, OPENID, "井盖响", "wechat")
    conversation(services, FORMER)
    before = services.conversing.latest(conversation(services, OPENID, "wechat").id)
    enter(login, api)
    assert services.conversing.latest(conversation(services, FRESH).id) == before


def test_a_follower_who_has_said_nothing_is_told_of_in_the_wechat_conversation(
    services: Services, run: Callable[..., Any], login: SigningIn, api: FakePageApi
) -> None:
    """Deliveries count the lines of that conversation: it must stay the one."""
    own = conversation(services, OPENID, "wechat")
    with services.unit_of_work() as tx:
        tx.wechat.keep_reader(Reader(OPENID, own.id, 1, Budget()))
    say(services, run, FORMER, "路灯不亮")
    enter(login, api)
    assert conversation(services, FRESH).id == own.id == conversation(services, OPENID, "wechat").id


@pytest.mark.parametrize("spoken", [True, False])
def test_the_former_address_leads_nowhere_any_more(
    services: Services, run: Callable[..., Any], login: SigningIn, api: FakePageApi, spoken: bool
) -> None:
    if spoken:
        say(services, run, OPENID, "井盖响", "wechat")
    say(services, run, FORMER, "路灯不亮")
    enter(login, api)
    again = conversation(services, FORMER)
    assert again.id != conversation(services, FRESH).id
    assert again.citizen_id != conversation(services, FRESH).citizen_id
    assert words(services, FORMER) == []


def test_another_citizen_on_the_same_phone_gets_their_own(
    services: Services, run: Callable[..., Any], login: SigningIn, api: FakePageApi
) -> None:
    say(services, run, OPENID, "井盖响", "wechat")
    enter(login, api)
    enter(login, api, "oAnother", former=FRESH, fresh=f"{MARK}second")
    assert conversation(services, f"{MARK}second").id == conversation(services, "oAnother", "wechat").id
    assert words(services, f"{MARK}second") == []
    assert conversation(services, FRESH).id == conversation(services, OPENID, "wechat").id, "theirs as before"


def test_a_page_that_somebody_else_reads_on_wechat_is_not_taken_over(
    services: Services, run: Callable[..., Any], login: SigningIn, api: FakePageApi
) -> None:
    say(services, run, FORMER, "路灯不亮")
    shared = conversation(services, FORMER)
    with services.unit_of_work() as tx:
        tx.wechat.keep_reader(Reader("oAnother", shared.id, 1, Budget()))
    enter(login, api)
    assert conversation(services, FRESH).id != shared.id
    assert conversation(services, FORMER) == shared


def test_signing_in_again_changes_nothing_but_the_address(
    services: Services, run: Callable[..., Any], login: SigningIn, api: FakePageApi
) -> None:
    say(services, run, FORMER, "路灯不亮")
    enter(login, api)
    before = conversation(services, FRESH)
    enter(login, api, former=FRESH, fresh=f"{MARK}second")
    assert conversation(services, f"{MARK}second").id == before.id
    assert words(services, f"{MARK}second") == ["路灯不亮"]


def test_who_was_erased_starts_anew(
    services: Services, run: Callable[..., Any], login: SigningIn, api: FakePageApi
) -> None:
    say(services, run, OPENID, "井盖响", "wechat")
    enter(login, api, former=None)
    gone = conversation(services, FRESH)
    services.personal_requests.erase(gone.citizen_id, by="clerk", why="asked for it")
    assert not login.is_linked(FRESH), "the page signs in anew"
    enter(login, api, former=FRESH, fresh=f"{MARK}second")
    new = conversation(services, f"{MARK}second")
    assert new.citizen_id != gone.citizen_id
    assert new.id == conversation(services, OPENID, "wechat").id
    assert words(services, f"{MARK}second") == []


def test_an_address_of_no_sign_in_is_not_linked(services: Services, login: SigningIn) -> None:
    conversation(services, FORMER)
    assert not login.is_linked(FORMER)
    assert not login.is_linked(f"{MARK}nobody")


# -- pages -------------------------------------------------------------------------------------------------------


def test_a_page_of_ours_is_signed_without_its_fragment(login: SigningIn, clock: FakeClock) -> None:
    url = f"{PUBLIC}/?from=singlemessage&a=%E4%BD%A0"
    made = login.page(f"{url}#line-3")
    assert (made.app_id, made.timestamp) == (APPID, int(clock().timestamp()))
    assert made.signature == sign(TICKET, url, noncestr=made.nonce, timestamp=made.timestamp)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://talk.example.evil.example/",
        "https://talk.example@evil.example/",
        "https://someone@talk.example/",
        "http://talk.example/",
        "https://talk.example:8443/",
        "https://talk.example:x/",
        "//talk.example/",
        "/",
        "javascript:alert(1)",
        "https://evil.example\\@talk.example/",
        "https://talk.example/\r\nx",
        "https://talk.example/ x&jsapi_ticket=y",
        f"https://talk.example/{'x' * 2_048}",
        "https://[talk.example/",
    ],
)
def test_a_page_of_anybody_else_is_not_signed(login: SigningIn, api: FakePageApi, url: str) -> None:
    with pytest.raises(Foreign):
        login.page(url)
    assert api.asked == [], "WeChat is not asked for it either"


def test_the_usual_port_may_be_named(login: SigningIn) -> None:
    assert login.page("https://talk.example:443/x").signature
