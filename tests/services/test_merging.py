"""Staff merge incidents and take it back: numbers, notices and counts follow."""

from __future__ import annotations

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.following_up import Found
from integrations.services.merging import File
from integrations.services.records import Merge
from kb import ticket_number
from kb.lifecycle import Status
from tests.builders import conversation, notices, outbox, read, relay_all
from tests.fakes import FakeClock, FakeDispatcher
from tests.incident_builders import at_the_department, close, incident, submitted, whole

WHY = {"by": "王科长", "why": "同一盏灯"}


def merge(services: Services, into: str, *others: str) -> tuple[Merge, ...]:
    return services.merging.merge(into, others, **WHY)


def of(services: Services, name: str) -> File:
    return services.merging.show(name)


# -- what is refused -------------------------------------------------------------------------------------------------


def test_one_that_nobody_knows_is_refused_and_nothing_is_merged(services: Services) -> None:
    first, second = submitted(services, 1), submitted(services, 2)

    with pytest.raises(Rejected, match="no incident begins with 'nothing'"):
        merge(services, first.incident_id, second.incident_id, "nothing")

    assert not incident(services, second.incident_id).merged
    assert of(services, first.incident_id).merges == []


def test_a_number_that_was_never_issued_is_refused(services: Services) -> None:
    with pytest.raises(Rejected, match="no ticket has the number"):
        merge(services, ticket_number.new(), submitted(services, 1).incident_id)


@pytest.mark.parametrize("others", [(), ("same",), ("other", "other"), ("other", "same")])
def test_a_merge_needs_two_different_ones(services: Services, others: tuple[str, ...]) -> None:
    ids = {"same": submitted(services, 1).incident_id, "other": submitted(services, 2).incident_id}

    with pytest.raises(Rejected, match="two different"):
        merge(services, ids["same"], *(ids[one] for one in others))


@pytest.mark.parametrize("signed", [{"by": " ", "why": "x"}, {"by": "x", "why": ""}])
def test_nobody_merges_without_a_name_and_a_reason(services: Services, signed: dict[str, str]) -> None:
    first, second = submitted(services, 1), submitted(services, 2)

    with pytest.raises(Rejected, match="a name"):
        services.merging.merge(first.incident_id, [second.incident_id], **signed)
    with pytest.raises(Rejected, match="a name"):
        services.merging.unmerge(1, **signed)


def test_what_is_part_of_another_is_not_merged_again(services: Services) -> None:
    first, second, third = (submitted(services, nth) for nth in (1, 2, 3))
    merge(services, first.incident_id, second.incident_id)

    with pytest.raises(Rejected, match=f"is part of {first.incident_id} already"):
        merge(services, third.incident_id, second.incident_id)
    with pytest.raises(Rejected, match="is part of"):
        merge(services, second.incident_id, first.incident_id)


@pytest.mark.parametrize("which", [0, 1])
def test_a_closed_one_is_not_merged(services: Services, which: int) -> None:
    made = [at_the_department(services, nth) for nth in (1, 2)]
    close(services, made[which][1])

    with pytest.raises(Rejected, match="is closed"):
        merge(services, made[0][0].incident_id, made[1][0].incident_id)


def test_a_merge_is_undone_once(services: Services) -> None:
    first, second = submitted(services, 1), submitted(services, 2)
    (merged,) = merge(services, first.incident_id, second.incident_id)
    services.merging.unmerge(merged.id, **WHY)

    with pytest.raises(Rejected, match="undone already"):
        services.merging.unmerge(merged.id, **WHY)
    with pytest.raises(Rejected, match="no merge 99"):
        services.merging.unmerge(99, **WHY)


# -- what follows ----------------------------------------------------------------------------------------------------


def test_people_and_the_last_report_are_those_of_all(services: Services, clock: FakeClock) -> None:
    first, _ = submitted(services, 1), clock.move(hours=1)
    submitted(services, 2, join=first.incident_id)
    clock.move(hours=1)
    other = submitted(services, 3, citizen="citizen-1")

    merge(services, first.incident_id, other.incident_id)

    assert incident(services, first.incident_id).people == 2, "citizen-1 is one person in both"
    assert incident(services, first.incident_id).last_report_at == clock.now


def test_every_number_stays_valid_and_shows_how_many_there_are(services: Services) -> None:
    first, second = submitted(services, 1), submitted(services, 2)
    merge(services, first.incident_id, second.incident_id)

    for nth, complaint in ((1, first), (2, second)):
        found = services.following_up.by_number(conversation(services, f"citizen-{nth}").id, complaint.number)
        assert (found.found, found.people) == (Found.TICKET, 2)
        assert of(services, complaint.number).incident.id == first.incident_id


def test_who_joins_a_merged_one_joins_the_survivor(services: Services) -> None:
    first, second = submitted(services, 1), submitted(services, 2)
    merge(services, first.incident_id, second.incident_id)

    third = submitted(services, 3, join=second.incident_id)

    assert third.joined
    assert third.incident_id == first.incident_id
    assert incident(services, first.incident_id).people == 3


def test_closing_the_survivor_reaches_everybody_once(services: Services) -> None:
    main, request = at_the_department(services, 1)
    other, _ = at_the_department(services, 2)
    joined, _ = at_the_department(services, 3, join=other.incident_id)
    merge(services, main.incident_id, other.incident_id)

    close(services, request)
    relay_all(services)

    for nth, complaint in ((1, main), (2, other), (3, joined)):
        assert read(services, complaint).status is Status.CLOSED
        assert len([one for one in notices(services, f"citizen-{nth}") if "修好了" in one]) == 1
        assert services.rating.current(complaint.conversation_id).number == complaint.number
    with services.unit_of_work() as tx:
        assert tx.backend_requests.next_to_ask(now=services.clock(), limit=9) == []


def test_what_the_department_says_afterwards_of_a_merged_request_changes_nothing(services: Services) -> None:
    main, request = at_the_department(services, 1)
    other, theirs = at_the_department(services, 2)
    merge(services, main.incident_id, other.incident_id)
    close(services, request)
    before = read(services, other).history

    close(services, theirs)
    relay_all(services)

    assert read(services, other).history == before
    assert len(notices(services, "citizen-2")) == 1


def test_the_closing_of_a_merged_request_ends_its_own_complaints_only(services: Services) -> None:
    main, request = at_the_department(services, 1)
    other, theirs = at_the_department(services, 2)
    merge(services, main.incident_id, other.incident_id)

    close(services, theirs)

    assert read(services, other).status is Status.CLOSED
    assert read(services, main).status is Status.DISPATCHED
    assert incident(services, main.incident_id).open
    close(services, request)
    assert not incident(services, main.incident_id).open


def test_one_that_the_department_has_not_got_yet_goes_there_and_hears_all_the_same(
    services: Services, dispatcher: FakeDispatcher
) -> None:
    main, request = at_the_department(services, 1)
    waiting = submitted(services, 2)
    merge(services, main.incident_id, waiting.incident_id)
    close(services, request)
    assert read(services, waiting).status is Status.FILED

    relay_all(services)
    (theirs,) = dispatcher.numbers_of(waiting)
    close(services, theirs)

    assert read(services, waiting).status is Status.CLOSED


# -- taking it back --------------------------------------------------------------------------------------------------


def test_an_undone_merge_leaves_counts_and_requests_as_they_were(services: Services) -> None:
    main, request = at_the_department(services, 1)
    other, theirs = at_the_department(services, 2)
    before = [incident(services, one.incident_id) for one in (main, other)]
    (merged,) = merge(services, main.incident_id, other.incident_id)

    services.merging.unmerge(merged.id, by="李科长", why="两盏灯")

    assert [incident(services, one.incident_id) for one in (main, other)] == before
    close(services, request)
    assert read(services, other).status is Status.DISPATCHED
    close(services, theirs)
    assert read(services, other).status is Status.CLOSED


def test_who_joined_in_between_stays_with_the_survivor(services: Services) -> None:
    first, second = submitted(services, 1), submitted(services, 2)
    (merged,) = merge(services, first.incident_id, second.incident_id)
    submitted(services, 3, join=second.incident_id)

    services.merging.unmerge(merged.id, **WHY)

    assert [incident(services, one.incident_id).people for one in (first, second)] == [2, 1]


def test_merges_are_undone_in_any_order(services: Services) -> None:
    a, b, c = (submitted(services, nth) for nth in (1, 2, 3))
    (inner,) = merge(services, b.incident_id, a.incident_id)
    (outer,) = merge(services, c.incident_id, b.incident_id)

    services.merging.unmerge(inner.id, **WHY)
    assert [whole(services, one).id for one in (a, b, c)] == [a.incident_id, c.incident_id, c.incident_id]
    assert [whole(services, one).people for one in (a, b, c)] == [1, 2, 2]

    services.merging.unmerge(outer.id, **WHY)
    assert [whole(services, one).id for one in (a, b, c)] == [one.incident_id for one in (a, b, c)]


def test_what_was_merged_into_it_before_leaves_with_it(services: Services) -> None:
    a, b, c = (submitted(services, nth) for nth in (1, 2, 3))
    merge(services, b.incident_id, a.incident_id)
    (outer,) = merge(services, c.incident_id, b.incident_id)
    assert whole(services, a).id == c.incident_id

    services.merging.unmerge(outer.id, **WHY)

    assert [whole(services, one).id for one in (a, b, c)] == [b.incident_id, b.incident_id, c.incident_id]
    assert [whole(services, one).people for one in (b, c)] == [2, 1]


def test_what_leaves_a_closed_one_stays_closed(services: Services) -> None:
    main, request = at_the_department(services, 1)
    other, _ = at_the_department(services, 2)
    (merged,) = merge(services, main.incident_id, other.incident_id)
    close(services, request)

    services.merging.unmerge(merged.id, **WHY)

    left = incident(services, other.incident_id)
    assert not left.merged
    assert not left.open
    assert submitted(services, 3, join=left.id).incident_id != left.id, "who reports it again opens a recurrence"


def test_what_leaves_with_its_own_request_closed_is_closed(services: Services) -> None:
    main, _ = at_the_department(services, 1)
    other, theirs = at_the_department(services, 2)
    (merged,) = merge(services, main.incident_id, other.incident_id)
    close(services, theirs)

    services.merging.unmerge(merged.id, **WHY)

    assert not incident(services, other.incident_id).open
    assert incident(services, main.incident_id).open


def test_the_history_says_who_when_why_and_what(services: Services, clock: FakeClock) -> None:
    first, second = submitted(services, 1), submitted(services, 2)
    (merged,) = merge(services, first.number, second.number)
    began = clock.now
    clock.move(hours=2)
    services.merging.unmerge(merged.id, by="李科长", why="两盏灯")

    (entry,) = of(services, second.incident_id).merges

    assert (entry.incident_id, entry.into_id) == (second.incident_id, first.incident_id)
    assert (entry.by, entry.why, entry.at, entry.numbers) == ("王科长", "同一盏灯", began, (second.number,))
    assert (entry.undone_by, entry.undone_why, entry.undone_at) == ("李科长", "两盏灯", clock.now)


def test_merging_tells_the_department_nothing_twice(services: Services, dispatcher: FakeDispatcher) -> None:
    first, second = submitted(services, 1), submitted(services, 2)
    merge(services, first.incident_id, second.incident_id)

    relay_all(services)

    assert sorted(dispatcher.posts) == sorted([first.number, second.number])
    assert set(outbox(services)) == {"done"}
