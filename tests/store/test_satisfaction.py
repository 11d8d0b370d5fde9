"""Rounds, re-checks, ledger and surveys in the store: old rows, races, the same on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.rating import NothingToRate, Question
from integrations.services.satisfaction_records import Cause, Feedback
from integrations.store import database
from integrations.store.repositories import Repositories
from kb.lifecycle import Status
from kb.satisfaction.levels import Level
from kb.satisfaction.rechecks import Decision, State
from tests import stores
from tests.builders import conversation, dispatched, read
from tests.fakes import FakeDispatcher
from tests.services.test_satisfaction import close, rechecks, rounds, verdict

AT = datetime(2026, 11, 20, 2, tzinfo=UTC)
OLD = {
    # id: solved, satisfied, contacted, reason, finished
    "silent": (None, None, None, None, False),
    "half": (True, None, None, None, False),
    "good": (True, True, True, None, True),
    "bad": (False, False, False, "没人来", True),
    "unsaid": (False, False, False, "未说明", True),
}


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Engine]:
    """A database of the version before, with a feedback of each kind."""
    with stores.database_url(tmp_path) as url:
        engine = database.connect(url)
        database.migrate(engine, "0004_known_issues")
        with engine.begin() as db:
            _write(db)
        yield engine
        engine.dispose()


def _write(db: Any) -> None:
    at = {"at": "2026-11-20 02:00:00", "end": "2026-12-04 02:00:00", "no": False}
    for statement in (
        "INSERT INTO citizens (id, created_at) VALUES ('z', :at)",
        "INSERT INTO conversations (id, channel, address, citizen_id, last_seq, created_at) "
        "VALUES ('v', 'web', 'a', 'z', 0, :at)",
        "INSERT INTO incidents (id, category, level1, summary, opened_at, last_report_at, survivor_id) "
        "VALUES ('i', '410101', '41', 's', :at, :at, 'i')",
    ):
        db.execute(text(statement), at)
    for number, (name, (solved, satisfied, contacted, reason, finished)) in enumerate(OLD.items()):
        db.execute(
            text(
                "INSERT INTO complaints (id, number, draft_id, conversation_id, citizen_id, incident_id, description, "
                "category, category_confidence, anonymous, joined, filed_at, due_at) "
                "VALUES (:id, :number, :id, 'v', 'z', 'i', 's', '410101', 0.9, :no, :no, :at, :at)"
            ),
            {**at, "id": name, "number": str(number)},
        )
        for sequence, after in enumerate(["filed", "closed", *(["rated"] if finished else [])], 1):
            db.execute(
                text(
                    "INSERT INTO status_changes (complaint_id, sequence, after, actor, at) "
                    "VALUES (:id, :sequence, :after, 'department', :at)"
                ),
                {**at, "id": name, "sequence": sequence, "after": after},
            )
        db.execute(
            text(
                "INSERT INTO feedbacks (complaint_id, conversation_id, solved, satisfied, contacted, reason, "
                "opened_at, expires_at, finished_at) "
                "VALUES (:id, 'v', :solved, :satisfied, :contacted, :reason, :at, :end, :finished)"
            ),
            {
                **at,
                "id": name,
                "solved": solved,
                "satisfied": satisfied,
                "contacted": contacted,
                "reason": reason,
                "finished": at["at"] if finished else None,
            },
        )


def test_what_was_said_before_is_the_first_round(old: Engine) -> None:
    database.migrate(old)
    with old.begin() as db:
        tx = Repositories(db)
        kept = {name: tx.feedbacks.of_complaint(name) for name in OLD}
        timers = {(one.kind, one.subject, one.at) for one in tx.timers.list(limit=1000) if "feedback" in one.kind}

    assert all(one and (one.round, one.closure) == (1, 2) for one in kept.values())
    said = {name: (one.solved, one.level, one.contacted, one.words) for name, one in kept.items() if one}
    assert said == {
        "silent": (None, None, None, None),
        "half": (True, None, None, None),
        "good": (True, Level.SATISFIED, True, None),
        "bad": (False, Level.DISSATISFIED, False, "没人来"),
        "unsaid": (False, Level.DISSATISFIED, False, ""),
    }
    assert {name for name, one in kept.items() if one and one.finished_at and one.decided_at} == {
        "good",
        "bad",
        "unsaid",
    }
    assert timers == {
        (kind, f"{name}:1", at)
        for name in ("silent", "half")
        for kind, at in (("feedback_reminder", AT + timedelta(days=7)), ("feedback_end", AT + timedelta(days=14)))
    }


def test_the_way_back_keeps_what_was_said(old: Engine) -> None:
    with old.begin() as db:
        before = db.execute(text("SELECT * FROM feedbacks ORDER BY complaint_id")).all()
    database.migrate(old)
    config = database._config()
    with old.begin() as db:
        from alembic import command

        config.attributes["connection"] = db
        command.downgrade(config, "0007_history")
    with old.begin() as db:
        columns = (
            "complaint_id, conversation_id, solved, satisfied, contacted, reason, opened_at, expires_at, finished_at"
        )
        after = db.execute(text(f"SELECT {columns} FROM feedbacks ORDER BY complaint_id")).all()
        assert db.execute(text("SELECT count(*) FROM timers WHERE kind LIKE 'feedback%'")).scalar() == 0
    assert len(after) == len(before) == len(OLD)
    assert [(row[0], row[2:6]) for row in after] == [(row[0], row[2:6]) for row in before]


# -- at once -----------------------------------------------------------------------------------------------------


def _at_once(work: Callable[[int], Any], threads: int = 8) -> list[Any]:
    """What became of the work in each thread: its value, or the error."""
    barrier, done = threading.Barrier(threads), [None] * threads

    def run(number: int) -> None:
        barrier.wait()
        try:
            done[number] = work(number)
        except Exception as error:  # noqa: BLE001 - shown by the test
            done[number] = error  # type: ignore[call-overload]

    started = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return done


@pytest.fixture
def closed(services: Services, dispatcher: FakeDispatcher) -> Any:
    complaint, request = dispatched(services)
    close(services, dispatcher, request)
    return read(services, complaint)


def test_a_closure_seen_by_many_processes_opens_one_round(services: Services, closed: Any) -> None:
    with services.unit_of_work() as tx:
        first = tx.feedbacks.of_complaint(closed.id)
    assert first is not None

    def again(number: int) -> bool:
        with services.unit_of_work() as tx:
            return tx.feedbacks.open(replace(first, round=first.round + number % 2, closure=first.closure))

    assert _at_once(again) == [False] * 8
    assert len(rounds(services, closed)) == 1


def test_the_last_answer_tapped_many_times_at_once_opens_one_recheck(services: Services, closed: Any) -> None:
    at = conversation(services).id
    for question, value in ((Question.SOLVED, False), (Question.SATISFIED, Level.DISSATISFIED)):
        services.rating.answer(at, closed.number, question, value)
    services.rating.answer(at, closed.number, Question.CONTACTED, False)

    results = _at_once(lambda _: services.rating.answer(at, closed.number, Question.REASON, None))

    assert sum(isinstance(one, NothingToRate) for one in results) == 7, results
    assert len(rechecks(services, closed)) == 1
    assert read(services, closed).status is Status.RECHECKING


def test_clerks_who_decide_at_once_decide_once(services: Services, closed: Any) -> None:
    verdict(services, closed.number, Level.DISSATISFIED)
    decision = Decision(State.ENDED, "王芳", "没法办到")

    results = _at_once(lambda number: services.rechecking.decide(closed.number, replace(decision, by=f"王{number}")))

    assert sum(isinstance(one, Rejected) for one in results) == 7, results
    assert [one.state for one in rechecks(services, closed)] == [State.ENDED]


def test_an_incident_is_put_on_the_ledger_once_by_many_at_once(services: Services, closed: Any) -> None:
    def put(_: int) -> Any:
        with services.unit_of_work() as tx:
            return services.ledger.dissatisfied(tx, closed.incident_id, services.clock(), "again")

    results = _at_once(put)

    assert not [one for one in results if isinstance(one, Exception)], results
    assert sum(one is not None for one in results) == 1
    (entry,) = services.ledger.entries()
    assert entry.cause is Cause.DISSATISFIED


def test_a_reminder_is_due_to_one_worker(services: Services, closed: Any) -> None:
    def remind(_: int) -> Any:
        with services.unit_of_work() as tx:
            return tx.feedbacks.remind(closed.id, 1, services.clock())

    assert sorted(_at_once(remind)) == [False] * 7 + [True]


def test_a_round_kept_is_the_round_read(services: Services, closed: Any) -> None:
    now = services.clock()
    with services.unit_of_work() as tx:
        known = tx.feedbacks.get(closed.id, 1)
        assert known is not None
        said = replace(
            known, solved=False, level=Level.BASICALLY, contacted=True, reasons=("slow",), words="慢", media=False,
            decided_at=now, finished_at=now,
        )  # fmt: skip
        tx.feedbacks.save(said)
    with services.unit_of_work() as tx:
        assert tx.feedbacks.get(closed.id, 1) == said
        assert tx.feedbacks.get(closed.id, 2) is None
        assert tx.feedbacks.latest_open(closed.citizen_id, now) is None
        tx.feedbacks.save(Feedback(closed.id, closed.conversation_id, now, now, reasons=()))
        kept = tx.feedbacks.get(closed.id, 1)
        assert kept is not None and kept.reasons == (), "no reason is not the same as not asked"
