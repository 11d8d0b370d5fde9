"""Retention, copies and erasing: who is past their time goes, the cases and their chains stay."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import JSON, String, Text, select

from integrations.bootstrap import Services
from integrations.clients.trackers import SqlTrackers
from integrations.services.errors import Rejected, TryLater
from integrations.services.records import Complaint, Said
from integrations.store import erasing
from integrations.store import tables as t
from integrations.store.personal_tables import erasures, personal_acts
from kb.lifecycle import Actor, Move, Status
from kb.retention import Kind
from tests import stores
from tests.builders import LAMP, PHONE, RUBBISH, conversation, filed, read
from tests.fakes import FakeClock

OTHER = "13912345678"
SECRET_WORDS = "我叫王小明，住3号楼2单元501"
DAYS = 365


def end(services: Services, complaint: Complaint, status: Status = Status.CLOSED) -> Complaint:
    """As the department closes it, with a note that names somebody."""
    with services.unit_of_work() as tx:
        known = tx.complaints.get(complaint.id)
        assert known is not None
        known = services.moving.make(tx, known, Status.DISPATCHED, actor=Actor.DISPATCH)
        known = services.moving.make(tx, known, Status.ACCEPTED, actor=Actor.DEPARTMENT, unit="照明班")
        return services.moving.make(
            tx, known, status, actor=Actor.DEPARTMENT, note=f"联系{SECRET_WORDS}", photos=("p.jpg",)
        )


def say(services: Services, text: str, address: str = "citizen-1") -> None:
    own = conversation(services, address)
    line = services.conversing.accept(own.id, "m-1", Said(text))
    services.conversing._settle(own.id, [line], [])


def whole(services: Services) -> bool:
    return services.auditing.audit().whole


def stored(services: Services) -> str:
    """Everything in the database that is text, JSON too, whatever table."""
    found: list[str] = []
    with services.engine.connect() as db:
        for table in t.metadata.sorted_tables:
            columns = [one for one in table.columns if isinstance(one.type, (String, Text, JSON))]
            if columns:
                for row in db.execute(select(*columns)):
                    found += [json.dumps(one, ensure_ascii=False) for one in row if one is not None]
    return "\n".join(found)


@pytest.fixture
def story(services: Services) -> Complaint:
    """A closed ticket whose words, conversation and history all name the citizen."""
    conversation(services)
    say(services, f"{SECRET_WORDS}，电话{PHONE}")
    complaint = filed(services, f"{LAMP}，{SECRET_WORDS}，电话{PHONE}")
    with services.unit_of_work() as tx:
        tx.handovers.add(complaint.conversation_id, {"said": SECRET_WORDS}, services.clock())
    return end(services, complaint)


@pytest.fixture
def trackers(services: Services, story: Complaint, clock: FakeClock) -> SqlTrackers:
    """Rasa's own store where it would be, with that conversation in it."""
    store = services.trackers
    assert isinstance(store, SqlTrackers)
    columns = [sa.Column("id", sa.Integer, primary_key=True), sa.Column("timestamp", sa.Float)]
    columns += [sa.Column(name, sa.Text) for name in ("sender_id", "type_name", "data")]
    events = sa.Table("events", sa.MetaData(), *columns)
    event = json.dumps({"event": "user", "text": SECRET_WORDS}, ensure_ascii=False)
    at = {"type_name": "user", "timestamp": clock().timestamp(), "data": event}
    engine = sa.create_engine(store._url)
    with engine.begin() as db:
        events.create(db)
        db.execute(events.insert(), [{"sender_id": f"web:{story.conversation_id}", **at}])
        db.execute(events.insert(), [{"sender_id": "web:somebody-else", **at}])
    engine.dispose()
    return store


# -- masked at rest ------------------------------------------------------------------------------------------------


def test_no_row_holds_the_phone_once_the_message_is_heard(services: Services, story: Complaint) -> None:
    assert [line for line in stored(services).splitlines() if PHONE in line] == []
    with services.unit_of_work() as tx:
        assert tx.contacts.phone(story.id) == PHONE
        assert PHONE in (tx.contacts.words(story.id) or "")


@pytest.mark.skipif(bool(stores.SERVER), reason="looks into SQLite's files")
def test_no_byte_of_the_database_is_the_phone(services: Services, story: Complaint, tmp_path: Path) -> None:
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("jiesu.db*"))
    assert SECRET_WORDS.encode() in raw, "looked into the wrong files"
    # the words of a message are plain until it is heard, and the log of SQLite holds them until it is written over
    services.engine.dispose()
    assert PHONE.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("jiesu.db*"))


def test_the_backend_still_gets_the_words_as_they_were_said(services: Services, dispatcher: Any) -> None:
    complaint = filed(services, f"{LAMP}，物业电话{OTHER}没人接")
    assert OTHER not in read(services, complaint).description
    sent: list[str] = []
    heard = dispatcher.file

    def file(complaint: Complaint, **more: Any) -> str:
        sent.append(complaint.description)
        return str(heard(complaint, **more))

    dispatcher.file = file
    services.dispatching.relay_one("worker-1")
    assert len(sent) == 1 and OTHER in sent[0]


def test_nothing_personal_is_in_a_repr(services: Services, story: Complaint) -> None:
    with services.unit_of_work() as tx:
        shown = repr(
            [
                tx.complaints.get(story.id),
                tx.conversations.get(story.conversation_id),
                tx.conversations.lines(story.conversation_id),
                tx.reports.of_complaint(story.id),
                tx.outbox.of_complaint(story.id),
                tx.handovers.waiting(),
            ]
        )
    for found in re.finditer(SECRET_WORDS, shown):
        raise AssertionError(shown[max(0, found.start() - 80) : found.end() + 20])
    assert "citizen-1" not in shown and PHONE not in shown


# -- retention -----------------------------------------------------------------------------------------------------


def test_a_dry_look_changes_nothing(services: Services, story: Complaint, clock: FakeClock) -> None:
    clock.move(days=DAYS + 1)
    before = stored(services)
    assert services.retaining.due() == {Kind.CONTACTS: 1, Kind.WORDS: 1, Kind.CONVERSATIONS: 1, Kind.MEMORY: 0}
    assert stored(services) == before


def test_nothing_goes_a_day_too_early(services: Services, story: Complaint, clock: FakeClock) -> None:
    clock.move(days=DAYS - 1)
    assert not any(services.retaining.apply().values())
    assert read(services, story).description


def test_after_its_time_the_person_goes_and_the_case_stays(
    services: Services, story: Complaint, trackers: SqlTrackers, clock: FakeClock
) -> None:
    clock.move(days=DAYS + 1)
    assert services.retaining.apply() == {Kind.CONTACTS: 1, Kind.WORDS: 1, Kind.CONVERSATIONS: 1, Kind.MEMORY: 1}

    left = stored(services)
    for word in (PHONE, SECRET_WORDS, "王小明", "citizen-1", "p.jpg"):
        assert word not in left.replace(_summaries(services), ""), word
    after = read(services, story)
    assert (after.number, after.category, after.status, after.filed_at) == (
        story.number,
        story.category,
        Status.CLOSED,
        story.filed_at,
    )
    assert after.place is not None and after.place.district == story.place.district  # type: ignore[union-attr]
    assert after.place.lat is None and after.place.text == ""
    assert after.latest is not None and after.latest.kind is Move.ERASED
    assert whole(services)
    assert not any(services.retaining.apply().values()), "it was done already"


def _summaries(services: Services) -> str:
    """What an incident says of itself is public: made without names and numbers when it was opened."""
    with services.engine.connect() as db:
        return "\n".join(
            json.dumps(one, ensure_ascii=False) for one in db.execute(select(t.incidents.c.summary)).scalars()
        )


@pytest.mark.parametrize("sent", [False, True])
def test_what_is_open_is_kept_however_old(services: Services, clock: FakeClock, sent: bool) -> None:
    complaint = filed(services)
    if sent:
        with services.unit_of_work() as tx:
            services.moving.make(tx, complaint, Status.DISPATCHED, actor=Actor.DISPATCH)
    clock.move(days=10 * DAYS)
    assert not any(services.retaining.apply().values())
    with services.unit_of_work() as tx:
        assert tx.contacts.phone(complaint.id) == PHONE


def test_a_conversation_stays_while_one_of_its_tickets_is_young(services: Services, clock: FakeClock) -> None:
    end(services, filed(services))
    clock.move(days=DAYS + 1)
    young = filed(services, RUBBISH, draft_id="draft-2")
    assert services.retaining.apply()[Kind.CONVERSATIONS] == 0
    with services.unit_of_work() as tx:
        assert tx.conversations.get(young.conversation_id).address == "citizen-1"  # type: ignore[union-attr]


def test_a_rating_long_after_the_closure_begins_the_time_anew(
    services: Services, story: Complaint, clock: FakeClock
) -> None:
    clock.move(days=DAYS - 10)
    with services.unit_of_work() as tx:
        known = tx.complaints.get(story.id)
        assert known is not None
        services.moving.make(tx, known, Status.RATED, actor=Actor.CITIZEN)
    clock.move(days=11)
    assert services.retaining.due()[Kind.WORDS] == 0


def test_many_are_erased_by_the_workers_timers_each_once(
    services: Services, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        end(services, filed(services, RUBBISH, address=f"citizen-{n}", draft_id=f"draft-{n}"))
    clock.move(days=DAYS + 1)
    object.__setattr__(services.retaining, "at_once", 2)
    services.timing.begin()
    for _ in range(60):
        services.timing.run_due("worker-1")
        clock.move(minutes=10)
    assert not any(services.retaining.due().values())
    with services.engine.connect() as db:
        done = db.execute(select(erasures.c.complaint_id, erasures.c.kind)).all()
        marks = db.execute(select(t.status_changes.c.id).where(t.status_changes.c.move == Move.ERASED)).all()
    assert len(done) == 10 and len(marks) == 5
    assert whole(services)


def test_a_store_of_rasas_that_is_away_stops_it_before_anything_is_half_done(
    services: Services, story: Complaint, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_self: object, _senders: object) -> int:
        raise TryLater("away")

    clock.move(days=DAYS + 1)
    monkeypatch.setattr(SqlTrackers, "forget", away)
    with pytest.raises(TryLater):
        services.retaining.apply()
    assert read(services, story).description, "erased, though the transaction failed"
    monkeypatch.undo()
    assert services.retaining.apply()[Kind.WORDS] == 1


# -- a copy ------------------------------------------------------------------------------------------------------


def test_a_copy_holds_everything_of_the_person_and_nothing_of_others(
    services: Services, story: Complaint, trackers: SqlTrackers
) -> None:
    other = filed(services, RUBBISH, address="citizen-2", draft_id="draft-2", phone=OTHER)
    copy = services.personal_requests.export(story.number, by="王芳", why="申请2026-7")
    made = json.dumps(copy, ensure_ascii=False)
    for word in (PHONE, SECRET_WORDS, "citizen-1", story.number, "p.jpg"):
        assert word in made, word
    for word in (OTHER, "citizen-2", other.number, "书院路", "somebody-else"):
        assert word not in made, word
    assert copy["memory"][f"web:{story.conversation_id}"][0]["text"] == SECRET_WORDS
    for secret in ("salt", "digest", "hash"):
        assert all(secret not in row for row in copy["status_changes"])


def test_a_copy_by_the_citizens_id_is_the_same(services: Services, story: Complaint) -> None:
    made = services.personal_requests.export(story.citizen_id, by="a", why="b")
    assert [row["number"] for row in made["complaints"]] == [story.number]


@pytest.mark.parametrize("who", ["", "123456789012", "王小明", PHONE, "' OR 1=1"])
def test_nobody_is_found_by_something_else_and_it_is_not_repeated(
    services: Services, story: Complaint, who: str
) -> None:
    with pytest.raises(Rejected) as error:
        services.personal_requests.export(who, by="a", why="b")
    assert not who or who not in str(error.value)


@pytest.mark.parametrize(("by", "why"), [("", "x"), ("x", ""), (" ", "\n")])
def test_who_and_why_are_needed(services: Services, story: Complaint, by: str, why: str) -> None:
    for act in (services.personal_requests.export, services.personal_requests.erase):
        with pytest.raises(Rejected, match="--by and --why"):
            act(story.number, by=by, why=why)
    assert SECRET_WORDS in stored(services)


# -- erasing -------------------------------------------------------------------------------------------------------


def test_erasing_takes_the_person_away_and_leaves_the_case(
    services: Services, story: Complaint, trackers: SqlTrackers
) -> None:
    counts = services.personal_requests.erase(story.number, by="王芳", why="申请2026-8")
    assert counts["tickets"] == 1 and counts["contacts"] == 2 and counts["lines"] >= 1
    left = stored(services).replace(_summaries(services), "")
    for word in (PHONE, SECRET_WORDS, "citizen-1", "p.jpg"):
        assert word not in left, word
    assert trackers.remembered(f"web:{story.conversation_id}") == []
    assert trackers.remembered("web:somebody-else") != []
    assert read(services, story).status is Status.CLOSED
    assert whole(services)
    with services.engine.connect() as db:
        act = db.execute(select(personal_acts)).one()
    assert (act.kind, act.by, act.why, act.citizen_id) == ("erase", "王芳", "申请2026-8", story.citizen_id)


def test_a_person_with_an_open_ticket_is_not_erased(services: Services, story: Complaint) -> None:
    still = filed(services, RUBBISH, draft_id="draft-2")
    with pytest.raises(Rejected, match="goes on"):
        services.personal_requests.erase(story.number, by="a", why="b")
    with services.unit_of_work() as tx:
        assert tx.contacts.phone(story.id) == tx.contacts.phone(still.id) == PHONE


def test_the_same_phone_on_another_channel_is_told_and_left_alone(services: Services, story: Complaint) -> None:
    other = end(services, filed(services, RUBBISH, address="citizen-2", draft_id="draft-2"))
    assert services.personal_requests.about(story.number).same_phone == (other.number,)
    services.personal_requests.erase(story.number, by="a", why="b")
    with services.unit_of_work() as tx:
        assert tx.contacts.phone(other.id) == PHONE


def test_who_comes_back_begins_anew(services: Services, story: Complaint) -> None:
    services.personal_requests.erase(story.number, by="a", why="b")
    again = conversation(services)
    assert again.citizen_id != story.citizen_id
    with services.unit_of_work() as tx, pytest.raises(Rejected):
        services.own_tickets.mine(tx, again.id, story.number)


# -- nothing is forgotten ------------------------------------------------------------------------------------------


def test_of_every_column_with_words_about_a_person_is_said_what_becomes_of_it() -> None:
    handled = {
        f"{table.name}.{name}"
        for rows in (erasing.OF_COMPLAINT, erasing.OF_CONVERSATION)
        for table, (_, what) in rows.items()
        for name in what
    }
    linked = {"complaint_id", "conversation_id", "citizen_id", "incident_id", "invitation_id", "entry_id", "survey_id"}
    of_somebody = [
        table
        for table in t.metadata.sorted_tables
        if linked & {column.name for column in table.columns} or table.name in ("complaints", "incidents", "surveys")
    ]
    free = [
        f"{table.name}.{column.name}"
        for table in of_somebody
        for column in table.columns
        if isinstance(column.type, (Text, JSON)) and table.name not in ("personal_acts",)
    ]
    assert free, "looked at nothing"
    assert [one for one in free if one not in handled and one not in erasing.ON_PURPOSE] == []


def test_the_first_day_of_the_time_is_that_of_the_last_move(services: Services, clock: FakeClock) -> None:
    complaint = filed(services)
    clock.move(days=400)
    end(services, complaint)
    clock.move(days=DAYS - 1)
    assert services.retaining.due()[Kind.CONTACTS] == 0
    clock.now += timedelta(days=2)
    assert services.retaining.due()[Kind.CONTACTS] == 1
