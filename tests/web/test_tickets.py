"""A citizen's own tickets over the API; and that nobody else's are seen, or can be told from none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from integrations.bootstrap import Services
from integrations.services.own_tickets import OPENED_SECONDS
from integrations.services.records import Complaint
from integrations.services.ticket_shelf import MISSES, PAGE
from integrations.web import tickets
from kb import ticket_number
from kb.lifecycle import Status
from tests import media_files
from tests.builders import LAMP, PHONE, RUBBISH, outbox, read, told
from tests.fakes import FakeClock, FakeDispatcher
from tests.web.conftest import OURS, Browser, problem

UNKNOWN = ticket_number.new(lambda _: 5)
TAIL = PHONE[-4:]
ACTS = ("urge", "supplement", "withdraw", "rating")


def mine(services: Services, browser: Browser, text: str = LAMP, **how: Any) -> Complaint:
    """A ticket of this browser's citizen."""
    return services.filing.submit(told(services, text, **how), str(browser.begin()["conversation"]))


def closed(services: Services, dispatcher: FakeDispatcher, browser: Browser) -> Complaint:
    complaint = mine(services, browser)
    while services.dispatching.relay_one("worker-1"):
        pass
    with services.unit_of_work() as tx:
        request = tx.backend_requests.of_complaint(complaint.id)
    assert request is not None
    dispatcher.do(request.request_id, "closed", note="修好了")
    services.dispatching.poll()
    return read(services, complaint)


def get(browser: Browser, path: str = "", **params: object) -> httpx.Response:
    return browser.client.get(f"/api/tickets{path}", params=params)  # type: ignore[arg-type]


def act(browser: Browser, number: str, what: str, *, id: str = "act-00001", **body: object) -> httpx.Response:
    return browser.client.post(f"/api/tickets/{number}/{what}", json={"id": id, **body}, headers=OURS)


def find(browser: Browser, number: str, tail: str = TAIL) -> httpx.Response:
    return browser.client.post("/api/tickets/find", json={"number": number, "last_four": tail}, headers=OURS)


def any_act(browser: Browser, number: str, what: str) -> httpx.Response:
    body: dict[str, dict[str, object]] = {
        "supplement": {"text": "还没亮"},
        "withdraw": {"confirm": True},
        "rating": {"question": "rating_solved", "choice": "yes"},
    }
    return act(browser, number, what, **body.get(what, {}))


# -- the list and one of it --------------------------------------------------------------------------------------


def test_who_has_filed_nothing_has_an_empty_list(browser: Browser) -> None:
    assert get(browser).json() == {"tickets": [], "more": False}


def test_the_newest_stands_first_in_plain_words(services: Services, browser: Browser, clock: FakeClock) -> None:
    mine(services, browser)
    clock.move(hours=1)
    newer = mine(services, browser, RUBBISH, draft_id="draft-2")

    first, second = get(browser).json()["tickets"]

    assert (first["number"], first["shown"]) == (newer.number, ticket_number.display(newer.number))
    assert "书院路" in first["where"] and "垃圾" in first["what"]
    assert first["status"] == "filed" and first["status_text"] == services.speech.words.say("status.filed")
    assert first["open"] and first["due"] and not first["late"] and not first["waits_for_rating"]
    assert "合肥路" in second["where"]
    assert PHONE not in get(browser).text


def test_a_long_list_comes_in_pages(services: Services, browser: Browser, clock: FakeClock) -> None:
    for n in range(PAGE + 1):
        mine(services, browser, draft_id=f"draft-{n}")
        clock.move(minutes=1)

    whole, rest = get(browser).json(), get(browser, after=PAGE).json()

    assert (len(whole["tickets"]), whole["more"]) == (PAGE, True)
    assert (len(rest["tickets"]), rest["more"]) == (1, False)
    assert rest["tickets"][0]["number"] not in {one["number"] for one in whole["tickets"]}


def test_one_ticket_shows_its_way_and_what_can_be_done(services: Services, browser: Browser) -> None:
    complaint = mine(services, browser)

    seen = get(browser, f"/{complaint.number}").json()

    assert seen["own"] and seen["open_minutes"] is None
    assert seen["acts"] == ["urge", "supplement", "withdraw"]
    assert len(seen["card"]["steps"]) == 7 and seen["card"]["timeline"]


def test_ones_own_pictures_go_with_it(services: Services, browser: Browser, new_browser: Callable[[], Browser]) -> None:
    conversation = str(browser.begin()["conversation"])
    services.receiving.take(conversation, "photo-0001", [media_files.photo()])
    photos = next(one.said.photos for one in services.conversing.history(conversation) if one.said.photos)
    complaint = mine(services, browser)
    services.supplementing.add(conversation, complaint.number, key="m-1", photos=photos)

    seen = get(browser, f"/{complaint.number}").json()["media"]

    assert seen == [{"kind": "photo", "url": f"/api/chat/media/{photos[0]}"}]
    assert browser.client.get(seen[0]["url"]).status_code == 200
    other = new_browser()
    other.begin()
    assert find(other, complaint.number).json()["media"] == []
    assert other.client.get(seen[0]["url"]).status_code == 404


# -- acts --------------------------------------------------------------------------------------------------------


def test_urging_twice_with_one_id_is_once(services: Services, browser: Browser) -> None:
    complaint = mine(services, browser)
    before = sum(outbox(services).values())

    first, again = (act(browser, complaint.number, "urge").json() for _ in range(2))
    too_soon = act(browser, complaint.number, "urge", id="act-00002").json()

    assert first["done"] and again["done"] and first["text"] == again["text"]
    assert not too_soon["done"]
    assert sum(outbox(services).values()) == before + 1
    assert any("1次" in row["value"] for row in too_soon["ticket"]["card"]["rows"])


def test_what_is_added_is_kept_once_and_emptiness_not_at_all(services: Services, browser: Browser) -> None:
    complaint = mine(services, browser)

    assert problem(act(browser, complaint.number, "supplement", text=" \n"), 422)["code"] == "empty"
    assert problem(act(browser, complaint.number, "supplement", text="长" * 1001), 422)["code"] == "bad_request"
    done = [act(browser, complaint.number, "supplement", text="昨晚也没亮").json()["done"] for _ in range(2)]

    assert done == [True, True]
    with services.unit_of_work() as tx:
        assert [one.text for one in tx.reports.of_complaint(complaint.id)][1:] == ["昨晚也没亮"]


def test_half_a_character_is_refused(services: Services, browser: Browser) -> None:
    complaint = mine(services, browser)
    body = '{"id": "act-00001", "text": "\\ud800"}'
    answer = browser.client.post(f"/api/tickets/{complaint.number}/supplement", content=body, headers=OURS)
    assert problem(answer, 422)["code"] == "bad_request"


def test_taking_back_is_asked_once_and_then_done(services: Services, browser: Browser) -> None:
    complaint = mine(services, browser)

    asked = act(browser, complaint.number, "withdraw").json()
    assert not asked["done"] and "不能恢复" in asked["text"]
    assert read(services, complaint).status is Status.FILED
    taken, again = (act(browser, complaint.number, "withdraw", confirm=True).json() for _ in range(2))

    assert taken["done"] and again["done"]
    assert taken["ticket"]["acts"] == [] and taken["ticket"]["ticket"]["status"] == "withdrawn"
    assert read(services, complaint).status is Status.WITHDRAWN
    late = act(browser, complaint.number, "withdraw", id="act-00002", confirm=True).json()
    assert not late["done"] and late["text"]


def test_a_rating_goes_one_question_after_the_other(
    services: Services, browser: Browser, dispatcher: FakeDispatcher
) -> None:
    complaint = closed(services, dispatcher, browser)
    assert get(browser).json()["tickets"][0]["waits_for_rating"]
    assert "rate" in get(browser, f"/{complaint.number}").json()["acts"]
    asked = get(browser, f"/{complaint.number}/rating").json()

    seen = []
    while asked["question"]:
        seen.append(asked["question"])
        chosen = asked["choices"][0]["choice"]
        asked = act(browser, complaint.number, "rating", question=asked["question"], choice=chosen).json()

    assert seen == ["rating_solved", "rating_satisfied", "rating_contacted", "rating_media"]
    assert asked["text"] == services.speech.words.say("feedback.thanks_media")
    assert read(services, complaint).status is Status.RATED
    again = act(browser, complaint.number, "rating", question="rating_media", choice="yes").json()
    assert again == asked, "its answer was lost on the way"
    assert problem(get(browser, f"/{complaint.number}/rating"), 404)["code"] == "nothing_to_rate"


def test_who_is_not_satisfied_says_why_in_their_own_words(
    services: Services, browser: Browser, dispatcher: FakeDispatcher
) -> None:
    number = closed(services, dispatcher, browser).number
    act(browser, number, "rating", question="rating_solved", choice="no")
    act(browser, number, "rating", question="rating_satisfied", choice="dissatisfied")
    asked = act(browser, number, "rating", question="rating_contacted", choice="no").json()
    assert asked["question"] == "rating_reason" and asked["takes_words"]

    end = act(browser, number, "rating", question="rating_reason", words="灯还是黑的").json()

    assert end["question"] is None and ticket_number.display(number) in end["text"]
    assert services.unit_of_work and get(browser, f"/{number}").json()["ticket"]["status"] == "rechecking"


@pytest.mark.parametrize(
    "body",
    [
        {"question": "rating_solved", "choice": "perhaps"},
        {"question": "rating_reason", "choice": "no such reason"},
        {"question": "rating_satisfied"},
        {"question": "rating_survey", "choice": "yes"},
        {"question": "nothing", "choice": "yes"},
    ],
)
def test_an_answer_of_the_wrong_kind_changes_nothing(
    services: Services, browser: Browser, dispatcher: FakeDispatcher, body: dict[str, object]
) -> None:
    number = closed(services, dispatcher, browser).number
    assert act(browser, number, "rating", **body).status_code == 422
    assert get(browser, f"/{number}/rating").json()["question"] == "rating_solved"


# -- by number and phone -----------------------------------------------------------------------------------------


def test_number_and_phone_open_a_ticket_for_this_session_for_a_while(
    services: Services, new_browser: Callable[[], Browser], clock: FakeClock
) -> None:
    owner, other, third = new_browser(), new_browser(), new_browser()
    complaint = mine(services, owner)
    other.begin(), third.begin()

    seen = find(other, f" {ticket_number.display(complaint.number)} ").json()

    assert not seen["own"] and seen["open_minutes"] == OPENED_SECONDS // 60
    assert seen["media"] == [] and seen["acts"] == ["urge", "supplement"]
    assert act(other, complaint.number, "urge").json()["done"]
    assert get(other).json()["tickets"] == [], "it is looked at, not taken over"
    assert problem(get(third, f"/{complaint.number}"), 404)["code"] == "no_ticket"
    clock.move(seconds=OPENED_SECONDS + 1)
    assert problem(get(other, f"/{complaint.number}"), 404)["code"] == "no_ticket"
    assert problem(act(other, complaint.number, "urge", id="act-00002"), 404)["code"] == "no_ticket"


def test_taking_back_is_for_who_filed_it(
    services: Services, new_browser: Callable[[], Browser], clock: FakeClock
) -> None:
    owner, other = new_browser(), new_browser()
    complaint = mine(services, owner)
    other.begin()
    find(other, complaint.number)

    for confirm in (False, True):
        refused = act(other, complaint.number, "withdraw", id=f"act-{confirm:05}", confirm=confirm).json()
        assert not refused["done"] and "登记的那边" in refused["text"]

    assert read(services, complaint).status is Status.FILED
    assert act(owner, complaint.number, "withdraw", confirm=True).json()["done"]


def rate_all(browser: Browser, number: str, **chosen: str) -> tuple[dict[str, Any], list[str]]:
    """Answer what is asked, with the first choice where none is given; the end, and what was asked."""
    asked, seen = get(browser, f"/{number}/rating").json(), []
    while asked["question"]:
        seen.append(asked["question"])
        choice = chosen.get(asked["question"], asked["choices"][0]["choice"])
        asked = act(browser, number, "rating", question=asked["question"], choice=choice).json()
    return asked, seen


def test_number_and_phone_may_rate_and_who_filed_it_hears_of_it(
    services: Services, new_browser: Callable[[], Browser], dispatcher: FakeDispatcher
) -> None:
    owner, other = new_browser(), new_browser()
    complaint = closed(services, dispatcher, owner)
    number = complaint.number
    other.begin()
    assert problem(get(other, f"/{number}/rating"), 404)["code"] == "no_ticket"
    assert "rate" in find(other, number).json()["acts"]

    end, seen = rate_all(other, number)

    assert seen == ["rating_solved", "rating_satisfied", "rating_contacted"], "whether it may be told is the owner's"
    assert end["text"] == services.speech.words.say("feedback.thanks_good")
    again = act(other, number, "rating", question="rating_contacted", choice="yes").json()
    assert again == end, "its answer was lost on the way"
    told = [one for one in owner.messages() if "登记的手机号后四位" in one["text"]]
    assert len(told) == 1 and told[0]["options"] and ticket_number.display(number) in told[0]["text"]
    assert "登记的手机号后四位" not in str(other.messages())
    seen_again = get(other, f"/{number}").json()
    assert seen_again["ticket"]["status"] == "rated" and seen_again["acts"] == []
    act(other, number, "rating", id="act-00009", question="rating_media", choice="yes")
    with services.unit_of_work() as tx:
        feedback = tx.feedbacks.of_complaint(complaint.id)
    assert feedback is not None and feedback.decided_at and feedback.media is None


def test_ones_own_rating_is_not_told_to_oneself(
    services: Services, browser: Browser, dispatcher: FakeDispatcher
) -> None:
    number = closed(services, dispatcher, browser).number
    rate_all(browser, number)
    assert "登记的手机号后四位" not in str(browser.messages())


def test_a_verdict_by_phone_that_is_bad_has_it_looked_at_again(
    services: Services, new_browser: Callable[[], Browser], dispatcher: FakeDispatcher
) -> None:
    owner, other = new_browser(), new_browser()
    number = closed(services, dispatcher, owner).number
    other.begin()
    find(other, number)

    rate_all(other, number, rating_solved="no", rating_satisfied="dissatisfied", rating_reason="skip")

    assert get(owner, f"/{number}").json()["ticket"]["status"] == "rechecking"
    assert any("登记的手机号后四位" in one["text"] for one in owner.messages())


def test_a_rating_by_phone_ends_with_the_time_for_which_it_is_open(
    services: Services, new_browser: Callable[[], Browser], dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    owner, other = new_browser(), new_browser()
    complaint = closed(services, dispatcher, owner)
    other.begin()
    find(other, complaint.number)
    act(other, complaint.number, "rating", question="rating_solved", choice="yes")
    clock.move(seconds=OPENED_SECONDS + 1)

    late = act(other, complaint.number, "rating", id="act-00002", question="rating_satisfied", choice="satisfied")

    assert problem(late, 404)["code"] == "no_ticket"
    assert read(services, complaint).status is Status.CLOSED


def test_a_wrong_phone_and_a_number_that_nobody_has_are_one_answer(
    services: Services, new_browser: Callable[[], Browser]
) -> None:
    complaint = mine(services, new_browser())
    without = mine(services, new_browser(), RUBBISH, draft_id="draft-2", phone=None)
    answers = []
    for number, tail in ((complaint.number, "0000"), (UNKNOWN, TAIL), (without.number, TAIL)):
        stranger = new_browser()
        stranger.begin()
        answers.append(find(stranger, number, tail))
        assert get(stranger, f"/{number}").status_code == 404

    assert {one.status_code for one in answers} == {404}
    assert len({one.text for one in answers}) == 1


def test_a_slip_of_the_finger_is_told(browser: Browser) -> None:
    wrong = UNKNOWN[:-1] + str((int(UNKNOWN[-1]) + 1) % 10)
    assert problem(find(browser, wrong), 422)["code"] == "mistyped"
    assert problem(find(browser, UNKNOWN[:-1]), 422)["code"] == "too_short"
    assert problem(find(browser, UNKNOWN + "1"), 422)["code"] == "too_long"
    assert problem(find(browser, UNKNOWN, "12"), 422)["code"] == "bad_request"


def test_guessing_phones_ends_soon_even_with_the_right_one_at_last(
    services: Services, new_browser: Callable[[], Browser]
) -> None:
    complaint = mine(services, new_browser())
    stranger = new_browser()
    stranger.begin()
    codes = [find(stranger, complaint.number, f"{n:04}").status_code for n in range(7)]
    assert codes[0] == 404 and codes[-1] == 429
    assert problem(find(stranger, complaint.number), 429)["code"] == "too_many"


def test_one_address_with_ever_new_sessions_is_stopped(
    new_browser: Callable[[], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tickets, "FINDS", 3)
    codes = []
    for n in range(5):
        browser = new_browser()
        browser.begin()
        codes.append(find(browser, ticket_number.new(lambda _, n=n: n)).status_code)  # type: ignore[misc]
    assert codes == [404, 404, 404, 429, 429]


# -- other people's ----------------------------------------------------------------------------------------------


def test_another_sessions_ticket_is_as_one_that_does_not_exist(
    services: Services, new_browser: Callable[[], Browser]
) -> None:
    complaint, stranger = mine(services, new_browser()), new_browser()
    stranger.begin()
    before = outbox(services)

    for what in ("", "/rating"):
        theirs, nobodys = get(stranger, f"/{complaint.number}{what}"), get(stranger, f"/{UNKNOWN}{what}")
        assert (theirs.status_code, theirs.text) == (nobodys.status_code, nobodys.text) == (404, theirs.text)
    for what in ACTS:
        theirs, nobodys = any_act(stranger, complaint.number, what), any_act(stranger, UNKNOWN, what)
        assert (theirs.status_code, theirs.text) == (nobodys.status_code, nobodys.text) == (404, theirs.text)
    assert read(services, complaint).status is Status.FILED
    assert outbox(services) == before


def test_asking_for_many_numbers_is_stopped_and_ones_own_still_open(
    services: Services, new_browser: Callable[[], Browser]
) -> None:
    theirs, browser = mine(services, new_browser()), new_browser()
    own = mine(services, browser, RUBBISH, draft_id="draft-2")

    codes = [get(browser, f"/{number}").status_code for number in [UNKNOWN] * MISSES + [UNKNOWN, theirs.number]]

    assert codes == [404] * MISSES + [429, 429]
    assert get(browser, f"/{own.number}").status_code == 200


def test_acts_need_the_header_of_our_page_and_a_session(services: Services, new_browser: Callable[[], Browser]) -> None:
    browser, nobody = new_browser(), new_browser()
    number = mine(services, browser).number
    for what in ACTS:
        bare = browser.client.post(f"/api/tickets/{number}/{what}", json={"id": "act-00001"})
        assert problem(bare, 403)["code"] == "header_missing"
        assert problem(any_act(nobody, number, what), 401)["code"] == "no_session"
    assert problem(get(nobody), 401)["code"] == "no_session"


def test_too_many_acts_in_a_minute_wait(services: Services, browser: Browser) -> None:
    number = mine(services, browser).number
    codes = [act(browser, number, "urge", id=f"act-{n:05}").status_code for n in range(tickets.ACTS_A_MINUTE + 1)]
    assert codes == [200] * tickets.ACTS_A_MINUTE + [429]
