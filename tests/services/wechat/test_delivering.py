"""Telling by customer service messages: within the quota, in order, nothing lost, and each once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from threading import Thread
from typing import Any

import pytest

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.services.delivering import deliver
from integrations.services.errors import NeedsPerson, TryLater
from integrations.services.records import Bubble, Conversation, Said
from integrations.services.wechat.consenting import Notice
from integrations.services.wechat.delivering import PAUSES
from integrations.services.wechat.errors import ConsentGone, CountUsed, OutOfWindow, QuotaUsed, TooLong, Unreachable
from integrations.services.wechat.records import Reader
from kb.wechat.pushes import PushKind
from tests.builders import conversation
from tests.fakes import FakeClock, FakeListener
from tests.services.wechat.citizen import OPENID, FakeWechatApi, push, said
from tests.services.wechat.conftest import Ask

LONG = "很长的话。" * 60  # 900 bytes


def mine(services: Services) -> Conversation:
    return conversation(services, OPENID, "wechat")


def tell(services: Services, *texts: str) -> None:
    """Notices of ours, as they come when something has moved."""
    theirs = mine(services)
    for text in texts:
        with services.unit_of_work() as tx:
            deliver(tx, services.messengers, theirs, Bubble(text), at=services.clock())


def reader(services: Services) -> Reader:
    with services.unit_of_work() as tx:
        found = tx.wechat.reader(OPENID)
    assert found is not None
    return found


def one_left(services: Services) -> None:
    left = replace(reader(services).budget, messages=1)
    with services.unit_of_work() as tx:
        tx.wechat.keep_reader(replace(tx.wechat.reader(OPENID), budget=left))  # type: ignore[type-var]


def run(services: Services) -> int:
    return services.wechat.delivering.run_due()


@pytest.fixture
def here(services: Services, ask: Ask, clock: FakeClock) -> Services:
    """A citizen who has just said something and was answered."""
    ask(said("合肥路的路灯坏了，三天了没人管。"))
    clock.move(seconds=10)
    run(services)
    return services


def test_a_notice_is_told_while_messages_may_be_sent_and_counted(
    here: Services, api: FakeWechatApi, clock: FakeClock
) -> None:
    clock.move(hours=3)
    tell(here, "您的事办好了。")

    assert run(here) == 1
    assert api.sent == [(OPENID, "您的事办好了。")]
    assert reader(here).budget.left(clock()) == 4
    assert run(here) == 0, "and once"


def test_several_at_once_go_in_one_message(here: Services, api: FakeWechatApi) -> None:
    tell(here, "一。", "二。")
    run(here)

    assert api.texts == ["一。\n\n二。"]


def test_after_two_days_it_waits_for_the_citizen_and_comes_with_their_next_answer(
    here: Services, api: FakeWechatApi, clock: FakeClock, ask: Ask
) -> None:
    clock.move(hours=49)
    tell(here, "您的事办好了。")
    assert run(here) == 1
    assert api.sent == []
    assert reader(here).due_at is None, "and nobody looks in vain"

    assert ask(said("你好，在吗？", at=clock())) == "您的事办好了。\n\n听到了：你好，在吗？"


def test_no_more_messages_than_there_are(here: Services, api: FakeWechatApi, clock: FakeClock, ask: Ask) -> None:
    for number in range(7):
        tell(here, f"第{number}条。")
        run(here)

    assert api.texts == [f"第{number}条。" for number in range(5)]
    assert ask(said("你好，在吗？", at=clock())).startswith("第5条。\n\n第6条。")


def test_long_answers_are_folded_into_what_is_left_with_a_way_to_the_rest(
    here: Services, api: FakeWechatApi, clock: FakeClock, ask: Ask
) -> None:
    tell(here, *[f"{number}：{LONG}" for number in range(4)])
    one_left(here)
    run(here)

    (first,) = api.texts
    assert first.endswith(here.speech.words.say("wechat.more_on_answer"))
    assert len(first.encode()) <= 2048
    passive = ask(said("好的呀，继续吧。", at=clock()))
    run(here)
    whole = "".join([first, passive, *api.texts[1:]])
    assert all(f"{number}：" in whole for number in range(4))
    assert all(len(text.encode()) <= 2048 for text in [passive, *api.texts])


def test_with_a_page_the_last_message_leads_to_the_rest(
    services: Services, api: FakeWechatApi, ask: Ask, clock: FakeClock
) -> None:
    services.settings = services.settings.model_copy(update={"public_url": "https://city.example"})
    ask(said("合肥路的路灯坏了，三天了没人管。"))
    one_left(services)
    clock.move(seconds=10)
    tell(services, *[f"{number}：{LONG}" for number in range(6)])
    run(services)

    (only,) = api.texts
    assert only.endswith("https://city.example") and len(only.encode()) <= 2048
    assert reader(services).rest == ()


@pytest.mark.parametrize("refusal", [OutOfWindow("45015"), CountUsed("45047")])
def test_when_wechat_says_that_no_more_may_be_sent_it_waits_for_the_citizen(
    here: Services, api: FakeWechatApi, refusal: Exception, ask: Ask, clock: FakeClock
) -> None:
    tell(here, "您的事办好了。")
    api.failures = [refusal]
    run(here)
    run(here)

    assert api.sent == []
    assert reader(here).budget.left(clock()) == 0
    assert ask(said("你好，在吗？", at=clock())).startswith("您的事办好了。")


def test_who_cannot_be_reached_is_left_alone_until_they_come(
    here: Services, api: FakeWechatApi, ask: Ask, clock: FakeClock
) -> None:
    tell(here, "一。")
    api.failures = [Unreachable("48002")]
    run(here)
    tell(here, "二。")
    run(here)

    assert api.sent == []
    assert ask(said("你好，在吗？", at=clock())).startswith("一。\n\n二。")


def test_who_left_is_sent_nothing(here: Services, api: FakeWechatApi, ask: Ask) -> None:
    ask(push(PushKind.UNFOLLOW, event="unsubscribe"))
    tell(here, "一。")
    run(here)

    assert api.sent == []


def test_what_wechat_surely_did_not_take_is_sent_later_and_not_counted(
    here: Services, api: FakeWechatApi, clock: FakeClock
) -> None:
    tell(here, "您的事办好了。")
    api.failures = [QuotaUsed("45011", unheard=True), TryLater("no connection", unheard=True)]
    run(here)
    assert (api.sent, run(here)) == ([], 0)
    for pause in PAUSES[:2]:
        clock.move(seconds=pause)
        run(here)

    assert api.texts == ["您的事办好了。"]
    assert reader(here).budget.left(clock()) == 4


def test_what_wechat_may_have_taken_is_sent_once_more_and_no_more(
    here: Services, api: FakeWechatApi, clock: FakeClock
) -> None:
    tell(here, "您的事办好了。")
    api.lost = [TryLater("no answer")] * 5
    for _ in range(10):
        run(here)
        clock.move(seconds=PAUSES[-1])

    assert api.texts == ["您的事办好了。"] * 2


def test_a_message_that_is_too_long_for_wechat_is_cut_shorter(here: Services, api: FakeWechatApi) -> None:
    tell(here, LONG * 2)
    api.failures = [TooLong("45002")]
    run(here)
    run(here)

    assert "".join(api.texts).replace("\n", "") == LONG * 2
    assert all(len(text.encode()) <= 1000 for text in api.texts)


def test_a_permission_that_is_gone_stops_with_a_word_to_the_operator(here: Services, api: FakeWechatApi) -> None:
    tell(here, "您的事办好了。")
    api.failures = [NeedsPerson("48001")]
    with pytest.raises(NeedsPerson):
        here.wechat.delivering.deliver(OPENID)

    assert reader(here).rest == ("您的事办好了。",)


class _Died(BaseException):
    """The process is gone."""


@pytest.mark.parametrize(("moment", "seen"), [("before sending", 1), ("after sending", 2)])
def test_a_process_that_dies_while_it_tells_loses_nothing(
    here: Services, api: FakeWechatApi, clock: FakeClock, moment: str, seen: int
) -> None:
    tell(here, "您的事办好了。")

    def die(now: str) -> None:
        if now == moment:
            raise _Died

    other = bootstrap.build(here.settings, **here.replacements, wechat_delivering={"holder": "other", "pause_at": die})
    with pytest.raises(_Died):
        other.wechat.delivering.run_due()
    assert run(here) == 0, "the other one may still be at it"
    clock.move(seconds=60)
    run(here)

    assert api.texts == ["您的事办好了。"] * seen


def test_two_workers_tell_it_once(here: Services, api: FakeWechatApi) -> None:
    tell(here, "您的事办好了。")
    others = [
        bootstrap.build(here.settings, **here.replacements, wechat_delivering={"holder": f"worker-{n}"})
        for n in range(4)
    ]
    threads = [Thread(target=one.wechat.delivering.run_due) for one in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert api.texts == ["您的事办好了。"]


# -- a tap -------------------------------------------------------------------------------------------------------


def test_a_tap_allows_three_messages_for_a_minute_and_then_none(
    services: Services, api: FakeWechatApi, listener: FakeListener, ask: Ask, clock: FakeClock
) -> None:
    ask(push(PushKind.CLICK, event="CLICK", event_key="say:check_progress"))
    clock.move(seconds=10)
    tell(services, "一。")
    run(services)
    clock.move(seconds=70)
    tell(services, "二。")
    run(services)

    assert api.texts == ["一。"]


def test_a_slow_answer_to_a_tap_is_not_lost_and_no_call_is_wasted(
    services: Services, api: FakeWechatApi, listener: FakeListener, ask: Ask, clock: FakeClock, run: Any
) -> None:
    listener.away = True
    assert ask(push(PushKind.TEXT, "查进度", menu_id="1.2"), late=4.1) == ""
    clock.move(seconds=70)
    listener.away = False
    for left in services.conversing.stale():
        run(services.conversing.drive(left))
    services.wechat.delivering.run_due()
    assert api.sent == []

    assert ask(said("有结果了吗？", at=clock())).startswith("听到了：查进度")


# -- two channels ------------------------------------------------------------------------------------------------


def test_answers_to_what_was_said_on_the_page_are_told_there_only(
    here: Services, api: FakeWechatApi, run_page: Callable[[str], None]
) -> None:
    run_page("网页上说的话，三天了没人管。")
    run(here)
    assert api.sent == []

    tell(here, "您的事办好了。")
    run(here)
    assert api.texts == ["您的事办好了。"]


@pytest.fixture
def run_page(services: Services, run: Any) -> Callable[[str], None]:
    def say(text: str) -> None:
        services.conversing.accept(mine(services).id, "message-1", Said(text))
        run(services.conversing.drive(mine(services)))

    return say


def test_who_goes_on_with_another_conversation_hears_its_notices(
    here: Services, api: FakeWechatApi, ask: Ask, clock: FakeClock
) -> None:
    page = conversation(here, "page-1")
    code = here.conversing.linking.digits()
    with here.unit_of_work() as tx:
        assert tx.links.offer(code, page.id, now=clock(), until=clock().replace(year=2030))
    assert ask(said(f"连接码{code}", at=clock())) == here.speech.words.say("linking.linked")
    clock.move(seconds=10)
    run(here)
    with here.unit_of_work() as tx:
        deliver(tx, here.messengers, page, Bubble("您的事办好了。"), at=clock())
    run(here)

    assert api.texts == ["您的事办好了。"]
    assert ask(said("再说一件事，井盖也坏了。", at=clock())) == "听到了：再说一件事，井盖也坏了。"


# -- subscription notices ----------------------------------------------------------------------------------------


class FakeNotices:
    """Consents for `times` notices."""

    def __init__(self, times: int) -> None:
        self.times, self.gave_back, self.was_gone = times, 0, 0

    def offer(self, tx: Any, openid: str) -> bool:
        return True

    def notice(self, tx: Any, reader: Reader, line: Any) -> Notice | None:
        return Notice("template", {"thing1": line.bubble.text}, "")

    def use(self, tx: Any, openid: str, notice: Notice) -> bool:
        self.times -= 1
        return self.times >= 0

    def give_back(self, tx: Any, openid: str, notice: Notice, now: datetime) -> None:
        self.gave_back += 1

    def gone(self, tx: Any, openid: str, notice: Notice, now: datetime) -> None:
        self.was_gone += 1

    def heard(self, tx: Any, push: Any, now: datetime) -> None: ...


@pytest.fixture
def notices(here: Services) -> FakeNotices:
    made = FakeNotices(5)
    here.wechat.delivering = replace(here.wechat.delivering, notices=made)
    return made


def test_outside_the_window_a_notice_says_that_there_is_news_once(
    here: Services, api: FakeWechatApi, notices: FakeNotices, clock: FakeClock, ask: Ask
) -> None:
    clock.move(hours=49)
    tell(here, "一。", "二。")
    for _ in range(4):
        run(here)
    here.wechat.delivering.deliver(OPENID)

    assert [data for _, _, data in api.notices] == [{"thing1": "一。"}, {"thing1": "二。"}]
    assert ask(said("你好，在吗？", at=clock())).startswith("一。\n\n二。"), "the whole is told all the same"


def test_without_a_consent_no_notice_is_sent(
    here: Services, api: FakeWechatApi, notices: FakeNotices, clock: FakeClock
) -> None:
    notices.times = 0
    clock.move(hours=49)
    tell(here, "一。")
    run(here)

    assert api.notices == []


@pytest.mark.parametrize(
    ("failure", "gave_back", "was_gone"),
    [(TryLater("", unheard=True), 1, 0), (TryLater(""), 0, 0), (ConsentGone("43101"), 0, 1)],
)
def test_a_consent_is_given_back_only_where_the_notice_surely_was_not_sent(
    here: Services,
    api: FakeWechatApi,
    notices: FakeNotices,
    clock: FakeClock,
    failure: Exception,
    gave_back: int,
    was_gone: int,
) -> None:
    clock.move(hours=49)
    tell(here, "一。")
    api.failures = [failure]
    run(here)

    assert (notices.gave_back, notices.was_gone) == (gave_back, was_gone)
    clock.move(minutes=10)
    run(here)
    assert len(api.notices) == gave_back, "and it is tried again only then"


def test_after_a_ticket_the_citizen_is_asked_for_notices(services: Services, listener: FakeListener, ask: Ask) -> None:
    services.settings = services.settings.model_copy(update={"public_url": "https://city.example"})
    services.wechat.delivering = replace(services.wechat.delivering, notices=FakeNotices(1))
    listener.answers = lambda said: [Bubble("收到了。", (), {"kind": "ticket", "number": "1", "rows": []})]

    assert ask(said("合肥路的路灯坏了，三天了没人管。")).endswith("https://city.example/wechat/notices")
    listener.answers = lambda said: [Bubble("好的。")]
    assert "notices" not in ask(said("谢谢你们了，辛苦。"))


# -- old things --------------------------------------------------------------------------------------------------


def test_pushes_are_forgotten_after_a_day_and_not_before(here: Services, clock: FakeClock) -> None:
    assert here.wechat.delivering.forget() == 0
    clock.move(hours=25)
    assert here.wechat.delivering.forget() == 1


def test_whoever_is_erased_leaves_nothing_here(here: Services) -> None:
    theirs = mine(here)
    with here.unit_of_work() as tx:
        tx.wechat.consent(OPENID, "template", 1, at=here.clock())
        tx.personal.erase_conversation(theirs.id)

    with here.unit_of_work() as tx:
        assert tx.wechat.reader(OPENID) is None
        assert tx.wechat.consents(OPENID) == {}
    assert here.wechat.delivering.forget() == 0
