"""Looking a ticket up gives nothing away about other people's."""

from __future__ import annotations

import pytest

from actions.followup import HearProgress
from actions.memory import Memory
from integrations.bootstrap import Services
from integrations.services.following_up import TRIES, Found, Lookup
from kb import ticket_number
from kb.lifecycle import Status
from tests.builders import LAMP_AGAIN, PHONE, RUBBISH, conversation, dispatched, filed
from tests.fakes import FakeClock, FakeDispatcher

UNKNOWN = ticket_number.new(lambda _: 5)
ONE_DIGIT_WRONG = UNKNOWN[:-1] + str((int(UNKNOWN[-1]) + 1) % 10)


def ask(services: Services, number: str, tail: str | None = None, address: str = "citizen-2") -> Lookup:
    return services.following_up.by_number(conversation(services, address).id, number, tail)


# -- one's own ---------------------------------------------------------------------------------------------------


def test_who_has_filed_nothing_is_told_so(services: Services) -> None:
    assert services.following_up.own(conversation(services).id).found is Found.NONE_YET


def test_a_conversation_that_does_not_exist_has_nothing(services: Services) -> None:
    assert services.following_up.own("no-such-conversation").found is Found.NONE_YET


def test_the_only_ticket_is_shown_at_once_with_the_departments_number(services: Services) -> None:
    complaint, request = dispatched(services)

    lookup = services.following_up.own(conversation(services).id)

    assert (lookup.found, lookup.request_id, lookup.people) == (Found.TICKET, request, 1)
    assert lookup.complaint is not None
    assert lookup.complaint.number == complaint.number


def test_several_tickets_are_listed_the_newest_first(services: Services, clock: FakeClock) -> None:
    filed(services, draft_id="draft-1")
    clock.move(hours=1)
    filed(services, RUBBISH, draft_id="draft-2")

    lookup = services.following_up.own(conversation(services).id)

    assert lookup.found is Found.LIST
    assert [one.draft_id for one in lookup.own] == ["draft-2", "draft-1"]
    assert len(services.speech.own_tickets(lookup.own).options) == 2


def test_ones_own_number_needs_no_phone(services: Services) -> None:
    complaint = filed(services)

    assert ask(services, complaint.number, address="citizen-1").found is Found.TICKET


def test_everybody_who_reported_it_is_counted_once(services: Services) -> None:
    complaint = filed(services)
    filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=complaint.incident_id)
    filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-3", join=complaint.incident_id)

    assert ask(services, complaint.number, address="citizen-1").people == 2


# -- by number ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", ["", "1", ONE_DIGIT_WRONG, UNKNOWN + "0", "abcdefghijkl", "４８１７２０９３５５６２"]
)
def test_a_number_with_a_wrong_check_digit_is_mistyped(services: Services, number: str) -> None:
    assert ask(services, number).found is Found.MISTYPED


def test_somebody_elses_number_and_an_unknown_one_are_answered_alike_step_by_step(services: Services) -> None:
    theirs, nobodys = filed(services).number, UNKNOWN

    for tail in (None, "0000", None, "9999"):
        assert ask(services, theirs, tail, "citizen-2") == ask(services, nobodys, tail, "citizen-3")


def test_the_last_digits_of_the_phone_open_the_ticket(services: Services) -> None:
    complaint = filed(services)

    assert ask(services, complaint.number, PHONE[-4:]).found is Found.TICKET


@pytest.mark.parametrize("tail", ["0000", "", "567", "45678", PHONE, "５６７８", "٥٦٧٨", "😀"])
def test_other_digits_open_nothing(services: Services, tail: str) -> None:
    assert ask(services, filed(services).number, tail) == Lookup(Found.NOT_FOUND)


def test_an_anonymous_ticket_is_opened_by_no_digits(services: Services) -> None:
    complaint = filed(services, phone=None)

    assert ask(services, complaint.number, PHONE[-4:]).found is Found.NOT_FOUND


def test_guessing_is_stopped_also_when_the_last_guess_is_right(services: Services) -> None:
    complaint = filed(services)
    for guess in range(TRIES):
        assert ask(services, complaint.number, f"{guess:04}").found is Found.NOT_FOUND

    assert ask(services, complaint.number, PHONE[-4:]).found is Found.TOO_MANY


def test_guessing_one_number_from_many_conversations_is_stopped_too(services: Services) -> None:
    complaint = filed(services)
    for guess in range(TRIES):
        ask(services, complaint.number, f"{guess:04}", address=f"robber-{guess}")

    assert ask(services, complaint.number, PHONE[-4:], address="robber-9").found is Found.TOO_MANY


def test_guessing_is_counted_for_unknown_numbers_as_well(services: Services) -> None:
    for guess in range(TRIES):
        assert ask(services, UNKNOWN, f"{guess:04}").found is Found.NOT_FOUND

    assert ask(services, UNKNOWN, "0000").found is Found.TOO_MANY


def test_looking_at_ones_own_ticket_is_never_stopped(services: Services) -> None:
    complaint = filed(services)

    for _ in range(TRIES + 2):
        assert ask(services, complaint.number, address="citizen-1").found is Found.TICKET


# -- what is shown -----------------------------------------------------------------------------------------------


def test_a_ticket_is_shown_with_its_step_and_timeline(services: Services, dispatcher: FakeDispatcher) -> None:
    _, request = dispatched(services)
    dispatcher.do(request, "closed", note="灯修好了")
    services.dispatching.poll()

    text, card = _shown(services)

    assert "办理情况" in text
    assert (card["step"], len(card["steps"]), len(card["timeline"])) == (6, 7, 3)
    assert {"label": "办理结果", "value": "灯修好了"} in card["rows"]


def test_a_ticket_shows_no_phone_that_was_told_in_passing(services: Services) -> None:
    filed(services, f"路灯坏了，打我电话{PHONE}，市北区合肥路688号")

    assert PHONE not in str(_shown(services))


def test_a_ticket_that_nobody_has_answered_in_time_is_shown_as_late(services: Services, clock: FakeClock) -> None:
    complaint, _ = dispatched(services)
    clock.now = complaint.due_at
    clock.move(days=1)

    text, _ = _shown(services)

    assert "超过答复时限" in text


def test_a_ticket_that_was_closed_in_time_is_not_late_for_ever(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint, request = dispatched(services)
    dispatcher.do(request, "closed", note="灯修好了")
    services.dispatching.poll()
    clock.now = complaint.due_at
    clock.move(days=1)

    assert "超过答复时限" not in _shown(services)[0]


@pytest.mark.parametrize("status", Status)
def test_every_status_has_words_for_the_card(services: Services, status: Status) -> None:
    assert services.speech.words.has(f"status.{status}")


def _shown(services: Services) -> tuple[str, dict[str, object]]:
    """What the citizen sees who asks '查进度'."""
    memory = Memory(
        conversation_id=conversation(services).id,
        text="查进度",
        intent="check_progress",
        option=None,
        pin=None,
        requested=None,
        slots={},
        freshly_said=True,
        tapped=False,
    )
    (bubble,), _ = HearProgress(services).take(memory)
    assert bubble.card is not None
    return bubble.text, bubble.card
