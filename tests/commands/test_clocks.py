"""`jiesu late`, `jiesu timers`, and what the doctor says of both."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.running import doctor
from integrations.services.clocks import DEADLINE
from integrations.services.errors import Rejected
from kb import ticket_number
from kb.working_time import CITY_TIME, WorkingTime
from tests.builders import LAMP, RUBBISH, filed
from tests.commands.test_jiesu import Jiesu
from tests.commands.test_jiesu import jiesu as jiesu
from tests.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """The commands have the real time."""
    return FakeClock(bootstrap.now())


def run(services: Services) -> None:
    while services.timing.run_due("worker-1"):
        pass


def test_at_first_nothing_is_late_and_no_timer_is_set(jiesu: Jiesu) -> None:
    assert "nothing is late" in jiesu("late").output
    assert jiesu("late", "--json").output == ""
    assert "no timer is set" in jiesu("timers").output


def test_a_level_that_there_is_not_is_said(jiesu: Jiesu) -> None:
    failed = jiesu("late", "--level", "7").exception
    assert isinstance(failed, Rejected)
    assert "市热线管理机构督办" in str(failed)


def test_what_is_late_stands_under_those_who_must_hear_of_it(
    jiesu: Jiesu, services: Services, clock: FakeClock
) -> None:
    now = clock.now
    clock.now = now - timedelta(days=40)
    old = filed(services, LAMP)
    clock.now = now - timedelta(hours=20)
    new = filed(services, "李沧区书院路29号路灯坏了", draft_id="draft-2")
    clock.now = now
    run(services)

    shown = jiesu("late").output
    assert shown.index("市热线管理机构督办: 1 red") < shown.index("路灯管理单位: 0 red, 1 in all")
    assert shown.index(ticket_number.display(old.number)) < shown.index(ticket_number.display(new.number))
    assert ticket_number.display(new.number) not in jiesu("late", "--red").output
    assert ticket_number.display(new.number) not in jiesu("late", "--level", "3").output
    assert "nothing is late" in jiesu("late", "--unit", "环卫").output

    lines = [json.loads(line) for line in jiesu("late", "--json", "--unit", "路灯").output.splitlines()]
    assert [(one["number"], one["colour"], one["level"]) for one in lines] == [
        (old.number, "red", 3),
        (new.number, "yellow", 0),
    ]
    assert datetime.fromisoformat(lines[0]["due_at"]) == old.due_at.replace(microsecond=0)


def test_timers_that_fail_are_listed_with_the_reason(jiesu: Jiesu, services: Services, clock: FakeClock) -> None:
    complaint = filed(services, RUBBISH)
    with services.unit_of_work() as tx:
        tx.timers.set("broken", "one", clock.now - timedelta(hours=1))
        (row,) = tx.timers.claim("worker-1", clock.now, 60, 1, kinds=["broken"])
    with services.unit_of_work() as tx:
        tx.timers.failed(row, again=clock.now + timedelta(hours=1), error="ValueError")

    shown = jiesu("timers").output
    assert shown.index("broken") < shown.index(complaint.id)
    assert "ValueError" in shown
    assert "broken" not in jiesu("timers", "--kind", DEADLINE).output


# -- the doctor --------------------------------------------------------------------------------------------------


def found(services: Services, name: str) -> list[doctor.Check]:
    return [one for one in doctor.examine(services.settings, running=False) if one.name == name]


def test_the_doctor_says_which_deadlines_are_provisional(services: Services, clock: FakeClock) -> None:
    assert found(services, "deadlines") == []
    clock.now = datetime(WorkingTime().known_until() + 1, 6, 1, 10, tzinfo=CITY_TIME).astimezone(UTC)
    filed(services, RUBBISH)

    (check,) = found(services, "deadlines")
    assert (check.state, check.found[:13]) == ("warn", "1 are provisi")
    assert "working_days.yml" in check.do


def test_the_doctor_says_when_nobody_does_the_timers(services: Services, clock: FakeClock) -> None:
    with services.unit_of_work() as tx:
        tx.timers.set("sweep", "city", clock.now - timedelta(minutes=9))
    assert found(services, "timers") == []
    with services.unit_of_work() as tx:
        tx.timers.set("sweep", "city", clock.now - timedelta(minutes=11))

    (check,) = found(services, "timers")
    assert check.state == "warn"
    assert "1 due since" in check.found and "sweep: not tried" in check.found


@pytest.mark.parametrize(("month", "years", "state"), [(11, 0, "ok"), (12, 0, "warn"), (1, 1, "warn")])
def test_the_doctor_misses_next_years_holidays_in_time(
    services: Services, monkeypatch: pytest.MonkeyPatch, month: int, years: int, state: str
) -> None:
    then = datetime(WorkingTime().known_until() + years, month, 15, 10, tzinfo=CITY_TIME)
    monkeypatch.setattr(bootstrap, "now", lambda: then)

    (check,) = found(services, "calendar")
    assert check.state == state
