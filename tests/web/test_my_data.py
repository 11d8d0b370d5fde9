"""A citizen looks at what is kept of them, and erases it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from integrations.bootstrap import Services
from integrations.services import own_data
from integrations.services.errors import TryLater
from integrations.services.handover_records import CallState
from integrations.services.records import Complaint, Said
from integrations.store.personal_tables import personal_acts
from integrations.web import my_data
from kb import ticket_number
from kb.lifecycle import Actor, Move, Status
from tests import media_files
from tests.builders import LAMP, PHONE, RUBBISH, conversation, outbox, read, told
from tests.fakes import FakeDispatcher, FakeListener
from tests.services.test_personal import SECRET_WORDS, _summaries, end, stored
from tests.web.conftest import OURS, Browser, problem

OTHER = "13912345678"


def look(browser: Browser) -> dict[str, Any]:
    return dict(browser.client.get(my_data.PATH).json())


def erase(browser: Browser, what: str = "all", **body: object) -> httpx.Response:
    return browser.client.post(f"{my_data.PATH}/erase", json={"what": what, "confirm": True, **body}, headers=OURS)


def filed(services: Services, browser: Browser, text: str = LAMP, **how: Any) -> Complaint:
    return services.filing.submit(told(services, text, **how), str(browser.begin()["conversation"]))


@pytest.fixture
def story(services: Services, browser: Browser) -> Complaint:
    """A closed ticket of this browser's citizen; words, photo and conversation name them."""
    conversation = str(browser.begin()["conversation"])
    browser.say(f"{SECRET_WORDS}，电话{PHONE}")
    services.receiving.take(conversation, "photo-0001", [media_files.photo()])
    photos = next(one.said.photos for one in services.conversing.history(conversation) if one.said.photos)
    complaint = filed(services, browser, f"{LAMP}，{SECRET_WORDS}")
    services.supplementing.add(conversation, complaint.number, key="m-1", text=SECRET_WORDS, photos=photos)
    return end(services, complaint)


def test_what_is_kept_is_shown_in_counts_and_masked(browser: Browser, story: Complaint) -> None:
    kept = look(browser)
    assert (kept["tickets"], kept["open"], kept["phones"]) == (1, [], ["138****5678"])
    assert kept["lines"] >= 2
    assert kept["days"] == {"contacts": 365, "words": 365, "conversations": 365, "memory": 30}


def test_nothing_readable_of_the_citizen_stays(services: Services, browser: Browser, story: Complaint) -> None:
    assert SECRET_WORDS in stored(services)

    gone = erase(browser).json()

    assert gone["over"] and gone["open"] == []
    left = stored(services).replace(_summaries(services), "")
    for word in (PHONE, SECRET_WORDS, "王小明", "138****5678", "p.jpg"):
        assert word not in left, word
    with services.unit_of_work() as tx:
        assert tx.contacts.phone(story.id) is None
        assert tx.media.of_complaint(story.id) == []
    assert services.auditing.audit().whole
    after = read(services, story)
    assert after.status is Status.CLOSED
    assert after.latest is not None and (after.latest.kind, after.latest.role) == (Move.ERASED, Actor.CITIZEN)


def test_the_session_is_over_and_a_new_one_knows_nothing(
    services: Services, browser: Browser, story: Complaint
) -> None:
    before = browser.begin()["conversation"]
    answer = erase(browser)
    assert answer.json()["over"]
    assert browser.client.get("/api/chat/messages").status_code == 401

    assert browser.begin()["conversation"] != before
    assert {one["from"] for one in browser.messages()} == {"assistant"}
    assert browser.client.get(f"/api/tickets/{story.number}").status_code == 404


def test_it_is_on_record_as_the_citizens_own_doing(services: Services, browser: Browser, story: Complaint) -> None:
    erase(browser)
    with services.engine.connect() as db:
        act = db.execute(select(personal_acts)).one()
    assert (act.kind, act.by, act.citizen_id) == ("erase", "citizen", story.citizen_id)
    assert act.counts["tickets"] == 1 and act.why == services.speech.words.say("my_data.why")


def test_nobody_elses_data_are_touched(
    services: Services, browser: Browser, story: Complaint, new_browser: Callable[[], Browser]
) -> None:
    other = new_browser()
    theirs = end(services, filed(services, other, f"{RUBBISH}，{SECRET_WORDS}", draft_id="draft-2", phone=OTHER))
    other.say("我说的话")

    erase(browser, "phone")
    erase(browser)

    assert SECRET_WORDS in read(services, theirs).description
    assert "我说的话" in [one["text"] for one in other.messages()]
    assert look(other)["phones"] == ["139****5678"]


def test_what_is_open_stays_until_it_is_over_and_says_so(
    services: Services, browser: Browser, story: Complaint
) -> None:
    still = filed(services, browser, RUBBISH, draft_id="draft-2")
    shown = ticket_number.display(still.number)
    assert look(browser)["open"] == [shown]

    gone = erase(browser).json()

    assert (gone["open"], gone["over"]) == ([shown], False)
    assert gone["text"] == services.speech.words.say("my_data.some_gone")
    assert read(services, story).description == "" and read(services, still).description
    with services.unit_of_work() as tx:
        assert (tx.contacts.phone(story.id), tx.contacts.phone(still.id)) == (None, PHONE)
    assert browser.messages(), "the conversation in which the outcome will be told"
    assert erase(browser).json()["text"] == services.speech.words.say("my_data.nothing_gone")
    services.withdrawing.withdraw(still.conversation_id, still.number, key="w-1")
    assert erase(browser).json()["over"]
    history = read(services, story).history
    assert [one.kind for one in history].count(Move.ERASED) == 1


def test_the_phone_goes_at_once_from_open_tickets_too_and_the_unit_hears_of_it(
    services: Services, browser: Browser, story: Complaint, dispatcher: FakeDispatcher
) -> None:
    still = filed(services, browser, RUBBISH, draft_id="draft-2")
    before = sum(outbox(services).values())

    first, again = erase(browser, "phone").json(), erase(browser, "phone").json()

    assert first["text"] == services.speech.words.say("my_data.phone_gone") and not first["over"]
    assert again["text"] == services.speech.words.say("my_data.phone_none")
    assert sum(outbox(services).values()) == before + 1
    with services.unit_of_work() as tx:
        assert tx.contacts.phone(still.id) is None and tx.contacts.phone(story.id) is None
    after = read(services, still)
    assert after.anonymous and after.confidential and after.status is Status.FILED
    assert look(browser)["phones"] == []


@pytest.mark.parametrize("body", [{"confirm": False}, {"what": "others"}, {"more": 1}])
def test_nothing_goes_by_half_a_wish(
    services: Services, browser: Browser, story: Complaint, body: dict[str, object]
) -> None:
    assert problem(erase(browser, **body), 422)["code"] == "bad_request"
    assert read(services, story).description


def test_only_our_page_with_a_session_may_and_not_without_end(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    bare = browser.client.post(f"{my_data.PATH}/erase", json={"what": "all", "confirm": True})
    assert problem(bare, 403)["code"] == "header_missing"
    assert problem(erase(new_browser()), 401)["code"] == "no_session"
    codes = [erase(browser, "phone").status_code for _ in range(my_data.ERASURES_A_MINUTE + 1)]
    assert codes == [200] * my_data.ERASURES_A_MINUTE + [429]


# -- calls that were promised ------------------------------------------------------------------------------------


def test_a_call_that_was_promised_goes_with_the_phone(services: Services, browser: Browser) -> None:
    mine = str(browser.begin()["conversation"])
    call = services.calling_back.promise(mine, PHONE, about="路灯坏了")
    assert look(browser)["phones"] == ["138****5678"]

    first, again = erase(browser, "phone").json(), erase(browser, "phone").json()

    assert first["text"] == services.speech.words.say("my_data.phone_gone_call")
    assert again["text"] == services.speech.words.say("my_data.phone_none")
    assert services.calling_back.to_make() == []
    with services.unit_of_work() as tx:
        known = tx.call_backs.get(call.id)
        assert tx.call_backs.phone(call.id) is None
    assert known is not None and (known.state, known.shown) == (CallState.WITHDRAWN, "")
    assert look(browser)["phones"] == [] and "138****5678" not in stored(services)
    assert services.calling_back.known_phone(mine) is None


def test_the_number_of_a_call_that_was_made_goes_too_and_others_keep_theirs(
    services: Services, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    mine, theirs = str(browser.begin()["conversation"]), str(new_browser().begin()["conversation"])
    made, other = (services.calling_back.promise(one, PHONE) for one in (mine, theirs))
    services.calling_back.tick_off(made.id, by="desk-1", reached=True)

    assert erase(browser, "phone").json()["text"] == services.speech.words.say("my_data.phone_gone")

    with services.unit_of_work() as tx:
        assert (tx.call_backs.phone(made.id), tx.call_backs.phone(other.id)) == (None, PHONE)
    assert [one.id for one in services.calling_back.to_make()] == [other.id]


# -- beside an answer that is being worked on --------------------------------------------------------------------

Run = Callable[[Coroutine[Any, Any, None]], None]


async def _until_heard(listener: FakeListener, mine: str) -> None:
    for _ in range(400):
        if listener.at_once.get(mine):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody heard it")


def test_an_answer_that_is_being_worked_on_comes_first_and_then_goes_with_the_rest(
    services: Services, run: Run, listener: FakeListener
) -> None:
    mine = conversation(services)
    services.conversing.accept(mine.id, "message-001", Said(SECRET_WORDS))
    listener.seconds = 0.3

    async def story() -> None:
        driving = asyncio.create_task(services.conversing.drive(mine))
        await _until_heard(listener, mine.id)
        async with services.own_data.at_rest(mine.id):
            assert [one.body["text"] for one in services.conversing.history(mine.id)][-1] == f"听到了：{SECRET_WORDS}"
            services.own_data.erase(mine.id)
        await driving

    run(story())
    assert services.conversing.history(mine.id) == []
    assert SECRET_WORDS not in stored(services)


def test_what_comes_while_everything_is_erased_is_not_answered_afterwards(
    services: Services, run: Run, listener: FakeListener
) -> None:
    mine = conversation(services)

    async def story() -> None:
        async with services.own_data.at_rest(mine.id):
            services.conversing.accept(mine.id, "message-001", Said(SECRET_WORDS))
            driving = asyncio.create_task(services.conversing.drive(mine))
            await asyncio.sleep(0.2)
            services.own_data.erase(mine.id)
        await driving

    run(story())
    assert listener.texts == [] and services.conversing.history(mine.id) == []
    assert SECRET_WORDS not in stored(services)


def test_an_answer_that_does_not_end_puts_it_off(
    services: Services, run: Run, listener: FakeListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_data, "PATIENCE_SECONDS", 0.1)
    mine = conversation(services)
    services.conversing.accept(mine.id, "message-001", Said(SECRET_WORDS))
    listener.seconds = 0.6

    async def story() -> None:
        driving = asyncio.create_task(services.conversing.drive(mine))
        await _until_heard(listener, mine.id)
        with pytest.raises(TryLater):
            async with services.own_data.at_rest(mine.id):
                raise AssertionError("an answer was being worked on")
        await driving

    run(story())
    assert SECRET_WORDS in stored(services)


def test_the_page_waits_for_the_answer_too(services: Services, browser: Browser) -> None:
    if not hasattr(services.turns, "away"):
        pytest.skip("a Redis that is away cannot be had here")
    browser.begin()
    services.turns.away = True
    assert problem(erase(browser), 503)["code"] == "try_later"
    services.turns.away = False
    assert erase(browser).json()["over"]
