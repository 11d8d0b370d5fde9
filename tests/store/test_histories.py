"""Histories in the store: sealed as they are written, and whatever is done to them by SQL is found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from integrations.services.auditing import Auditing
from integrations.services.errors import Conflict, Rejected
from integrations.services.moving import Moving
from integrations.services.ports import UnitOfWork
from integrations.services.records import Complaint, Conversation
from integrations.store import database
from kb.history import Anchor, Broken
from kb.lifecycle import Move, Status, StatusChange, move
from kb.matching import OpenIncident
from tests import stores
from tests.store.test_database import AT, PLACE, complaint_of, together
from tests.store.test_database import engine as engine
from tests.store.test_database import mine as mine
from tests.store.test_database import unit_of_work as unit_of_work


@pytest.fixture
def complaint(unit_of_work: UnitOfWork, mine: Conversation) -> Complaint:
    made = complaint_of(mine)
    with unit_of_work() as tx:
        tx.incidents.add(OpenIncident("incident-1", "410102", PLACE, "路灯坏了", AT, AT, 1))
        tx.complaints.add(made, None)
    return made


@pytest.fixture
def auditing(unit_of_work: UnitOfWork) -> Auditing:
    return Auditing(unit_of_work=unit_of_work, clock=lambda: AT, at_once=2)


STORY = (
    (Move.DISPATCHED, "dispatch", {}),
    (Move.ASSIGNED, "department", {"unit": "照明三班"}),
    (Move.EXTENDED, "department", {"note": "等材料", "due_at": AT + timedelta(days=9)}),
    (Move.ANSWERED, "department:李工", {"note": "联系王先生13812345678", "photos": ("p1.jpg", "p2.jpg")}),
    (Move.CLOSED, "department:李工", {"note": "修好了"}),
)


def told(unit_of_work: UnitOfWork, complaint: Complaint) -> Complaint:
    """The complaint with a whole story."""
    moving = Moving(clock=lambda: AT)
    with unit_of_work() as tx:
        for what, actor, carries in STORY:
            complaint = moving.make(tx, complaint, what, actor=actor, **carries)  # type: ignore[arg-type]
    return complaint


@pytest.fixture
def story(unit_of_work: UnitOfWork, complaint: Complaint) -> Complaint:
    return told(unit_of_work, complaint)


def sql(engine: Engine, statement: str) -> int:
    """What somebody does past the program; gives how many rows it met."""
    with engine.begin() as connection:
        return connection.execute(text(statement)).rowcount


def broken(auditing: Auditing, anchor: Anchor | None = None) -> list[tuple[int, str]]:
    return [(one.sequence, one.why) for one in auditing.audit(anchor).broken]


# -- writing -----------------------------------------------------------------------------------------------------


def test_every_field_of_an_entry_comes_back(unit_of_work: UnitOfWork, story: Complaint) -> None:
    with unit_of_work() as tx:
        read = tx.complaints.get(story.id)
    assert read is not None
    assert read.history == story.history
    assert read.due_at == AT + timedelta(days=9)
    assert read.history[4].photos == ("p1.jpg", "p2.jpg")
    assert read.history[3].due_at == AT + timedelta(days=9)
    assert all(one.hash.startswith("1:") for one in read.history)
    assert len({one.hash for one in read.history}) == len(read.history)


def test_what_was_written_is_whole(auditing: Auditing, story: Complaint) -> None:
    found = auditing.audit()
    assert (found.chains, found.entries, found.whole) == (1, len(STORY) + 1, True)


def test_an_entry_that_leaves_a_gap_is_refused(unit_of_work: UnitOfWork, complaint: Complaint) -> None:
    gap = StatusChange(3, Status.FILED, Status.DISPATCHED, AT, "dispatch")
    with pytest.raises(Conflict), unit_of_work() as tx:
        tx.complaints.append(complaint.id, gap)
    with unit_of_work() as tx:
        assert len(tx.complaints.get(complaint.id).history) == 1  # type: ignore[union-attr]


def test_of_many_who_append_at_once_one_does_and_the_chain_is_whole(
    unit_of_work: UnitOfWork, complaint: Complaint, auditing: Auditing
) -> None:
    change = move(complaint.latest, Status.DISPATCHED, at=AT, actor="dispatch")

    def append(_: int) -> None:
        with unit_of_work() as tx:
            tx.complaints.append(complaint.id, change)

    errors = together(append, 8)

    assert [type(one) for one in errors] == [Conflict] * 7
    found = auditing.audit()
    assert (found.entries, found.whole) == (2, True)


def test_a_move_that_is_undone_leaves_nothing_behind(
    unit_of_work: UnitOfWork, complaint: Complaint, auditing: Auditing
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("a listener fails")

    moving = Moving(clock=lambda: AT, after=(refuse,))
    with pytest.raises(RuntimeError), unit_of_work() as tx:
        moving.make(tx, complaint, Status.DISPATCHED, actor="dispatch")

    found = auditing.audit()
    assert (found.entries, found.whole) == (1, True)


# -- tampering ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "sequence"),
    [
        ("unit = '别的班' WHERE sequence = 3", 3),
        ("unit = NULL WHERE sequence = 3", 3),
        ("note = '当天修好' WHERE sequence = 6", 6),
        ("note = NULL WHERE sequence = 6", 6),
        ("note = '加上的话' WHERE sequence = 2", 2),
        ("photos = NULL WHERE sequence = 5", 5),
        ("photos = '[\"other.jpg\"]' WHERE sequence = 5", 5),
        ("note = NULL, photos = NULL, salt = NULL WHERE sequence = 5", 5),
        ("actor = 'citizen' WHERE sequence = 4", 4),
        ("after = 'rated' WHERE sequence = 6", 6),
        ("before = 'accepted' WHERE sequence = 3", 3),
        ("move = 'closed' WHERE sequence = 4", 4),
        ("due_at = '2027-01-01 00:00:00' WHERE sequence = 4", 4),
        ("at = '2026-01-01 00:00:00' WHERE sequence = 1", 1),
        ("solved = (1 = 1) WHERE sequence = 6", 6),
        ("digest = NULL WHERE sequence = 6", 6),
        ("salt = '00' WHERE sequence = 6", 6),
        ("hash = '' WHERE sequence = 2", 2),
        ("hash = (SELECT hash FROM status_changes WHERE sequence = 1) WHERE sequence = 2", 2),
        ("sequence = 7 WHERE sequence = 6", 6),
    ],
)
def test_an_update_by_sql_is_found_at_its_entry(
    engine: Engine, auditing: Auditing, story: Complaint, change: str, sequence: int
) -> None:
    assert sql(engine, f"UPDATE status_changes SET {change}") == 1
    found = broken(auditing)
    assert [one for one, _ in found] == [sequence]


@pytest.mark.parametrize("sequence", range(1, len(STORY) + 2))
def test_a_delete_by_sql_is_found_at_its_entry_the_last_one_too(
    engine: Engine, auditing: Auditing, story: Complaint, sequence: int
) -> None:
    assert sql(engine, f"DELETE FROM status_changes WHERE sequence = {sequence}") == 1
    assert broken(auditing) == [(sequence, "is missing")]


def test_deleting_the_whole_history_is_found(engine: Engine, auditing: Auditing, story: Complaint) -> None:
    sql(engine, "DELETE FROM status_changes")
    assert broken(auditing) == [(1, "is missing")]


def test_a_cut_that_also_sets_the_count_back_is_found_by_an_anchor_only(
    engine: Engine, auditing: Auditing, story: Complaint
) -> None:
    anchor = auditing.anchor()
    sql(engine, "DELETE FROM status_changes WHERE sequence > 4")
    sql(engine, "UPDATE complaints SET entries = 4")
    assert broken(auditing) == []
    assert [one for one, _ in broken(auditing, anchor)] == [5]


def test_a_complaint_that_is_gone_whole_is_found_by_an_anchor_only(
    engine: Engine, auditing: Auditing, story: Complaint
) -> None:
    anchor = auditing.anchor()
    for table in ("status_changes", "outbox", "complaints"):
        sql(engine, f"DELETE FROM {table}")
    assert broken(auditing) == []
    assert broken(auditing, anchor) == [(0, "it is gone whole; the anchor knows it")]


def test_a_chain_that_grew_since_the_anchor_is_whole(
    unit_of_work: UnitOfWork, complaint: Complaint, auditing: Auditing
) -> None:
    anchor = Anchor.read(auditing.anchor().text())
    told(unit_of_work, complaint)
    assert broken(auditing, anchor) == []


def test_no_anchor_is_made_of_a_broken_chain(engine: Engine, auditing: Auditing, story: Complaint) -> None:
    sql(engine, "UPDATE status_changes SET unit = '别的班' WHERE sequence = 3")
    with pytest.raises(Rejected, match=story.number):
        auditing.anchor()


def test_only_the_broken_ones_of_many_chains_are_named(
    engine: Engine, unit_of_work: UnitOfWork, story: Complaint, auditing: Auditing
) -> None:
    with unit_of_work() as tx:
        owner = tx.conversations.get(story.conversation_id)
        assert owner is not None
        for nth in range(2, 9):
            tx.complaints.add(complaint_of(owner, nth), None)
    sql(engine, "UPDATE status_changes SET actor = 'system' WHERE complaint_id IN ('complaint-3', 'complaint-7')")
    found = auditing.audit()
    assert found.chains == 8
    assert found.broken == tuple(
        Broken(f"complaint-{nth}", f"10000000000{nth}", 1, "was changed, or its hash was, or that before it")
        for nth in (3, 7)
    )


# -- erasing -----------------------------------------------------------------------------------------------------


def test_texts_are_erased_for_good_and_the_chain_stays_whole(
    engine: Engine, unit_of_work: UnitOfWork, story: Complaint, auditing: Auditing
) -> None:
    anchor = auditing.anchor()
    moving = Moving(clock=lambda: AT)
    with unit_of_work() as tx:
        moving.make(tx, story, Move.ERASED, actor="system", note="保存期限已过")
        assert tx.histories.erase_texts(story.id) == 3
        assert tx.histories.erase_texts(story.id) == 0, "twice is once"

    assert broken(auditing, anchor) == []
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT note, photos, salt FROM status_changes ORDER BY sequence")).all()
    assert [tuple(one) for one in rows[:-1]] == [(None, None, None)] * (len(STORY) + 1)
    assert rows[-1].note == "保存期限已过"


def test_nothing_is_erased_where_the_history_does_not_say_so(
    unit_of_work: UnitOfWork, story: Complaint, auditing: Auditing
) -> None:
    with unit_of_work() as tx:
        assert tx.histories.erase_texts(story.id) == 0
        assert tx.complaints.get(story.id).history[-1].note == "修好了"  # type: ignore[union-attr]


# -- histories that were there before ----------------------------------------------------------------------------


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Engine]:
    """A database of the version before, with histories in it."""
    with stores.database_url(tmp_path) as url:
        engine = database.connect(url)
        database.migrate(engine, "0006_dispatch")
        yield engine
        engine.dispose()


def fill(engine: Engine, complaints: int) -> None:
    moment = "2026-11-01 08:00:00.000250"
    with engine.begin() as connection:
        run = connection.exec_driver_sql
        run(f"INSERT INTO citizens (id, created_at) VALUES ('z', '{moment}')")
        run(
            "INSERT INTO conversations (id, channel, address, citizen_id, last_seq, created_at) "
            f"VALUES ('v', 'web', 'a', 'z', 0, '{moment}')"
        )
        run(
            "INSERT INTO incidents (id, category, level1, summary, opened_at, last_report_at) "
            f"VALUES ('i', '410102', '41', '灯', '{moment}', '{moment}')"
        )
        steps = (("NULL", "filed", "NULL"), ("'filed'", "dispatched", "NULL"), ("'dispatched'", "closed", "'修好了'"))
        for nth in range(complaints):
            run(
                "INSERT INTO complaints (id, number, draft_id, conversation_id, citizen_id, incident_id, description, "
                "category, category_confidence, anonymous, joined, filed_at, due_at) VALUES "
                f"('c{nth:05}', '{nth:012}', 'd{nth}', 'v', 'z', 'i', '灯', '410102', 1, false, false, "
                f"'{moment}', '{moment}')"
            )
            for sequence, (before, after, note) in enumerate(steps[: 1 + nth % 3], 1):
                run(
                    "INSERT INTO status_changes (complaint_id, sequence, before, after, actor, note, at) VALUES "
                    f"('c{nth:05}', {sequence}, {before}, '{after}', 'department', {note}, '{moment}')"
                )


def test_old_histories_get_their_chain_and_go_on_from_it(old: Engine) -> None:
    fill(old, 7)
    database.migrate(old, "0007_history")
    unit_of_work = database.unit_of_work(old)
    auditing = Auditing(unit_of_work=unit_of_work, clock=lambda: AT)

    found = auditing.audit()
    assert (found.chains, found.entries, found.broken) == (7, 13, ())
    with unit_of_work() as tx:
        tx.complaints.append("c00000", StatusChange(2, Status.FILED, Status.DISPATCHED, AT, "dispatch"))
    assert auditing.audit().whole
    sql(old, "UPDATE status_changes SET note = '没修' WHERE note = '修好了'")
    assert [one.complaint_id for one in auditing.audit().broken] == ["c00002", "c00005"]


def test_a_complaint_without_history_does_not_stop_the_migration(old: Engine) -> None:
    fill(old, 2)
    sql(old, "DELETE FROM status_changes WHERE complaint_id = 'c00001'")
    database.migrate(old, "0007_history")
    auditing = Auditing(unit_of_work=database.unit_of_work(old), clock=lambda: AT)
    assert broken(auditing) == [(0, "it has no history")]


def test_the_way_back_keeps_every_entry_in_words_that_the_version_before_knows(old: Engine) -> None:
    fill(old, 1)
    database.migrate(old, "0007_history")
    with database.unit_of_work(old)() as tx:
        tx.complaints.append("c00000", StatusChange(2, Status.FILED, Status.WITHDRAWN, AT, "citizen"))
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0006_dispatch")
        rows = connection.execute(text("SELECT before, after FROM status_changes ORDER BY sequence")).all()
    assert [tuple(row) for row in rows] == [(None, "filed"), ("filed", "closed")]


def test_two_thousand_entries_are_audited_within_a_second_or_two(old: Engine) -> None:
    fill(old, 1000)
    database.migrate(old, "0007_history")
    auditing = Auditing(unit_of_work=database.unit_of_work(old), clock=lambda: AT)
    began = time.monotonic()
    assert auditing.audit().whole
    assert time.monotonic() - began < 5
