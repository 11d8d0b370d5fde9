"""A thousand complaints live through the whole loop, and the department is not always at its best.

Filing, worker, gateway, hook and department are the real ones, in processes of their own over real HTTP and a real
database; only the clock is virtual, and citizens and clerks follow a seed.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from integrations.bootstrap import Services
from integrations.clients.open311 import MAPPING, Open311Dispatcher, load_mapping
from integrations.services.records import Complaint, RowState, Sender, Task
from integrations.settings import Settings
from integrations.store import tables as t
from integrations.store.timer_tables import deadlines, timers
from kb.lifecycle import OPEN, Status
from tests.builders import read
from tests.conftest import API_KEY
from tests.faults.loop.citizens import SILENT, Citizens
from tests.faults.loop.clerks import Clerks
from tests.faults.loop.processes import SharedClock, city
from tests.faults.loop.weeks import FAULTS, Weeks

MANY, SEED = 1000, 6
WAVES = 40
MEMORY = Path("/dev/shm")
ROOM = 1 << 29  # bytes: in a container it may be so small that the department's database does not fit


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a place: nothing here is about power cuts, and every commit waits for the disk."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture
def clock() -> SharedClock:
    return SharedClock()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"quiet_hours": "21:00-8:00", "log_level": "CRITICAL"})


@pytest.fixture
def department(settings: Settings, clock: SharedClock, tmp_path: Path) -> Iterator[tuple[httpx.Client, Path]]:
    with city(settings, clock, tmp_path) as running:
        yield running


@pytest.fixture
def dispatcher(
    department: tuple[httpx.Client, Path], clock: SharedClock, knowledge: dict[str, Any]
) -> Open311Dispatcher:
    """With a request of its own for each helping unit."""
    client, _ = department
    return Open311Dispatcher(
        f"{client.base_url}/open311/v2",
        api_key=API_KEY,
        taxonomy=knowledge["taxonomy"],
        mapping=load_mapping(MAPPING).model_copy(update={"co_units": "request"}),
        clock=clock,
        timeout=2.0,
    )


@pytest.fixture
def clerks(department: tuple[httpx.Client, Path], clock: SharedClock) -> Iterator[Clerks]:
    made = Clerks(department[1], clock, SEED)
    yield made
    made.close()


@pytest.mark.faults
@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_and_nobody_is_forgotten(
    services: Services, clock: SharedClock, department: tuple[httpx.Client, Path], clerks: Clerks
) -> None:
    services.timing.begin()
    citizens = Citizens(services, SEED)
    weeks = Weeks(services, clock, department[0], clerks, citizens)
    for wave in range(WAVES):
        weeks.at(clock() + timedelta(hours=3 * wave), lambda: weeks.file(MANY // WAVES))
    for day in (1, 4):
        weeks.at(clock() + timedelta(days=day), lambda: weeks.lose_hooks(3))
        weeks.at(clock() + timedelta(days=day, hours=4), weeks.ask)
    weeks.live()

    print(f"\n{dict(citizens.said)}\n{dict(clerks.done)}\n{dict(weeks.ordered)}, {weeks.moments} moments")
    complaints = [read(services, one.complaint) for one in citizens.reports]

    everybody_did_something(citizens, clerks, weeks)
    each_complaint_is_one_ticket(services, clerks, complaints)
    each_update_was_told_once(services, clerks)
    each_ended(services, complaints)
    each_closure_was_told_once(services, complaints)
    the_silent_were_reminded_once(services, citizens)
    nothing_is_left_to_do(services, clerks, complaints)
    no_phone_went_out_without_consent(citizens, clerks)
    audited = services.auditing.audit()
    assert (audited.chains, audited.broken) == (MANY, ())


def everybody_did_something(citizens: Citizens, clerks: Clerks, weeks: Weeks) -> None:
    """Otherwise what follows would hold of nothing."""
    assert min(clerks.done.values()) > 0, clerks.done
    rare = ("joined", "tapped twice", "urge", "supplement", "withdraw", "report again", *LATER)
    assert all(citizens.said[one] for one in rare), citizens.said
    assert any(number > 1 for _, number in citizens.moods), "nobody was asked again"
    assert set(weeks.ordered) == {"lose_hooks", *(next(iter(fault)) for fault in FAULTS)}


LATER = ("satisfied", "unsatisfied", "silent", "late", "half", "level")


def each_complaint_is_one_ticket(services: Services, clerks: Clerks, complaints: list[Complaint]) -> None:
    """Complaints in, tickets out: one each, under numbers that both sides know."""
    arrived = clerks.arrived()
    references = Counter(one.reference for one in arrived)
    assert max(references.values()) == 1, references.most_common(3)
    numbers = {one.reference: one.number for one in arrived}
    ours = {one.number for one in complaints}
    assert len(ours) == len(complaints) == MANY
    assert {mark.partition("-")[0] for mark in references} <= ours, "what goes beside a request is somebody's"
    with services.unit_of_work() as tx:
        for one in complaints:
            request = tx.backend_requests.of_complaint(one.id)
            assert request is not None
            assert numbers.get(one.number) == (request.note_id if one.joined else request.request_id)
    too_late = [one for one in complaints if one.number not in numbers]
    assert len(too_late) < MANY / 100
    for one in too_late:
        assert _joined_what_was_done(one), f"{one.number} {one.status}\n" + _told_of(one)


def _joined_what_was_done(one: Complaint) -> bool:
    """It joined a problem whose work ended before the worker came to it, and has that answer: nobody needs a ticket.

    Or it was taken back before.
    """
    if one.status is Status.WITHDRAWN:
        return one.joined
    sent = next(change.at for change in one.history if change.after is Status.DISPATCHED)
    ended = next((change.at for change in one.history if change.after is Status.CLOSED), None)
    return one.joined and ended is not None and ended <= sent


def _told_of(one: Complaint) -> str:
    return "\n".join(f"{change.kind} by {change.actor} at {change.at}" for change in one.history)


def each_update_was_told_once(services: Services, clerks: Clerks) -> None:
    """What citizens and our own staff wanted told of requests, the department has heard: each key once."""
    told = Counter(key for _, key in clerks.told())
    with services.engine.connect() as db:
        rows = db.execute(select(t.outbox.c.payload).where(t.outbox.c.task == Task.UPDATE)).scalars()
        wanted = Counter(row["key"] for row in rows)
    assert told == wanted
    assert max(told.values()) == 1


def each_ended(services: Services, complaints: list[Complaint]) -> None:
    """In a state after which nobody has to do anything, with an incident that is over as well."""
    ended = Counter(one.status for one in complaints)
    print(dict(ended))
    left = [one for one in complaints if one.status in OPEN]
    assert not left, _told_of(left[0])
    assert set(ended) == {Status.CLOSED, Status.RATED, Status.WITHDRAWN}
    now = services.clock()
    with services.unit_of_work() as tx:
        for one in complaints:
            feedback = tx.feedbacks.of_complaint(one.id)
            if one.status is Status.CLOSED:
                assert feedback and feedback.expires_at <= now and feedback.closure == one.history[-1].sequence


def each_closure_was_told_once(services: Services, complaints: list[Complaint]) -> None:
    """In the words for it, which name the ticket and what was done, in the order in which they came."""
    said: dict[str, list[str]] = {}
    with services.engine.connect() as db:
        lines = select(t.lines.c.conversation_id, t.lines.c.body).where(t.lines.c.sender == Sender.NOTICE)
        for conversation_id, body in db.execute(lines.order_by(t.lines.c.id)):
            said.setdefault(conversation_id, []).append(body["text"])
    closures = 0
    for one in complaints:
        changes = [change for change in one.history if change.after is Status.CLOSED is not change.before]
        wanted = [bubble.text for change in changes if (bubble := services.notifying.bubble(one, change))]
        assert len(set(wanted)) == len(changes)
        assert [text for text in said.get(one.conversation_id, ()) if text in wanted] == wanted, one.number
        closures += len(changes)
    assert closures > MANY * 0.9


def the_silent_were_reminded_once(services: Services, citizens: Citizens) -> None:
    with services.engine.connect() as db:
        rows = db.execute(select(t.outbox.c.complaint_id, t.outbox.c.payload).where(t.outbox.c.task == Task.NOTICE))
        reminded = Counter((row.complaint_id, row.payload["round"]) for row in rows if "say" in row.payload)
    silent = {key for key, mood in citizens.moods.items() if mood == SILENT}
    assert silent and max(reminded.values()) == 1
    with services.unit_of_work() as tx:
        for complaint_id, number in silent:
            later = tx.feedbacks.get(complaint_id, number + 1)
            assert reminded[complaint_id, number] == 1 or later, (complaint_id, number)


def nothing_is_left_to_do(services: Services, clerks: Clerks, complaints: list[Complaint]) -> None:
    by_id = {one.id: one for one in complaints}
    with services.unit_of_work() as tx:
        assert not tx.warnings.standing()
    with services.engine.connect() as db:
        undone = db.execute(select(t.outbox).where(t.outbox.c.state != RowState.DONE)).all()
        assert not undone, "\n".join(f"{row}\n{_told_of(by_id[row.complaint_id])}" for row in undone)
        left = db.execute(select(timers.c.kind, timers.c.next_at)).all()
        assert {row.kind for row in left} == set(services.timing.daily)
        assert all(row.next_at > services.clock() for row in left)
        running = db.execute(select(func.count()).where(deadlines.c.stopped_at.is_(None))).scalar_one()
        waiting = db.execute(select(t.backend_requests).where(t.backend_requests.c.open)).all()
        open_ = db.execute(select(func.count()).where(t.incidents.c.closed_at.is_(None))).scalar_one()
    assert not waiting, "\n".join(f"{row}\n{_told_of(by_id[row.complaint_id])}" for row in waiting)
    assert (running, open_) == (0, 0)
    assert clerks.undelivered_at() is None


def no_phone_went_out_without_consent(citizens: Citizens, clerks: Clerks) -> None:
    """The department has the phone of those who gave it; of the others it has none, wherever they said it."""
    phones = {one.complaint.number: one.phone for one in citizens.reports}
    for one in clerks.arrived():
        ours, _, mark = one.reference.partition("-")
        assert one.phone == (None if mark else phones[ours]), one
    found = set(re.findall(r"(?<![0-9a-f])1[3-9]\d{9}(?![0-9a-f])", clerks.everything()))
    assert found
    assert found <= {phone for phone in phones.values() if phone}
