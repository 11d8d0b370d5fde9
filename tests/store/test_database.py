"""The unit of work: all of it or nothing, by several at once, and what happens when the database is away."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, func, inspect, select
from sqlalchemy.exc import DBAPIError

from integrations.services.errors import Conflict, TryLater
from integrations.services.ports import UnitOfWork
from integrations.services.records import (
    BackendRequest,
    Complaint,
    Conversation,
    Hearing,
    Sender,
    Task,
)
from integrations.services.satisfaction_records import Feedback
from integrations.settings import Settings
from integrations.store import database
from integrations.store import tables as t
from kb.lifecycle import Status, move
from kb.matching import OpenIncident
from kb.places import Place
from tests import keys
from tests.fakes import SATURDAY

AT = SATURDAY
PLACE = Place("合肥路688号", district="市北区", road="合肥路", lat=36.1, lon=120.4, crs="GCJ-02", confidence=0.5)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = database.connect(settings.sql_url)
    yield engine
    engine.dispose()


@pytest.fixture
def unit_of_work(engine: Engine) -> UnitOfWork:
    return database.unit_of_work(engine, keys.sealer)


@pytest.fixture
def mine(unit_of_work: UnitOfWork) -> Conversation:
    with unit_of_work() as tx:
        return tx.conversations.open(channel="web", address="citizen-1", now=AT)


def test_a_new_file_that_another_process_is_writing_is_waited_for(tmp_path: Path) -> None:
    # the switch to a write-ahead log does not wait by itself
    file = tmp_path / "new.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE made_by_another (x)")
    done = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    done.start()

    engine = database.connect(f"sqlite:///{file}")
    with engine.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert inspect(connection).get_table_names() == ["made_by_another"]
    engine.dispose()
    done.join()
    other.close()


def complaint_of(mine: Conversation, nth: int = 1, **changes: object) -> Complaint:
    values = {
        "id": f"complaint-{nth}",
        "number": f"10000000000{nth}",
        "draft_id": f"draft-{nth}",
        "conversation_id": mine.id,
        "citizen_id": mine.citizen_id,
        "incident_id": "incident-1",
        "description": "路灯坏了\n😀 <b>'; DROP TABLE lines; --",
        "category": "410102",
        "category_confidence": 0.9,
        "place": PLACE,
        "since": "三天了",
        "anonymous": False,
        "filed_at": AT,
        "due_at": AT + timedelta(days=1),
        "history": (move(None, Status.FILED, at=AT, actor="citizen"),),
    }
    return Complaint(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def complaint(unit_of_work: UnitOfWork, mine: Conversation) -> Complaint:
    made = complaint_of(mine)
    with unit_of_work() as tx:
        tx.incidents.add(OpenIncident("incident-1", "410102", PLACE, "路灯坏了", AT, AT, 1))
        tx.complaints.add(made, "13812345678")
    return made


def together(work: Callable[[int], object], workers: int) -> list[Exception]:
    """Run `work` with 0, 1, … in as many threads at once; gives what went wrong."""
    barrier, errors = threading.Barrier(workers), []

    def one(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is shown by the test
            errors.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


# -- the unit of work --------------------------------------------------------------------------------------------


# -- who only reads waits for nobody; who writes waits in line -----------------------------------------------------


def test_who_reads_waits_for_no_writer_and_sees_one_moment(engine: Engine, unit_of_work: UnitOfWork) -> None:
    reading = database.reading(engine)
    with unit_of_work() as writer:
        mine = writer.conversations.open(channel="web", address="citizen-1", now=AT).id
        with reading() as reader:
            assert reader.conversations.get(mine) is None
    with reading() as reader:
        assert reader.conversations.get(mine) is not None


def test_who_said_they_only_read_cannot_write(engine: Engine, unit_of_work: UnitOfWork) -> None:
    with pytest.raises((TryLater, DBAPIError)), database.reading(engine)() as reader:
        reader.conversations.open(channel="web", address="citizen-1", now=AT)
    # and the connection is as good as before
    with unit_of_work() as writer:
        assert writer.conversations.open(channel="web", address="citizen-1", now=AT)


def test_many_writers_of_several_processes_all_have_their_turn(settings: Settings) -> None:
    if not settings.sql_url.startswith("sqlite"):
        pytest.skip("only SQLite has one writer at a time")
    # each engine stands for a process: they share nothing but the file
    doors = [database.unit_of_work(database.connect(settings.sql_url)) for _ in range(3)]
    written: list[str] = []

    def write(nth: int) -> None:
        for again in range(10):
            with doors[nth % 3]() as tx:
                written.append(tx.conversations.open(channel="web", address=f"citizen-{nth}-{again}", now=AT).id)

    threads = [threading.Thread(target=write, args=(nth,)) for nth in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(set(written)) == 120
    with doors[0]() as tx:
        assert all(tx.conversations.get(one) for one in written)


def test_a_lock_that_is_never_given_back_is_to_be_tried_later(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not settings.sql_url.startswith("sqlite"):
        pytest.skip("PostgreSQL has a lock_timeout")
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.3)
    hanging, other = (database.unit_of_work(database.connect(settings.sql_url)) for _ in range(2))
    with hanging():
        began = time.monotonic()
        with pytest.raises(TryLater, match="locked"), other():
            pass
    assert time.monotonic() - began < 5
    with other() as tx:
        assert tx.conversations.open(channel="web", address="citizen-1", now=AT)


def test_an_exception_rolls_everything_back(unit_of_work: UnitOfWork, mine: Conversation) -> None:
    with pytest.raises(RuntimeError), unit_of_work() as tx:
        tx.conversations.append(mine.id, sender=Sender.CITIZEN, body={"text": "x"}, at=AT)
        tx.handovers.add(mine.id, {}, AT)
        raise RuntimeError

    with unit_of_work() as tx:
        assert tx.conversations.lines(mine.id) == []
        assert tx.conversations.last_seq(mine.id) == 0
        assert tx.handovers.waiting() == []


def test_what_is_not_committed_is_seen_by_nobody(
    unit_of_work: UnitOfWork, mine: Conversation, engine: Engine, settings: Settings
) -> None:
    other = create_engine(settings.sql_url)
    with unit_of_work() as tx:
        tx.conversations.append(mine.id, sender=Sender.CITIZEN, body={"text": "x"}, at=AT)
        with other.connect() as connection:
            assert connection.execute(select(func.count()).select_from(t.lines)).scalar() == 0
    other.dispose()


@pytest.mark.parametrize("where", ["sqlite:////nowhere/at/all/jiesu.db", "postgresql+psycopg://nobody@127.0.0.1:1/x"])
def test_a_database_that_is_away_is_to_be_tried_later(where: str) -> None:
    away = database.unit_of_work(database.connect(where))

    with pytest.raises(TryLater), away() as tx:
        tx.outbox.counts()


def test_a_database_without_tables_is_to_be_tried_later(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path / 'empty.db'}")

    with pytest.raises(TryLater), database.unit_of_work(engine)() as tx:
        tx.outbox.counts()
    engine.dispose()


# -- times -------------------------------------------------------------------------------------------------------


def test_a_time_without_a_zone_is_refused(unit_of_work: UnitOfWork, mine: Conversation) -> None:
    with pytest.raises(Exception, match="a time without a zone"), unit_of_work() as tx:
        tx.handovers.add(mine.id, {}, datetime(2026, 11, 21, 10, 0))

    with unit_of_work() as tx:
        assert tx.handovers.waiting() == []


def test_times_come_back_as_the_same_moment(unit_of_work: UnitOfWork, complaint: Complaint) -> None:
    with unit_of_work() as tx:
        stored = tx.complaints.get(complaint.id)

    assert stored is not None
    assert stored.filed_at == AT
    assert stored.filed_at.utcoffset() == timedelta(0)


# -- conversations -----------------------------------------------------------------------------------------------


def test_lines_written_by_eight_threads_are_numbered_without_gaps(unit_of_work: UnitOfWork, mine: Conversation) -> None:
    def write(number: int) -> None:
        for line in range(5):
            with unit_of_work() as tx:
                tx.conversations.append(
                    mine.id, sender=Sender.CITIZEN, body={"text": "x"}, at=AT, client_id=f"{number}-{line}"
                )

    assert together(write, 8) == []
    with unit_of_work() as tx:
        assert [line.seq for line in tx.conversations.lines(mine.id)] == list(range(1, 41))
        assert tx.conversations.last_seq(mine.id) == 40


def test_one_client_id_written_by_eight_threads_is_one_line_without_a_gap(
    unit_of_work: UnitOfWork, mine: Conversation
) -> None:
    def write(number: int) -> None:
        with unit_of_work() as tx:
            tx.conversations.append(mine.id, sender=Sender.CITIZEN, body={"text": "x"}, at=AT, client_id="same")
        with unit_of_work() as tx:
            tx.conversations.append(mine.id, sender=Sender.CITIZEN, body={"text": "x"}, at=AT, client_id=f"{number}")

    assert together(write, 8) == []
    with unit_of_work() as tx:
        assert [line.seq for line in tx.conversations.lines(mine.id)] == list(range(1, 10))


def test_a_conversation_opened_by_eight_threads_is_one(unit_of_work: UnitOfWork) -> None:
    found: set[str] = set()

    def open_it(_number: int) -> None:
        with unit_of_work() as tx:
            found.add(tx.conversations.open(channel="web", address="citizen-9", now=AT).id)

    assert together(open_it, 8) == []
    assert len(found) == 1


def test_the_same_address_on_another_channel_is_another_citizen(unit_of_work: UnitOfWork, mine: Conversation) -> None:
    with unit_of_work() as tx:
        other = tx.conversations.open(channel="terminal", address=mine.address, now=AT)

    assert other.citizen_id != mine.citizen_id


def test_a_line_is_settled_once(unit_of_work: UnitOfWork, mine: Conversation) -> None:
    with unit_of_work() as tx:
        line = tx.conversations.append(mine.id, sender=Sender.CITIZEN, body={"text": "x"}, at=AT, state=Hearing.PENDING)
        assert tx.conversations.settle(mine.id, [line.seq], Hearing.ANSWERED) is True
        assert tx.conversations.settle(mine.id, [line.seq], Hearing.FAILED) is False
        assert tx.conversations.pending(mine.id) == []


def test_history_is_read_in_pages(unit_of_work: UnitOfWork, mine: Conversation) -> None:
    with unit_of_work() as tx:
        for _ in range(250):
            tx.conversations.append(mine.id, sender=Sender.CITIZEN, body={"text": "x"}, at=AT)
        first = tx.conversations.lines(mine.id)
        rest = tx.conversations.lines(mine.id, after=first[-1].seq)

    assert [line.seq for line in (*first, *rest)] == list(range(1, 251))


# -- complaints --------------------------------------------------------------------------------------------------


def test_a_complaint_comes_back_as_it_was_filed(unit_of_work: UnitOfWork, complaint: Complaint) -> None:
    with unit_of_work() as tx:
        stored = tx.complaints.by_number(complaint.number)
        phone = tx.complaints.phone(complaint.id)

    assert stored == complaint
    assert stored is not None
    assert stored.history == complaint.history
    assert phone == "13812345678"


@pytest.mark.parametrize("same", ["draft_id", "number"])
def test_a_second_complaint_of_one_draft_or_number_is_a_conflict_that_may_be_tried_again(
    unit_of_work: UnitOfWork, mine: Conversation, complaint: Complaint, same: str
) -> None:
    """`intake.submit` reads again and decides anew, but only after a Conflict."""
    second = complaint_of(mine, 2, **{same: getattr(complaint, same)})

    with pytest.raises(Conflict), unit_of_work() as tx:
        tx.complaints.add(second, None)


def test_a_history_entry_is_written_once_and_the_rest_of_the_transaction_can_go_on(
    unit_of_work: UnitOfWork, complaint: Complaint
) -> None:
    change = move(complaint.latest, Status.DISPATCHED, at=AT, actor="dispatch")
    with unit_of_work() as tx:
        tx.complaints.append(complaint.id, change)
        with pytest.raises(Conflict):
            tx.complaints.append(complaint.id, change)
        tx.outbox.add(Task.NOTICE, complaint.id, {}, at=AT)

    with unit_of_work() as tx:
        stored = tx.complaints.get(complaint.id)
        assert tx.outbox.counts() == {"ready": 1}
    assert stored is not None
    assert stored.status is Status.DISPATCHED


def test_incidents_of_another_district_or_branch_or_already_closed_are_not_near(unit_of_work: UnitOfWork) -> None:
    elsewhere, nowhere = Place("x", district="李沧区"), Place("x")
    with unit_of_work() as tx:
        for name, category, place in (
            ("here", "410102", PLACE),
            ("elsewhere", "410102", elsewhere),
            ("nowhere", "410102", nowhere),
            ("other branch", "310101", PLACE),
            ("closed", "410102", PLACE),
        ):
            tx.incidents.add(OpenIncident(name, category, place, "x", AT, AT, 1))
        tx.incidents.close("closed", AT)

        assert {one.id for one in tx.incidents.near(level1="41", district="市北区")} == {"here", "nowhere"}
        assert {one.id for one in tx.incidents.near(level1="41", district=None)} == {"here", "nowhere", "elsewhere"}


def test_the_latest_open_question_after_closure_is_found(unit_of_work: UnitOfWork, complaint: Complaint) -> None:
    with unit_of_work() as tx:
        tx.feedbacks.open(Feedback(complaint.id, complaint.conversation_id, AT, AT + timedelta(days=14)))
        conversation = tx.conversations.get(complaint.conversation_id)
        assert conversation is not None

        assert tx.feedbacks.latest_open(conversation.citizen_id, AT) is not None
        assert tx.feedbacks.latest_open(conversation.citizen_id, AT + timedelta(days=14)) is None
        assert tx.feedbacks.latest_open("somebody else", AT) is None


# -- the outbox --------------------------------------------------------------------------------------------------


def test_workers_at_once_never_get_the_same_row(unit_of_work: UnitOfWork, complaint: Complaint) -> None:
    with unit_of_work() as tx:
        for _ in range(24):
            tx.outbox.add(Task.NOTICE, complaint.id, {}, at=AT)
    claimed: list[int] = []

    def work(number: int) -> None:
        while True:
            with unit_of_work() as tx:
                row = tx.outbox.claim(worker=f"worker-{number}", now=AT, lease_seconds=60)
            if row is None:
                return
            claimed.append(row.id)

    assert together(work, 4) == []
    assert len(claimed) == len(set(claimed)) == 24


def test_rows_are_claimed_oldest_first_and_not_before_their_time(
    unit_of_work: UnitOfWork, complaint: Complaint
) -> None:
    with unit_of_work() as tx:
        tx.outbox.add(Task.NOTICE, complaint.id, {"n": 1}, at=AT + timedelta(hours=1))
        tx.outbox.add(Task.NOTICE, complaint.id, {"n": 2}, at=AT)
        tx.outbox.add(Task.NOTICE, complaint.id, {"n": 3}, at=AT)

        claimed = [tx.outbox.claim(worker="w", now=AT, lease_seconds=60) for _ in range(3)]

    assert [row and row.payload["n"] for row in claimed] == [2, 3, None]


@pytest.mark.parametrize("what", ["done", "later", "stuck"])
def test_only_the_holder_of_a_claim_may_settle_it(unit_of_work: UnitOfWork, complaint: Complaint, what: str) -> None:
    with unit_of_work() as tx:
        tx.outbox.add(Task.NOTICE, complaint.id, {}, at=AT)
    with unit_of_work() as tx:
        old = tx.outbox.claim(worker="same-name", now=AT, lease_seconds=1)
    with unit_of_work() as tx:
        new = tx.outbox.claim(worker="same-name", now=AT + timedelta(seconds=2), lease_seconds=60)
    assert old is not None
    assert new is not None
    assert (old.attempts, new.attempts) == (1, 2)

    with unit_of_work() as tx:
        if what == "done":
            assert tx.outbox.done(old, AT) is False
        elif what == "later":
            tx.outbox.later(old, at=AT, error="x")
        else:
            tx.outbox.stuck(old, "x")
        assert tx.outbox.counts() == {"claimed": 1}
        assert tx.outbox.done(new, AT) is True


def test_updates_advance_one_after_the_other(unit_of_work: UnitOfWork, complaint: Complaint) -> None:
    with unit_of_work() as tx:
        tx.backend_requests.add(BackendRequest(complaint.id, "DC-1", AT))
    won: list[bool] = []

    def advance(_number: int) -> None:
        with unit_of_work() as tx:
            won.append(tx.backend_requests.advance(complaint.id, since=0, to=1))

    assert together(advance, 6) == []
    assert sorted(won) == [False] * 5 + [True]
