"""Joining, merging and closing at once: nothing is lost, nothing is doubled. On PostgreSQL these are real row locks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.ports import Transaction
from integrations.services.records import Complaint
from kb.lifecycle import Status
from tests.builders import conversation, notices, read, relay_all
from tests.fakes import FakeDispatcher
from tests.incident_builders import at_the_department, close, incident, submitted, together, whole

ROUNDS = 4


@contextmanager
def while_open(services: Services, begin: Callable[[Transaction], object]) -> Iterator[None]:
    """What stands in the block begins while this transaction is done but not committed."""
    with services.unit_of_work() as tx:
        begin(tx)
        yield


def started(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """The work in a thread, given a moment to run into whoever is in its way; its result or its error."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - shown by the test
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(0.3)
    return thread, results


def numbers(services: Services, incident_id: str) -> set[str]:
    with services.unit_of_work() as tx:
        return {one.number for one in tx.complaints.of_incident(incident_id)}


# -- one after the other, the second while the first is not committed -------------------------------------------------


def test_who_joins_while_it_is_being_merged_is_with_the_survivor(services: Services) -> None:
    main, other = submitted(services, 1), submitted(services, 2)
    conversation(services, "citizen-3")

    with while_open(
        services,
        lambda tx: services.merging._merge(tx, main.incident_id, [other.incident_id], "x", "x"),
    ):
        thread, results = started(lambda: submitted(services, 3, join=other.incident_id))
        assert results == [], "it has to wait for the merge"
    thread.join()

    (joined,) = results
    assert isinstance(joined, Complaint)
    assert joined.joined
    assert joined.incident_id == main.incident_id
    assert incident(services, main.incident_id).people == 3


def test_who_joins_while_it_closes_opens_a_recurrence(services: Services) -> None:
    main, _ = at_the_department(services, 1)
    conversation(services, "citizen-2")

    def closing(tx: Transaction) -> None:
        tx.incidents.hold(main.incident_id)
        tx.incidents.close(main.incident_id, services.clock())

    with while_open(services, closing):
        thread, results = started(lambda: submitted(services, 2, join=main.incident_id))
        assert results == [], "it has to wait for the closing"
    thread.join()

    (again,) = results
    assert isinstance(again, Complaint)
    assert not again.joined
    assert incident(services, again.incident_id).recurrence_of == main.incident_id
    assert incident(services, main.incident_id).recurred_at == services.clock()
    assert incident(services, main.incident_id).people == 1


def test_who_joins_while_it_is_being_taken_apart_is_where_they_wanted_to_be(services: Services) -> None:
    main, other = submitted(services, 1), submitted(services, 2)
    (merged,) = services.merging.merge(main.incident_id, [other.incident_id], by="x", why="x")
    conversation(services, "citizen-3")

    with while_open(services, lambda tx: services.merging._unmerge(tx, merged.id, "x", "x")):
        thread, results = started(lambda: submitted(services, 3, join=other.incident_id))
    thread.join()

    (joined,) = results
    assert isinstance(joined, Complaint)
    assert joined.incident_id == other.incident_id
    assert [incident(services, one.incident_id).people for one in (main, other)] == [1, 2]


def test_a_merge_waits_for_who_is_joining_and_counts_them(services: Services) -> None:
    main, other = submitted(services, 1), submitted(services, 2)

    with while_open(services, lambda tx: tx.incidents.hold(other.incident_id)):
        thread, results = started(
            lambda: services.merging.merge(main.incident_id, [other.incident_id], by="x", why="x")
        )
        assert results == []
    thread.join()

    assert not isinstance(results[0], Exception)
    assert incident(services, main.incident_id).people == 2


# -- all at once -------------------------------------------------------------------------------------------------------


def test_several_who_join_at_once_are_all_counted(services: Services) -> None:
    main = submitted(services, 1)

    errors = together(*(lambda nth=nth: submitted(services, nth, join=main.incident_id) for nth in range(2, 8)))

    assert errors == []
    assert incident(services, main.incident_id).people == 7
    assert len(numbers(services, main.incident_id)) == 7


def test_one_draft_submitted_by_several_at_once_joins_once(services: Services) -> None:
    main = submitted(services, 1)
    made: list[Complaint] = []

    errors = together(*[lambda: made.append(submitted(services, 2, join=main.incident_id))] * 4)

    assert errors == []
    assert len({one.number for one in made}) == 1
    assert len(numbers(services, main.incident_id)) == 2


def test_joins_and_a_merge_at_once_lose_nobody(services: Services, dispatcher: FakeDispatcher) -> None:
    for round_ in range(ROUNDS):
        first = round_ * 10
        main, other = submitted(services, first), submitted(services, first + 1)
        joins = [
            lambda nth=nth, into=into: submitted(services, nth, join=into.incident_id)
            for nth, into in enumerate((main, other, other, main, other), first + 2)
        ]

        errors = together(
            lambda: services.merging.merge(main.incident_id, [other.incident_id], by="x", why="x"),  # noqa: B023
            *joins,
        )

        assert errors == []
        assert incident(services, main.incident_id).people == 7
        assert len(numbers(services, other.incident_id)) == 7
    relay_all(services)
    assert len(dispatcher.posts) == len(set(dispatcher.posts)) == 2 * ROUNDS
    assert len(dispatcher.notes) == 5 * ROUNDS


def test_joins_while_it_closes_are_joined_or_open_one_recurrence(services: Services) -> None:
    for round_ in range(ROUNDS):
        first = round_ * 10
        main, request = at_the_department(services, first)
        made: list[Complaint] = []
        joins = [
            lambda nth=nth: made.append(submitted(services, nth, join=main.incident_id))  # noqa: B023
            for nth in range(first + 1, first + 6)
        ]

        assert together(lambda: close(services, request), *joins) == []  # noqa: B023

        in_time = [one for one in made if one.incident_id == main.incident_id]
        late = [one for one in made if one not in in_time]
        assert len({one.incident_id for one in late}) == (1 if late else 0)
        assert [one.joined for one in late].count(False) == (1 if late else 0)
        assert all(one.joined for one in in_time)
        assert incident(services, main.incident_id).people == 1 + len(in_time)
        assert (incident(services, main.incident_id).recurred_at is not None) is bool(late)
        if late:
            again = incident(services, late[0].incident_id)
            assert (again.people, again.recurrence_of) == (len(late), main.incident_id)


def test_who_joined_in_time_hears_of_the_closing_all_the_same(services: Services, dispatcher: FakeDispatcher) -> None:
    main, request = at_the_department(services, 1)
    dispatcher.do(request, "closed", note="修好了")
    made: list[Complaint] = []

    errors = together(
        services.dispatching.poll,
        *(lambda nth=nth: made.append(submitted(services, nth, join=main.incident_id)) for nth in (2, 3)),
    )
    for _ in range(3):
        relay_all(services)
        services.dispatching.poll()

    assert errors == []
    for one in made:
        closed = read(services, one).status is Status.CLOSED
        assert closed is (one.incident_id == main.incident_id)


def test_two_merges_crosswise_make_no_circle(services: Services) -> None:
    for round_ in range(ROUNDS):
        a, b = (submitted(services, round_ * 2 + nth) for nth in (1, 2))
        merge = services.merging.merge

        errors = together(
            lambda: merge(a.incident_id, [b.incident_id], by="x", why="x"),  # noqa: B023
            lambda: merge(b.incident_id, [a.incident_id], by="x", why="x"),  # noqa: B023
        )

        assert [type(one) for one in errors] == [Rejected]
        assert whole(services, a).id == whole(services, b).id
        assert whole(services, a).people == 2


def test_a_merge_undone_by_two_at_once_is_undone_once(services: Services) -> None:
    main, other = submitted(services, 1), submitted(services, 2)
    (merged,) = services.merging.merge(main.incident_id, [other.incident_id], by="x", why="x")

    errors = together(*[lambda: services.merging.unmerge(merged.id, by="x", why="x")] * 3)

    assert [type(one) for one in errors] == [Rejected, Rejected]
    assert [incident(services, one.incident_id).people for one in (main, other)] == [1, 1]


def test_two_requests_of_one_incident_closed_at_once_tell_everybody_once(services: Services) -> None:
    for round_ in range(ROUNDS):
        nth = round_ * 10
        main, request = at_the_department(services, nth)
        other, theirs = at_the_department(services, nth + 1)
        joined, _ = at_the_department(services, nth + 2, join=other.incident_id)
        services.merging.merge(main.incident_id, [other.incident_id], by="x", why="x")

        errors = together(lambda: close(services, request), lambda: close(services, theirs))  # noqa: B023

        assert errors == []
        relay_all(services)
        for offset, one in enumerate((main, other, joined)):
            assert [change.after for change in read(services, one).history].count(Status.CLOSED) == 1
            assert len(notices(services, f"citizen-{nth + offset}")) == 1


def test_whoever_holds_several_holds_them_in_one_order(services: Services) -> None:
    """Two who hold the same ones, named the other way round, never wait for each other."""
    ids = [submitted(services, nth).incident_id for nth in range(4)]

    def hold(order: list[str]) -> None:
        for _ in range(20):
            with services.unit_of_work() as tx:
                assert set(tx.incidents.hold(*order)) == set(ids)

    assert together(lambda: hold(ids), lambda: hold(ids[::-1]), lambda: hold(sorted(ids)), lambda: hold(ids)) == []


@pytest.mark.parametrize("nobody", [(), ("nothing",)])
def test_holding_what_is_not_there_holds_nothing(services: Services, nobody: tuple[str, ...]) -> None:
    with services.unit_of_work() as tx:
        assert tx.incidents.hold(*nobody) == {}
