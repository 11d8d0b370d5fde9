"""Known issues as records: taken over once, changed by staff, and told no longer from the moment that they end."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.informing import Informing
from integrations.services.issue_records import KeptIssue, Origin, Standing
from integrations.store import database
from kb.deadlines import CITY_TIME
from kb.known_issues import KnownIssue
from kb.places import Place
from tests.fakes import SATURDAY, FakeClock

TODAY = date(2026, 11, 21)
COLD = "210102"
HERE = Place("金水路", road="金水路", district="李沧区")


def issue(issue_id: str = "KI-1", **changes: Any) -> KnownIssue:
    fields: dict[str, Any] = {
        "id": issue_id,
        "title": "换热站改造",
        "category": "2101",
        "starts": date(2026, 11, 1),
        "ends": date(2026, 11, 30),
        "lead_unit": "李沧区城市管理局",
        "say": "正在改造。",
        "source": "演示",
    }
    return KnownIssue.model_validate({**fields, **changes})


@pytest.fixture
def services(services: Services) -> Services:
    """The system with one issue that ships."""
    services.replacements["known_issues"] = (issue("SHIPPED"),)
    return services


@pytest.fixture
def informing(services: Services) -> Informing:
    return services.informing


def another(services: Services, **replacements: Any) -> Services:
    """Another process over the same database."""
    return bootstrap.build(services.settings, **{**services.replacements, **replacements})


def told(informing: Informing) -> list[str]:
    return [one.id for one in informing.in_force()]


# -- the first start ---------------------------------------------------------------------------------------------


def test_what_ships_is_taken_over_once(services: Services, informing: Informing) -> None:
    assert told(informing) == ["SHIPPED"]
    informing.end(["SHIPPED"], why="真的修好了")

    again = another(services, known_issues=(issue("SHIPPED"), issue("NEW")))
    assert told(again.informing) == [], "a second start brings back what a clerk ended"
    assert [one.origin for one in again.informing.listed()] == [Origin.CONTENT]


def test_examples_are_told_to_nobody_where_the_city_says_so_until_they_are_its_own(services: Services) -> None:
    services.informing.examples = False
    assert services.informing.in_force() == ()
    assert [one.issue.id for one in services.informing.listed()] == ["SHIPPED"]
    services.informing.take_in([issue("SHIPPED", say="真的在改造。")])
    assert [one.say for one in services.informing.in_force()] == ["真的在改造。"]


def test_an_empty_list_is_taken_over_too(services: Services) -> None:
    assert told(another(services, known_issues=()).informing) == []
    assert told(services.informing) == [], "the first start was over"


def test_several_processes_may_start_at_once(services: Services) -> None:
    many = tuple(issue(f"S-{n}") for n in range(30))
    barrier, found, errors = threading.Barrier(4), [], []

    def start() -> None:
        engine: Engine = database.connect(services.settings.sql_url)
        mine = another(services, engine=engine, known_issues=many)
        barrier.wait()
        try:
            found.append(len(mine.informing.in_force()))
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is shown by the test
            errors.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (errors, found) == ([], [30] * 4)


# -- ending ------------------------------------------------------------------------------------------------------


def test_an_ended_issue_is_told_by_no_process_from_that_moment_on(services: Services, informing: Informing) -> None:
    other = another(services).informing
    assert told(informing) == told(other) == ["SHIPPED"]
    assert other.issue("SHIPPED") is not None

    informing.end(["SHIPPED"], why="提前修好")

    assert told(other) == told(informing) == []
    assert other.issue("SHIPPED") is None and other.applying(code=COLD, place=HERE) is None


def test_an_issue_can_end_on_a_day_to_come(informing: Informing, clock: FakeClock) -> None:
    informing.end(["SHIPPED"], why="提前两天", on=date(2026, 11, 23))
    assert informing.get("SHIPPED").standing(TODAY) is Standing.NOW
    for day, there in ((21, True), (22, True), (23, False), (24, False)):
        clock.now = datetime(2026, 11, day, 12, tzinfo=CITY_TIME).astimezone(UTC)
        assert bool(told(informing)) is there, day


@pytest.mark.parametrize(
    ("ids", "on", "said"),
    [
        (["NONE"], None, "no known issue 'NONE'"),
        (["SHIPPED", "NONE"], None, "no known issue 'NONE'"),
        (["SHIPPED"], date(2026, 12, 1), "its last day is 2026-11-30"),
    ],
)
def test_what_cannot_be_ended_changes_nothing(informing: Informing, ids: list[str], on: date | None, said: str) -> None:
    with pytest.raises(Rejected, match=said):
        informing.end(ids, why="x", on=on)
    assert told(informing) == ["SHIPPED"]


def test_ending_twice_is_refused_and_keeps_the_first_reason(informing: Informing) -> None:
    informing.end(["SHIPPED"], why="第一次")
    with pytest.raises(Rejected, match="ended on 2026-11-21"):
        informing.end(["SHIPPED"], why="第二次")
    assert informing.get("SHIPPED").ended_why == "第一次"


# -- the city's day ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "there"),
    [
        (datetime(2026, 10, 31, 23, 59, 59, tzinfo=CITY_TIME), False),
        (datetime(2026, 11, 1, 0, 0, tzinfo=CITY_TIME), True),
        (datetime(2026, 11, 30, 23, 59, 59, tzinfo=CITY_TIME), True),
        (datetime(2026, 12, 1, 0, 0, tzinfo=CITY_TIME), False),
        # the same days elsewhere
        (datetime(2026, 11, 30, 16, 30, tzinfo=UTC), False),
        (datetime(2026, 10, 31, 16, 0, tzinfo=UTC), True),
    ],
)
def test_an_issue_holds_by_the_citys_midnight(
    informing: Informing, clock: FakeClock, moment: datetime, there: bool
) -> None:
    clock.now = moment.astimezone(UTC)
    assert bool(told(informing)) is there


def test_the_last_day_passes_while_the_process_runs(informing: Informing, clock: FakeClock) -> None:
    informing.add(issue("LAST", ends=TODAY))
    informing.add(issue("NEXT", starts=date(2026, 11, 22)))
    assert told(informing) == ["LAST", "SHIPPED"]
    clock.now = datetime(2026, 11, 22, 0, 0, 1, tzinfo=CITY_TIME).astimezone(UTC)
    assert told(informing) == ["SHIPPED", "NEXT"]
    assert informing.in_force(TODAY)[0].id == "LAST"
    assert told(informing) == ["SHIPPED", "NEXT"], "asking for another day leaves today as it is"


# -- adding and importing ----------------------------------------------------------------------------------------


def test_an_id_that_is_taken_is_refused(informing: Informing) -> None:
    with pytest.raises(Rejected, match="SHIPPED is there already"):
        informing.add(issue("SHIPPED", say="别的"))
    assert informing.get("SHIPPED").issue.say == "正在改造。"


def test_free_ids_are_free(informing: Informing) -> None:
    first = informing.free_id()
    informing.add(issue(first))
    assert first == "C-20261121-1" and informing.free_id() == "C-20261121-2"


def test_a_file_adds_updates_and_leaves_the_rest(informing: Informing) -> None:
    informing.add(issue("OTHER"))
    given_issues = [issue("SHIPPED", say="改了。"), issue("NEW"), issue("OTHER")]

    plan = informing.take_in(given_issues, dry_run=True)
    assert ([i.id for i in plan.added], [i.id for i in plan.changed], [i.id for i in plan.same]) == (
        ["NEW"], ["SHIPPED"], ["OTHER"],
    )  # fmt: skip
    assert told(informing) == ["OTHER", "SHIPPED"], "a dry run changed something"

    assert informing.take_in(given_issues) == plan
    assert told(informing) == ["NEW", "OTHER", "SHIPPED"]
    assert informing.get("SHIPPED").origin is Origin.FILE and informing.get("OTHER").origin is Origin.CLERK
    assert informing.get("SHIPPED").issue.say == "改了。"
    again = informing.take_in(given_issues)
    assert len(again.same) == 3 and not again.changed


def test_a_file_does_not_bring_back_what_was_ended_unless_it_is_told_to(informing: Informing) -> None:
    informing.end(["SHIPPED"], why="修好了")
    changes = informing.take_in([issue("SHIPPED", say="旧表里的。")])
    assert [one.issue.id for one in changes.ended] == ["SHIPPED"]
    assert told(informing) == []
    informing.take_in([issue("SHIPPED")], reopen=True)
    assert told(informing) == ["SHIPPED"] and informing.get("SHIPPED").ended_why is None


def test_a_file_does_not_touch_what_a_feed_keeps(services: Services, informing: Informing) -> None:
    kept = KeptIssue(issue("FED"), Origin.FEED, SATURDAY, SATURDAY, "feed-key")
    with informing.changing() as tx:
        tx.known_issues.save([kept])
    with pytest.raises(Rejected, match="FED: kept by a feed"):
        informing.take_in([issue("NEW"), issue("FED", say="改了。")])
    assert told(informing) == ["FED", "SHIPPED"]


def test_two_files_at_once_are_both_taken_in(services: Services, informing: Informing) -> None:
    barrier, errors = threading.Barrier(2), []

    def take(name: str) -> None:
        barrier.wait()
        try:
            another(services).informing.take_in([issue(f"{name}-{n}") for n in range(20)] + [issue("BOTH", title=name)])
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is shown by the test
            errors.append(error)

    threads = [threading.Thread(target=take, args=(name,)) for name in ("a", "b")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == []
    assert len(told(informing)) == 42


def test_an_entry_comes_back_from_the_database_as_it_was(services: Services, informing: Informing) -> None:
    whole = issue(
        "WHOLE",
        districts=["李沧区"],
        compounds=["甲小区"],
        circle={"lat": 36.1, "lon": 120.4, "metres": 12.5},
        polygon={"type": "Polygon", "coordinates": [[[120, 36], [121, 36], [121, 37], [120, 36]]]},
        advice="'; DROP TABLE known_issues; -- 😀",
        still_file=False,
    )
    made = informing.add(whole)
    assert another(services).informing.get("WHOLE") == made
    assert another(services).informing.issue("WHOLE") == whole


# -- standing ----------------------------------------------------------------------------------------------------

days = st.dates(date(2026, 11, 10), date(2026, 12, 10))


@given(starts=days, length=st.integers(0, 20), ended=st.none() | days, on=days)
def test_what_stands_now_is_what_the_days_say(starts: date, length: int, ended: date | None, on: date) -> None:
    ends = date.fromordinal(starts.toordinal() + length)
    kept = KeptIssue(issue(starts=starts, ends=ends), Origin.FILE, SATURDAY, SATURDAY, ended_on=ended)
    now = kept.standing(on) is Standing.NOW
    assert now == (starts <= on <= ends and (ended is None or on < ended))


@pytest.mark.parametrize("length", [0, 10])
def test_the_store_and_the_record_say_the_same_of_every_day(informing: Informing, length: int) -> None:
    kept = [
        replace(
            KeptIssue(issue(f"K-{first}-{ended}", starts=date(2026, 11, first), ends=date(2026, 11, first + length)),
                      Origin.FILE, SATURDAY, SATURDAY),
            ended_on=date(2026, 11, ended) if ended else None,
        )
        for first in (5, 10)
        for ended in (0, 4, 5, 8, 15, 25)
    ]  # fmt: skip
    with informing.changing() as tx:
        tx.known_issues.save(kept)
    for day in (date(2026, 11, n) for n in range(3, 24)):
        with informing.unit_of_work() as tx:
            there = {one.issue.id for one in tx.known_issues.in_force(day)} - {"SHIPPED"}
        assert there == {one.issue.id for one in kept if one.standing(day) is Standing.NOW}, day
