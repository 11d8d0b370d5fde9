"""The clocks of complaints: each warning once, moved with the date, silent after the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.services.clocks import CALENDAR, DEADLINE
from integrations.services.records import Complaint
from integrations.services.timer_records import Warned, WarningKind
from integrations.services.timing import CITY
from kb.clocks import Colour
from kb.deadlines import CITY_TIME
from kb.lifecycle import Actor, Move, Status
from kb.working_time import WorkingTime
from tests.builders import LAMP, LAMP_AGAIN, PHONE, conversation, filed, read, told
from tests.fakes import FakeClock

WORKER = "worker-1"
ORDINARY, NO_MORE = "410101", "520203"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY_TIME)


def filed_as(services: Services, category: str = ORDINARY, *, draft_id: str = "draft-1") -> Complaint:
    """A complaint of that category, filed now."""
    draft = replace(told(services, draft_id=draft_id), category=category)
    return services.filing.submit(draft, conversation(services).id)


def given(services: Services, complaint: Complaint) -> list[tuple[str, int]]:
    with services.unit_of_work() as tx:
        return [(str(one.kind), one.level) for one in tx.warnings.of_complaint(complaint.id)]


def next_at(services: Services, complaint: Complaint) -> datetime | None:
    with services.unit_of_work() as tx:
        row = tx.timers.get(DEADLINE, complaint.id)
    return row.at if row else None


def run(services: Services, now: datetime | None = None) -> None:
    """Do all that is due, at that time."""
    if now is not None:
        services.clock.now = now  # type: ignore[attr-defined]
    while services.timing.run_due(WORKER):
        pass


def make(services: Services, complaint: Complaint, what: Status | Move, **how: object) -> Complaint:
    """The move, by whoever may make it."""
    how = {"actor": Actor.DEPARTMENT, **how}
    with services.unit_of_work() as tx:
        current = tx.complaints.get(complaint.id)
        assert current is not None
        return services.moving.make(tx, current, what, **how)  # type: ignore[arg-type]


def at_work(services: Services, complaint: Complaint) -> Complaint:
    make(services, complaint, Status.DISPATCHED, actor=Actor.DISPATCH)
    return make(services, complaint, Status.ASSIGNED, unit="市北区路灯管理所")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(at("2026-11-20 10:00"))


# -- one complaint from beginning to end -------------------------------------------------------------------------


def test_a_clock_says_yellow_then_red_then_goes_up_the_levels_each_once(services: Services) -> None:
    complaint = filed_as(services)
    assert complaint.due_at == at("2026-11-27 17:30")

    for now, kind in (
        ("2026-11-27 09:00", ("yellow", 0)),
        ("2026-11-27 17:30", ("red", 0)),
        ("2026-11-30 17:30", ("escalated", 1)),
        ("2026-12-02 17:30", ("escalated", 2)),
        ("2026-12-04 17:30", ("escalated", 3)),
    ):
        before = given(services, complaint)
        assert next_at(services, complaint) == at(now)
        run(services, at(now) - timedelta(seconds=1))
        assert given(services, complaint) == before
        run(services, at(now))
        assert given(services, complaint) == [*before, kind]
    assert next_at(services, complaint) is None
    run(services, at("2027-03-01 10:00"))
    assert len(given(services, complaint)) == 5


def test_a_worker_that_slept_for_weeks_says_everything_once(services: Services) -> None:
    complaint = filed_as(services)

    run(services, at("2027-01-04 10:00"))
    assert given(services, complaint) == [
        ("yellow", 0), ("red", 0), ("escalated", 1), ("escalated", 2), ("escalated", 3),
    ]  # fmt: skip
    assert next_at(services, complaint) is None


def test_a_clock_that_jumps_back_says_nothing_twice(services: Services) -> None:
    complaint = filed_as(services)
    run(services, at("2026-11-27 18:00"))
    run(services, at("2026-11-20 11:00"))
    run(services, at("2026-11-27 18:00"))

    assert given(services, complaint) == [("yellow", 0), ("red", 0)]
    assert next_at(services, complaint) == at("2026-11-30 17:30")


def test_what_is_dangerous_is_yellow_after_one_hour_and_red_after_two(services: Services) -> None:
    complaint = filed(services, "李沧区书院路29号家里闻到很浓的燃气味")
    assert complaint.due_at - complaint.filed_at == timedelta(hours=2)

    run(services, complaint.filed_at + timedelta(hours=1))
    assert given(services, complaint) == [("yellow", 0)]
    run(services, complaint.filed_at + timedelta(hours=3))
    assert given(services, complaint) == [("yellow", 0), ("red", 0), ("escalated", 1)]


@pytest.mark.parametrize(
    ("what", "actor"),
    [(Status.CLOSED, Actor.DEPARTMENT), (Status.WITHDRAWN, Actor.CITIZEN)],
    ids=["closed", "withdrawn"],
)
def test_after_the_end_the_clock_is_silent(services: Services, what: Status, actor: Actor) -> None:
    complaint = at_work(services, filed_as(services))
    run(services, at("2026-11-27 10:00"))
    assert [one.colour for one in services.clocks.late()] == [Colour.YELLOW]

    make(services, complaint, what, actor=actor)
    assert next_at(services, complaint) is None
    assert services.clocks.late() == []
    run(services, at("2027-01-04 10:00"))
    assert given(services, complaint) == [("yellow", 0)]


def test_a_timer_that_was_left_behind_for_a_closed_complaint_says_nothing(services: Services) -> None:
    complaint = at_work(services, filed_as(services))
    make(services, complaint, Status.CLOSED)
    with services.unit_of_work() as tx:
        tx.timers.set(DEADLINE, complaint.id, services.clock())
        tx.timers.set(DEADLINE, "of nobody", services.clock())

    run(services, at("2027-01-04 10:00"))
    assert given(services, complaint) == []
    with services.unit_of_work() as tx:
        assert tx.timers.list(kind=DEADLINE) == []


def test_a_complaint_that_closes_while_its_timer_is_being_done_is_not_warned_of(services: Services) -> None:
    complaint = at_work(services, filed_as(services))
    services.clock.now = at("2026-11-27 09:00")  # type: ignore[attr-defined]
    with services.unit_of_work() as tx:
        rows = tx.timers.claim(WORKER, services.clock(), 60, 5, kinds=[DEADLINE])
    make(services, complaint, Status.CLOSED)

    for row in rows:
        services.timing._run(row)
    assert given(services, complaint) == []
    assert next_at(services, complaint) is None


def test_a_complaint_that_was_there_before_there_were_clocks_gets_one(services: Services) -> None:
    """As the migration leaves it: a timer that is due at once, and nothing else."""
    complaint = filed_as(services)
    with services.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM deadlines")
    with services.unit_of_work() as tx:
        tx.timers.set(DEADLINE, complaint.id, services.clock())

    run(services)
    assert next_at(services, complaint) == at("2026-11-27 09:00")
    with services.unit_of_work() as tx:
        kept = tx.deadlines.of_complaint(complaint.id)
    assert kept and (kept.due_at, kept.provisional) == (complaint.due_at, False)


def test_a_warning_that_was_given_while_the_date_moved_is_not_listed(services: Services) -> None:
    """The worker had read the old date; its warning was written after the others had been lifted."""
    complaint = at_work(services, filed_as(services))
    make(services, complaint, Move.EXTENDED, note="等配件", due_at=at("2026-12-04 17:30"))
    with services.unit_of_work() as tx:
        tx.warnings.give(Warned(complaint.id, WarningKind.RED, 0, complaint.due_at, services.clock()))

    assert services.clocks.late() == []
    run(services, at("2026-12-04 09:00"))
    assert [line.colour for line in services.clocks.late()] == [Colour.YELLOW]


# -- more time ---------------------------------------------------------------------------------------------------


def test_more_time_moves_the_clock_and_lifts_what_was_said(services: Services) -> None:
    complaint = at_work(services, filed_as(services))
    run(services, at("2026-11-27 18:00"))

    make(services, complaint, Move.EXTENDED, note="等配件", due_at=at("2026-12-04 17:30"))
    assert next_at(services, complaint) == at("2026-12-04 09:00")
    assert services.clocks.late() == []
    run(services, at("2026-12-04 17:30"))
    assert given(services, complaint) == [("yellow", 0), ("red", 0), ("yellow", 0), ("red", 0)]
    (line,) = services.clocks.late()
    assert (line.due_at, line.extensions, line.over) == (at("2026-12-04 17:30"), 1, False)


def test_more_time_than_the_rule_allows_is_kept_and_listed_at_once(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    complaint = at_work(services, filed_as(services))
    make(services, complaint, Move.EXTENDED, note="等配件", due_at=at("2026-12-31 17:30"))

    assert read(services, complaint).due_at == at("2026-12-31 17:30")
    (line,) = services.clocks.late()
    assert (line.colour, line.over, line.extensions) == (Colour.GREEN, True, 1)
    assert "over the rule" in caplog.text


def test_a_second_extension_is_over_the_rule_and_so_is_a_first_where_there_is_none(services: Services) -> None:
    twice = at_work(services, filed_as(services))
    make(services, twice, Move.EXTENDED, note="等配件", due_at=at("2026-11-30 17:30"))
    assert services.clocks.late() == []
    make(services, twice, Move.EXTENDED, note="还等", due_at=at("2026-12-01 17:30"))
    none = at_work(services, filed_as(services, NO_MORE, draft_id="draft-2"))
    make(services, none, Move.EXTENDED, note="复杂", due_at=none.due_at + timedelta(days=1))

    assert {one.number: one.over for one in services.clocks.late()} == {twice.number: True, none.number: True}


def test_a_recheck_has_the_same_time_again(services: Services) -> None:
    complaint = at_work(services, filed_as(services))
    make(services, complaint, Status.CLOSED)
    services.clock.now = at("2026-12-07 10:00")  # type: ignore[attr-defined]
    make(services, complaint, Status.RECHECKING, actor=Actor.CITIZEN)

    assert read(services, complaint).due_at == at("2026-12-14 17:30")
    run(services, at("2026-12-14 17:30"))
    assert given(services, complaint) == [("yellow", 0), ("red", 0)]
    # back to work: the date stands
    make(services, complaint, Move.REWORK, actor=Actor.CLERK, note="没修好")
    assert next_at(services, complaint) == at("2026-12-15 17:30")


# -- the list ----------------------------------------------------------------------------------------------------


def test_the_list_names_who_holds_it_and_who_must_hear_of_it(services: Services) -> None:
    complaint = at_work(services, filed_as(services))
    other = filed_as(services, NO_MORE, draft_id="draft-2")

    run(services, at("2026-11-27 12:00"))
    (line,) = services.clocks.late()
    assert (line.colour, line.level, line.unit, line.who) == (Colour.YELLOW, 0, "市北区路灯管理所", "市北区路灯管理所")
    run(services, at("2026-12-04 10:00"))
    first, second = services.clocks.late()
    assert (first.number, first.colour, first.level, first.who) == (
        complaint.number, Colour.RED, 2, "区（市）热线管理机构",
    )  # fmt: skip
    assert (second.number, second.colour) == (other.number, Colour.YELLOW)


def test_who_joined_an_incident_has_no_line_of_their_own(services: Services) -> None:
    complaint = filed(services, LAMP)
    filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=complaint.incident_id)

    run(services, at("2026-11-24 10:00"))
    (line,) = services.clocks.late()
    assert (line.number, line.people) == (complaint.number, 2)


def test_who_joined_has_a_line_when_the_first_has_left(services: Services) -> None:
    complaint = filed(services, LAMP)
    joined = filed(services, LAMP_AGAIN, address="citizen-2", draft_id="draft-2", join=complaint.incident_id)
    make(services, complaint, Status.WITHDRAWN, actor=Actor.CITIZEN)

    run(services, at("2026-11-24 10:00"))
    assert [line.number for line in services.clocks.late()] == [joined.number]


def test_nothing_personal_is_logged(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    complaint = filed_as(services)
    run(services, at("2027-01-04 10:00"))

    assert "deadline red" in caplog.text
    for secret in (complaint.number, PHONE, "合肥路", "翠湖"):
        assert secret not in caplog.text


# -- a year without holidays -------------------------------------------------------------------------------------

EVE = "2026-12-30 10:00"
# made up: the first week of January is off, the Sunday after it is a working day
COMING = WorkingTime({**{date(2027, 1, day): False for day in range(1, 9)}, date(2027, 1, 10): True}, frozenset({2027}))


@pytest.fixture
def informed(services: Services) -> Callable[[WorkingTime], Services]:
    """The same system, started anew with another calendar."""
    return lambda calendar: bootstrap.build(
        services.settings, **{**services.replacements, "calendar": lambda: calendar}
    )


def provisional(services: Services) -> int:
    return services.clocks.calendar_state().provisional


@pytest.mark.skipif(WorkingTime().known_year(2027), reason="the calendar's package knows 2027 by now")
def test_a_date_in_a_year_without_holidays_is_provisional_and_said_loudly_once_a_day(
    services: Services, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.now = at(EVE)
    filed_as(services)
    filed(services)  # 24 hours: needs no holidays
    assert provisional(services) == 1

    services.timing.begin()
    caplog.clear()
    for hours in range(48):
        run(services, at(EVE) + timedelta(hours=hours))
    said = [one.getMessage() for one in caplog.records if "holidays" in one.getMessage()]
    assert len(said) == 3, "when it starts, and on two mornings"
    assert "2026" in said[0] and "1 open deadlines" in said[0]


@pytest.mark.skipif(WorkingTime().known_year(2027), reason="the calendar's package knows 2027 by now")
def test_when_the_holidays_come_the_date_is_counted_again(
    services: Services, clock: FakeClock, informed: Callable[[WorkingTime], Services]
) -> None:
    clock.now = at(EVE)
    complaint = filed_as(services)
    assert complaint.due_at == at("2027-01-06 17:30"), "Monday to Friday, for nobody knows better"
    run(services, at("2027-01-06 18:00"))
    assert given(services, complaint) == [("yellow", 0), ("red", 0)]

    better = informed(COMING)
    better.timing.begin()
    run(better)
    assert provisional(better) == 0
    assert read(better, complaint).due_at == at("2027-01-13 17:30")
    assert next_at(better, complaint) == at("2027-01-13 09:00")
    with better.unit_of_work() as tx:
        assert tx.warnings.standing() == [], "what was said of the other date does not hold"
    better.timing.begin()
    run(better)
    assert read(better, complaint).due_at == at("2027-01-13 17:30")


@pytest.mark.skipif(WorkingTime().known_year(2027), reason="the calendar's package knows 2027 by now")
def test_a_date_that_the_unit_named_is_not_counted_again(
    services: Services, clock: FakeClock, informed: Callable[[WorkingTime], Services]
) -> None:
    clock.now = at(EVE)
    complaint = at_work(services, filed_as(services))
    make(services, complaint, Move.EXTENDED, note="节后办", due_at=at("2027-01-08 12:00"))
    assert provisional(services) == 0

    better = informed(COMING)
    better.timing.begin()
    run(better)
    assert read(better, complaint).due_at == at("2027-01-08 12:00")


@pytest.mark.skipif(WorkingTime().known_year(2027), reason="the calendar's package knows 2027 by now")
def test_many_are_counted_again_some_at_a_time(
    services: Services,
    clock: FakeClock,
    informed: Callable[[WorkingTime], Services],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("integrations.services.clocks.AT_ONCE", 2)
    clock.now = at(EVE)
    for number in range(5):
        filed_as(services, draft_id=f"draft-{number}")
    closed = at_work(services, filed_as(services, draft_id="draft-closed"))
    make(services, closed, Status.CLOSED)
    assert provisional(services) == 5

    better = informed(COMING)
    better.timing.begin()
    run(better)
    assert provisional(better) == 0
    assert read(better, closed).due_at == at("2027-01-06 17:30")


def test_next_years_holidays_are_missed_from_december_on(
    services: Services, clock: FakeClock, informed: Callable[[WorkingTime], Services], caplog: pytest.LogCaptureFixture
) -> None:
    year = WorkingTime().known_until()
    for now, calendar, said in (
        (datetime(year, 11, 30, 12, tzinfo=CITY_TIME), WorkingTime(), False),
        (datetime(year, 12, 1, 12, tzinfo=CITY_TIME), WorkingTime(), True),
        (datetime(year + 1, 3, 1, 12, tzinfo=CITY_TIME), WorkingTime(), True),
        (datetime(year, 12, 1, 12, tzinfo=CITY_TIME), WorkingTime(whole_years=frozenset({year + 1})), False),
    ):
        clock.now = now
        caplog.clear()
        system = informed(calendar)
        with system.unit_of_work() as tx:
            tx.timers.set(CALENDAR, CITY, now)
        run(system)
        assert ("holidays are known until" in caplog.text) is said, now


def test_an_end_in_the_moment_of_a_warning_leaves_none_standing(services: Services) -> None:
    complaint = filed_as(services)
    errors: list[Exception] = []

    def end() -> None:
        try:
            make(services, complaint, Move.WITHDRAWN, actor=Actor.CITIZEN)
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is shown by the test
            errors.append(error)

    ending = threading.Thread(target=end)

    def meanwhile(where: str) -> None:
        if where == "before commit" and not ending.ident:
            ending.start()
            ending.join(0.5)  # it may have to wait for this transaction

    services.clock.now = complaint.due_at  # type: ignore[attr-defined]
    timing = replace(services.timing, pause_at=meanwhile)
    while timing.run_due(WORKER):
        pass
    ending.join()

    assert errors == []
    assert given(services, complaint), "the warning was never under way"
    with services.unit_of_work() as tx:
        assert tx.warnings.standing() == []
