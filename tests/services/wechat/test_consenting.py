"""Subscription notices: consents that come and go, when a citizen is asked, and what leaves in a notice."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.ports import Transaction
from integrations.services.records import Complaint, Line, Sender
from integrations.services.wechat.consenting import Consenting
from integrations.services.wechat.records import Consent, NoticeSent, Push, Reader
from kb import ticket_number
from kb.wechat.notices import News, Notices, Template, What
from kb.wechat.pushes import PushKind
from kb.wechat.quota import Budget
from tests.builders import PHONE, conversation, dispatched, relay_all
from tests.fakes import SATURDAY, FakeClock, FakeDispatcher

OPENID = "oAbCdEfGh123"
LONG, ONCE = "LongTemplate_1", "OnceTemplate_1"
FIELDS = {
    "character_string1": What.NUMBER,
    "thing2": What.CATEGORY,
    "phrase3": What.STATUS,
    "thing4": What.UNIT,
    "time5": What.DATE,
    "time6": What.DUE,
    "thing7": What.PLACE,
    "thing8": What.NOTE,
}
CITY = Notices(
    {
        News.ACCEPTED: Template(LONG, True, FIELDS),
        News.PASSED_ON: Template(LONG, True, FIELDS),
        News.CLOSED: Template(ONCE, False, FIELDS),
        News.MORE_NEEDED: Template(ONCE, False, FIELDS),
    }
)


class Stage:
    """A citizen of WeChat and what is kept of them."""

    def __init__(self, services: Services, notices: Notices = CITY, public_url: str = "https://city.example") -> None:
        self.services = services
        self.use_case = Consenting(
            notices=notices,
            speech=services.speech,
            limiter=services.limiter,
            public_url=public_url,
            told=services.notifying.bubble,
        )

    def tx(self) -> AbstractContextManager[Transaction]:
        return self.services.unit_of_work()

    def pushed(self, event: str, *said: tuple[str, str], kind: PushKind = PushKind.CONSENT) -> None:
        consents = tuple(Consent(template, answer) for template, answer in said)
        push = Push(f"e:{event}", kind, OPENID, "gh_1", SATURDAY, event=event, consents=consents)
        with self.tx() as tx:
            self.use_case.heard(tx, push, SATURDAY)

    def sent(self, template: str, error: int) -> None:
        push = Push(
            "e:sent", PushKind.NOTICE_SENT, OPENID, "gh_1", SATURDAY,
            event="subscribe_msg_sent_event", sent=(NoticeSent(template, error, "why"),),
        )  # fmt: skip
        with self.tx() as tx:
            self.use_case.heard(tx, push, SATURDAY)

    def offer(self) -> bool:
        with self.tx() as tx:
            return self.use_case.offer(tx, OPENID)

    def standing(self) -> dict[str, int]:
        with self.tx() as tx:
            return dict(tx.wechat.consents(OPENID))

    def reader(self) -> Reader:
        return Reader(OPENID, conversation(self.services).id, 0, Budget())

    def notice_of(self, line: Line, reader: Reader | None = None) -> Any:
        reader = reader or self.reader()
        with self.tx() as tx:
            return self.use_case.notice(tx, reader, line)


@pytest.fixture
def stage(services: Services) -> Stage:
    return Stage(services)


def told(services: Services, dispatcher: FakeDispatcher, event: str = "closed", **more: Any) -> tuple[Complaint, Line]:
    """A ticket to which something has happened, and the line that tells of it."""
    complaint, request = dispatched(services)
    dispatcher.do(request, event, **more)
    services.dispatching.poll()
    relay_all(services)
    lines = services.conversing.history(conversation(services).id)
    (line,) = [one for one in lines if one.sender is Sender.NOTICE]
    return complaint, line


# -- what is heard ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["reject", "", "ban", "filter", "REJECT"])
def test_whatever_is_no_yes_is_a_no(stage: Stage, answer: str) -> None:
    stage.pushed("subscribe_msg_popup_event", (LONG, answer))
    assert stage.standing() == {}


def test_a_template_that_is_not_ours_is_not_kept(stage: Stage) -> None:
    stage.pushed("subscribe_msg_popup_event", ("another_template", "accept"))
    assert stage.standing() == {}


def test_a_yes_for_long_stands_and_a_yes_for_once_adds_one(stage: Stage) -> None:
    stage.pushed("subscribe_msg_popup_event", (LONG, "accept"), (ONCE, "accept"))
    stage.pushed("subscribe_msg_popup_event", (LONG, "accept"), (ONCE, "accept"))
    assert stage.standing() == {LONG: -1, ONCE: 2}


def test_a_no_on_the_page_of_settings_takes_it_back(stage: Stage) -> None:
    stage.pushed("subscribe_msg_popup_event", (LONG, "accept"), (ONCE, "accept"))
    stage.pushed("subscribe_msg_change_event", (LONG, "reject"))
    assert stage.standing() == {ONCE: 1}


def test_switching_on_again_on_the_page_of_settings_gives_no_further_use_for_once(stage: Stage) -> None:
    stage.pushed("subscribe_msg_change_event", (LONG, "accept"), (ONCE, "accept"))
    assert stage.standing() == {LONG: -1}


def test_news_of_a_notice_that_was_refused_take_the_consent_back_and_others_do_not(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.pushed("subscribe_msg_popup_event", (LONG, "accept"), (ONCE, "accept"))
    stage.sent(LONG, 0)
    stage.sent(ONCE, 43104)
    assert stage.standing() == {LONG: -1, ONCE: 1}
    stage.sent(LONG, 43101)
    assert stage.standing() == {ONCE: 1}
    assert "43104" in caplog.text
    assert OPENID not in caplog.text


# -- when citizens are asked -----------------------------------------------------------------------------------------


def test_nobody_is_asked_where_there_is_nothing_to_ask_for_or_no_page_to_ask_on(services: Services) -> None:
    assert not Stage(services, Notices()).offer()
    assert not Stage(services, public_url="").offer()


@pytest.fixture
def in_memory(stage: Stage) -> None:
    if not hasattr(stage.services.limiter, "away"):
        pytest.skip("a real Redis has a clock of its own and cannot be switched off from here")


@pytest.mark.usefixtures("in_memory")
def test_nobody_is_asked_while_that_cannot_be_looked_up(stage: Stage) -> None:
    stage.services.limiter.away = True  # type: ignore[attr-defined]
    assert not stage.offer()
    stage.services.limiter.away = False  # type: ignore[attr-defined]
    assert stage.offer()


@pytest.mark.usefixtures("in_memory")
def test_who_was_asked_is_left_alone_for_thirty_days(stage: Stage, clock: FakeClock) -> None:
    assert stage.offer()
    assert not stage.offer()
    clock.now += timedelta(days=29)
    assert not stage.offer()
    clock.now += timedelta(days=1, minutes=1)
    assert stage.offer()


@pytest.mark.usefixtures("in_memory")
def test_who_said_no_is_left_alone_for_a_year(stage: Stage, clock: FakeClock) -> None:
    stage.pushed("subscribe_msg_popup_event", (LONG, "reject"))
    clock.now += timedelta(days=300)
    assert not stage.offer()
    clock.now += timedelta(days=66)
    assert stage.offer()


def test_who_has_agreed_is_not_asked_and_is_asked_again_when_it_is_used_up(stage: Stage) -> None:
    stage.pushed("subscribe_msg_popup_event", (ONCE, "accept"))
    assert not stage.offer()
    with stage.tx() as tx:
        assert tx.wechat.use_consent(OPENID, ONCE)
    assert stage.offer()


# -- what a notice says ----------------------------------------------------------------------------------------------


def test_without_consent_there_is_no_notice(stage: Stage, dispatcher: FakeDispatcher) -> None:
    _, line = told(stage.services, dispatcher)
    assert stage.notice_of(line) is None


def test_a_line_that_tells_of_no_ticket_makes_no_notice(stage: Stage, dispatcher: FakeDispatcher) -> None:
    _, line = told(stage.services, dispatcher)
    stage.pushed("subscribe_msg_popup_event", (ONCE, "accept"))
    for card in (None, {"kind": "staff"}, {"kind": "notice"}, {"kind": "notice", "number": "1"}):
        assert stage.notice_of(replace(line, body={**line.body, "card": card})) is None
    assert stage.notice_of(replace(line, sender=Sender.ASSISTANT)) is None


def test_nobody_is_told_of_the_ticket_of_another(stage: Stage, dispatcher: FakeDispatcher) -> None:
    _, line = told(stage.services, dispatcher)
    stage.pushed("subscribe_msg_popup_event", (ONCE, "accept"))
    stranger = conversation(stage.services, "somebody-else", "wechat")
    assert stage.notice_of(line, replace(stage.reader(), conversation_id=stranger.id)) is None


def test_a_notice_says_number_category_status_unit_and_times_and_nothing_else(
    stage: Stage, dispatcher: FakeDispatcher
) -> None:
    stage.pushed("subscribe_msg_popup_event", (LONG, "accept"), (ONCE, "accept"))
    note = "电话13812345678，3号楼501的王女士"
    complaint, line = told(stage.services, dispatcher, note=note)

    notice = stage.notice_of(line)

    assert notice.template_id == ONCE
    assert notice.page == "https://city.example/"
    assert notice.data["character_string1"] == complaint.number
    assert notice.data["phrase3"] == "已办结"
    assert notice.data["time5"].startswith("2026年")
    assert set(notice.data) == set(FIELDS)
    everything = " ".join(notice.data.values())
    for private in (PHONE, "501", "王女士", "翠湖小区", "三天了", "688号"):
        assert private not in everything, private
    assert PHONE not in repr(notice) and complaint.number not in repr(notice)


def test_a_unit_with_a_person_and_a_telephone_is_told_without_them(stage: Stage, dispatcher: FakeDispatcher) -> None:
    stage.pushed("subscribe_msg_popup_event", (LONG, "accept"))
    _, line = told(stage.services, dispatcher, "assigned", unit="王女士13812345678")
    notice = stage.notice_of(line)
    assert notice.template_id == LONG
    assert "王女士" not in notice.data["thing4"] and "1381234" not in notice.data["thing4"]


def test_a_line_that_asks_for_something_is_a_notice_of_its_own(stage: Stage, dispatcher: FakeDispatcher) -> None:
    stage.pushed("subscribe_msg_popup_event", (ONCE, "accept"))
    complaint, line = told(stage.services, dispatcher)
    shown = ticket_number.display(complaint.number)
    asks = replace(line, body={"text": "问题解决了吗？", "card": {"kind": "notice", "number": shown, "rows": []}})
    assert stage.notice_of(asks).data["phrase3"] == "等您回复"


def test_a_consent_for_once_is_used_once_and_comes_back_only_when_wechat_did_not_take_it(
    stage: Stage, dispatcher: FakeDispatcher
) -> None:
    stage.pushed("subscribe_msg_popup_event", (ONCE, "accept"))
    _, line = told(stage.services, dispatcher)
    notice = stage.notice_of(line)
    with stage.tx() as tx:
        assert stage.use_case.use(tx, OPENID, notice)
        assert not stage.use_case.use(tx, OPENID, notice)
        stage.use_case.give_back(tx, OPENID, notice, SATURDAY)
        assert stage.use_case.use(tx, OPENID, notice)
    assert stage.notice_of(line) is None


def test_a_consent_for_long_stays_and_is_gone_when_wechat_says_so(stage: Stage, dispatcher: FakeDispatcher) -> None:
    stage.pushed("subscribe_msg_popup_event", (LONG, "accept"))
    _, line = told(stage.services, dispatcher, "accepted")
    notice = stage.notice_of(line)
    with stage.tx() as tx:
        assert stage.use_case.use(tx, OPENID, notice)
        stage.use_case.give_back(tx, OPENID, notice, SATURDAY)
    assert stage.standing() == {LONG: -1}
    with stage.tx() as tx:
        stage.use_case.gone(tx, OPENID, notice, SATURDAY)
    assert stage.standing() == {}
    assert not stage.offer()
