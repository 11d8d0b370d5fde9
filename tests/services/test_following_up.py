"""Looking a ticket up gives nothing away about other people's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from actions.followup import HearProgress
from actions.memory import Memory
from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.following_up import LEAST_SECONDS, TRIES, Act, Found, Lookup
from integrations.services.own_tickets import OPENED_SECONDS, OwnTickets
from integrations.services.speech import moment
from kb import ticket_number
from kb.lifecycle import Status
from tests.builders import LAMP_AGAIN, PHONE, RUBBISH, conversation, dispatched, filed
from tests.fakes import FakeClock, FakeDispatcher, MemoryLimiter

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
    assert len(services.progress_speech.own_tickets(lookup).options) == 2


def test_ones_own_number_needs_no_phone(services: Services) -> None:
    complaint = filed(services)

    assert ask(services, complaint.number, address="citizen-1").found is Found.TICKET


def test_everybody_who_reported_it_is_counted_once(services: Services) -> None:
    complaint = filed(services)
    filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=complaint.incident_id)
    filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-3", join=complaint.incident_id)

    assert ask(services, complaint.number, address="citizen-1").people == 2


# -- by what is said of it ---------------------------------------------------------------------------------------


@pytest.fixture
def three(services: Services, clock: FakeClock) -> list[str]:
    """Numbers of a lamp of last week, a lamp of yesterday and rubbish of today."""
    numbers = []
    for days, text, draft in (
        (6, "崂山区海尔路路灯不亮", "draft-1"),
        (1, "市北区合肥路688号翠湖小区北门的路灯坏了", "draft-2"),
        (0, RUBBISH, "draft-3"),
    ):
        numbers.append(filed(services, text, draft_id=draft).number)
        clock.move(days=days)
    return numbers


def meant(services: Services, said: str, act: Act = Act.CHECK) -> list[str]:
    lookup = services.following_up.own(conversation(services).id, said, act)
    return [lookup.complaint.number] if lookup.complaint else [one.number for one in lookup.own]


def test_a_ticket_is_found_by_problem_day_and_order(services: Services, three: list[str]) -> None:
    old_lamp, lamp, rubbish = three

    assert meant(services, "我上次那个怎么样了") == [rubbish]
    assert meant(services, "昨天那个路灯的") == [lamp]
    assert meant(services, "海尔路那个") == [old_lamp]
    assert meant(services, "路灯的办了吗") == [lamp, old_lamp]
    assert meant(services, "查进度") == [rubbish, lamp, old_lamp]


def test_words_that_fit_none_show_all_and_say_so(services: Services, three: list[str]) -> None:
    lookup = services.following_up.own(conversation(services).id, "暖气那个")

    assert (lookup.found, lookup.missed, len(lookup.own)) == (Found.LIST, True, 3)
    said = services.progress_speech.own_tickets(lookup)
    assert said.text == services.speech.words.say("followup.which_missed")


def test_what_is_over_is_not_urged_while_something_is_open(services: Services, three: list[str]) -> None:
    old_lamp, lamp, rubbish = three
    mine = conversation(services).id
    for number in (lamp, rubbish):
        services.withdrawing.withdraw(mine, number, key=f"w{number}")

    assert meant(services, "催一下", Act.URGE) == [old_lamp]
    assert meant(services, "撤了吧", Act.WITHDRAW) == [old_lamp]
    assert meant(services, "查进度") == [rubbish, lamp, old_lamp]
    services.withdrawing.withdraw(mine, old_lamp, key="w")
    assert meant(services, "催一下", Act.URGE) == [rubbish, lamp, old_lamp], "nothing is open: all are shown"


# -- by number ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", ["", "1", ONE_DIGIT_WRONG, UNKNOWN + "00", "abcdefghijkl", "４８１７２０９３５５６２"]
)
def test_a_number_with_a_wrong_check_digit_is_mistyped(services: Services, number: str) -> None:
    assert ask(services, number).found is Found.MISTYPED


def test_a_digit_too_few_or_too_many_is_said(services: Services) -> None:
    assert ask(services, UNKNOWN[:-1]).found is Found.TOO_SHORT
    assert ask(services, UNKNOWN + "0").found is Found.TOO_LONG


def test_an_own_number_one_slip_away_is_offered_and_no_other(services: Services) -> None:
    mine = filed(services).number
    wrong = mine[:5] + str((int(mine[5]) + 1) % 10) + mine[6:]

    own = ask(services, wrong, address="citizen-1")
    assert (own.found, own.nearly) == (Found.MISTYPED, mine)
    (button,) = services.progress_speech.mistyped(own, Act.CHECK).options
    assert mine in button.payload
    assert ask(services, mine[:-1], address="citizen-1").nearly == mine
    assert ask(services, wrong, address="citizen-2").nearly is None


def test_the_same_work_is_done_whether_a_number_exists_or_not(services: Services) -> None:
    theirs, nobodys = filed(services).number, UNKNOWN
    mine = conversation(services, "citizen-2").id
    said: list[str] = []
    event.listen(services.engine, "before_cursor_execute", lambda *told: said.append(told[2]))

    for tail in (None, "0000"):
        work = []
        for number in (theirs, nobodys):
            said.clear()
            services.following_up.by_number(mine, number, tail)
            work.append(list(said))
        assert work[0] == work[1], "the statements give away whether the number exists"
        assert work[0]


def test_an_answer_that_gives_nothing_away_takes_its_time(services: Services) -> None:
    theirs = filed(services).number
    waited: list[float] = []
    slow = replace(services.following_up, sleep=waited.append, stopwatch=iter([0.0, 0.2] * 9).__next__)
    mine = conversation(services, "citizen-2").id

    for number in (theirs, UNKNOWN):
        for tail in (None, "0000"):
            slow.by_number(mine, number, tail)

    assert waited == pytest.approx([LEAST_SECONDS - 0.2] * 4)


def test_ones_own_ticket_does_not_wait(services: Services) -> None:
    complaint = filed(services)
    waited: list[float] = []
    slow = replace(services.following_up, sleep=waited.append)

    assert slow.by_number(complaint.conversation_id, complaint.number).found is Found.TICKET
    assert waited == []


def test_what_was_opened_by_digits_closes_by_itself(services: Services, clock: FakeClock) -> None:
    services.own_tickets = OwnTickets(limiter=MemoryLimiter(clock))  # a real Redis does not follow our clock
    complaint = filed(services)
    mine = conversation(services, "citizen-2").id
    services.following_up.by_number(mine, complaint.number, PHONE[-4:])
    assert services.following_up.again(mine, complaint.number).found is Found.TICKET

    clock.move(seconds=OPENED_SECONDS + 1)

    with pytest.raises(Rejected):
        services.following_up.again(mine, complaint.number)


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


def test_what_was_taken_back_is_not_shown_as_having_gone_through_the_steps(services: Services) -> None:
    complaint = filed(services)
    services.withdrawing.withdraw(complaint.conversation_id, complaint.number, key="w-1")

    _, card = _shown(services)

    assert (card["step"], card["steps"]) == (0, [])


def test_a_ticket_shows_no_phone_that_was_told_in_passing(services: Services) -> None:
    filed(services, f"路灯坏了，打我电话{PHONE}，市北区合肥路688号")

    assert PHONE not in str(_shown(services))


def test_a_ticket_that_nobody_has_answered_in_time_is_shown_as_late(services: Services, clock: FakeClock) -> None:
    complaint, _ = dispatched(services)
    clock.now = complaint.due_at
    clock.move(days=1)

    text, _ = _shown(services)

    assert "过了该答复的时间" in text


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


def test_the_card_says_who_helps_how_often_it_came_back_and_that_it_takes_longer(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    complaint, request = dispatched(services)
    dispatcher.do(request, "assigned", unit="供电公司")
    dispatcher.do(request, "returned", note="不归我们管，问王芳13912345678")
    dispatcher.do(request, "assigned", unit="照明三班")
    dispatcher.do(request, "co_assigned", unit="街道办")
    dispatcher.do(request, "extended", note="等配件", due_at=complaint.due_at + timedelta(days=2))
    services.dispatching.poll()
    services.urging.urge(complaint.conversation_id, complaint.number, key="m1")

    _, card = _shown(services)
    rows = {row["label"]: row["value"] for row in card["rows"]}  # type: ignore[attr-defined]

    assert (rows["办理单位"], rows["一起办的"], rows["退回改派"], rows["您催过"]) == (
        "照明三班",
        "街道办",
        "1次",
        "1次",
    )
    assert rows["最迟答复"] == moment(complaint.due_at + timedelta(days=2)) + "（已延期）"
    timeline = "\n".join(one["text"] for one in card["timeline"])  # type: ignore[attr-defined]
    assert "不归我们管" in timeline
    assert "13912345678" not in timeline
    assert "加派街道办" in timeline


def test_what_was_returned_is_in_nobodys_hands(services: Services, dispatcher: FakeDispatcher) -> None:
    _, request = dispatched(services)
    dispatcher.do(request, "assigned", unit="供电公司")
    dispatcher.do(request, "returned", note="不归我们管")
    services.dispatching.poll()

    _, card = _shown(services)

    assert {"label": "办理单位", "value": "正在重新核对派给哪家"} in card["rows"]  # type: ignore[operator]


def test_a_date_that_may_move_is_called_so(services: Services, clock: FakeClock) -> None:
    complaint = filed(services)
    lookup = services.following_up.own(complaint.conversation_id)

    sure = services.progress_speech.progress(lookup, now=clock())
    unsure = services.progress_speech.progress(replace(lookup, provisional=True), now=clock())

    assert "可能会变" not in str(sure.card)
    assert "可能会变" in str(unsure.card)


def test_the_card_offers_what_can_be_done_and_nothing_else(services: Services, dispatcher: FakeDispatcher) -> None:
    complaint, request = dispatched(services)
    lookup = services.following_up.own(complaint.conversation_id)
    titles = [one.title for one in services.progress_speech.progress(lookup, now=services.clock()).options]
    assert titles == ["催一下", "补充情况", "撤回"]

    dispatcher.do(request, "closed", note="修好了")
    services.dispatching.poll()
    lookup = services.following_up.own(complaint.conversation_id)
    assert services.progress_speech.progress(lookup, now=services.clock()).options == ()
