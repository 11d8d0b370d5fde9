"""Contacts at rest: nothing to read in the files, found by the whole phone only, sealed anew without a loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select, text, update

from integrations.bootstrap import Services
from integrations.clients.sealing import AesSealer, Keys
from integrations.services.errors import NeedsPerson
from integrations.services.keeping_contacts import KeepingContacts
from integrations.services.records import Complaint
from integrations.store import database
from integrations.store import tables as t
from integrations.store.personal_tables import sealed_contacts
from tests import stores
from tests.builders import LAMP, PHONE, RUBBISH, filed

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
OTHER = "13912345678"


class Killed(BaseException):
    """The process is gone."""


def keeping(services: Services, **keys: bytes) -> KeepingContacts:
    unit_of_work = database.unit_of_work(services.engine, lambda _in_use: AesSealer(Keys(keys)))
    return KeepingContacts(unit_of_work=unit_of_work, clock=services.clock)


def make_plain(services: Services, complaint: Complaint, phone: str) -> None:
    """As the version before wrote it."""
    with services.engine.begin() as db:
        db.execute(sealed_contacts.delete().where(sealed_contacts.c.complaint_id == complaint.id))
        db.execute(insert(t.contacts).values(complaint_id=complaint.id, phone=phone))


def phone_of(keeping: KeepingContacts, complaint: Complaint) -> str | None:
    with keeping.unit_of_work() as tx:
        return tx.contacts.phone(complaint.id)


def files_with(folder: Path, *wanted: str) -> list[str]:
    """Which files of the database hold any of that, as bytes."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name.startswith("jiesu.db")]
    assert paths, "no database to look into"
    return [path.name for path in paths if any(one.encode() in path.read_bytes() for one in wanted)]


@pytest.fixture
def complaint(services: Services) -> Complaint:
    return filed(services)


def test_the_phone_comes_back_and_is_in_no_row(services: Services, complaint: Complaint) -> None:
    with services.unit_of_work() as tx:
        assert tx.contacts.phone(complaint.id) == tx.complaints.phone(complaint.id) == PHONE
    with services.engine.connect() as db:
        assert db.execute(select(func.count()).select_from(t.contacts)).scalar() == 0
        assert PHONE.encode() not in db.execute(select(sealed_contacts.c.body)).scalar_one()


def test_rows_that_are_swapped_do_not_open(services: Services, complaint: Complaint) -> None:
    other = filed(services, RUBBISH, address="citizen-2", draft_id="draft-2", phone=OTHER)
    body = select(sealed_contacts.c.body).where(sealed_contacts.c.complaint_id == other.id).scalar_subquery()
    with services.engine.begin() as db:
        db.execute(update(sealed_contacts).where(sealed_contacts.c.complaint_id == complaint.id).values(body=body))
    with pytest.raises(NeedsPerson), services.unit_of_work() as tx:
        tx.contacts.phone(complaint.id)


def test_a_phone_finds_its_complaints_newest_first_and_no_part_of_it_does(services: Services, clock: object) -> None:
    first = filed(services)
    clock.move(hours=1)  # type: ignore[attr-defined]
    second = filed(services, RUBBISH, address="citizen-2", draft_id="draft-2")
    filed(services, RUBBISH, address="citizen-3", draft_id="draft-3", phone=OTHER)
    with services.unit_of_work() as tx:
        assert list(tx.contacts.complaints_of(PHONE)) == [second.id, first.id]
        assert list(tx.contacts.complaints_of(PHONE[-4:])) == []
        assert list(tx.contacts.complaints_of("")) == []


def test_a_new_phone_takes_the_place_of_the_old_one(services: Services, complaint: Complaint) -> None:
    with services.unit_of_work() as tx:
        tx.contacts.put(complaint.id, OTHER)
        assert tx.contacts.phone(complaint.id) == OTHER
        assert list(tx.contacts.complaints_of(PHONE)) == []


def test_without_a_key_nothing_is_kept_plain(services: Services, complaint: Complaint) -> None:
    keyless = database.unit_of_work(services.engine)
    with pytest.raises(NeedsPerson, match="without a key"), keyless() as tx:
        tx.contacts.put(complaint.id, OTHER)
    assert phone_of(services.keeping_contacts, complaint) == PHONE


# -- rows of an older version --------------------------------------------------------------------------------------


@pytest.fixture
def plain(services: Services) -> list[Complaint]:
    made = [filed(services, LAMP, address=f"citizen-{n}", draft_id=f"draft-{n}") for n in range(7)]
    for number, one in enumerate(made):
        make_plain(services, one, f"1381234{number:04}")
    return made


def test_plain_rows_are_read_and_found_where_they_stand(services: Services, plain: list[Complaint]) -> None:
    with services.unit_of_work() as tx:
        assert tx.contacts.phone(plain[3].id) == "13812340003"
        assert list(tx.contacts.complaints_of("13812340003")) == [plain[3].id]


@pytest.mark.parametrize("moment", ["before commit", "between"])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_sealing_that_is_killed_loses_nothing_and_goes_on(
    services: Services, plain: list[Complaint], monkeypatch: pytest.MonkeyPatch, moment: str, step: int
) -> None:
    monkeypatch.setattr("integrations.services.keeping_contacts.AT_ONCE", 2)
    seen = 0

    def kill(at: str) -> None:
        nonlocal seen
        seen += at == moment
        if seen == step:
            raise Killed

    with pytest.raises(Killed):
        replace(services.keeping_contacts, pause_at=kill).seal_leftovers()
    left = services.keeping_contacts.standing().plain
    assert left > 0, "it was not killed in the middle"
    assert [phone_of(services.keeping_contacts, one) for one in plain] == [f"1381234{n:04}" for n in range(7)]

    assert services.keeping_contacts.seal_leftovers() == left
    assert services.keeping_contacts.standing().plain == 0
    assert [phone_of(services.keeping_contacts, one) for one in plain] == [f"1381234{n:04}" for n in range(7)]
    assert services.keeping_contacts.seal_leftovers() == 0


@pytest.mark.skipif(bool(stores.SERVER), reason="looks into SQLite's files")
def test_nothing_plain_is_left_in_the_files_after_sealing(
    services: Services, plain: list[Complaint], tmp_path: Path
) -> None:
    phones = [f"1381234{n:04}" for n in range(7)]
    assert files_with(tmp_path, *phones), "they should have been there before"
    services.keeping_contacts.seal_leftovers()
    assert files_with(tmp_path, *phones) == []


def test_the_worker_seals_what_is_left_when_it_starts(services: Services, plain: list[Complaint]) -> None:
    services.timing.begin()
    while services.timing.run_due("worker-1"):
        pass
    assert services.keeping_contacts.standing().plain == 0
    assert phone_of(services.keeping_contacts, plain[6]) == "13812340006"


# -- another key -------------------------------------------------------------------------------------------------


@pytest.fixture
def sealed(services: Services, complaint: Complaint) -> Iterator[Complaint]:
    """Under the key `old`, words too."""
    with keeping(services, old=OLD).unit_of_work() as tx:
        tx.contacts.put(complaint.id, PHONE)
        tx.contacts.put_words(complaint.id, f"打{OTHER}")
    yield complaint


def test_rekeying_seals_everything_under_the_first_key(services: Services, sealed: Complaint) -> None:
    both = keeping(services, new=NEW, old=OLD)
    assert both.rekey() == 2
    assert both.standing().sealed == {"new": 2}
    assert both.rekey() == 0
    only_new = keeping(services, new=NEW)
    with only_new.unit_of_work() as tx:
        assert tx.contacts.phone(sealed.id) == PHONE
        assert tx.contacts.words(sealed.id) == f"打{OTHER}"
        assert list(tx.contacts.complaints_of(PHONE)) == [sealed.id]


def test_rekeying_with_a_wrong_key_touches_nothing(services: Services, sealed: Complaint) -> None:
    for wrong in ({"new": NEW}, {"new": NEW, "old": NEW}):
        with pytest.raises(NeedsPerson, match="JIESU_DATA_KEY"):
            keeping(services, **wrong).rekey()
    assert keeping(services, old=OLD).standing().sealed == {"old": 2}
    assert phone_of(keeping(services, old=OLD), sealed) == PHONE


def test_rekeying_that_is_killed_leaves_every_row_readable(
    services: Services, sealed: Complaint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.services.keeping_contacts.AT_ONCE", 1)

    def kill(moment: str) -> None:
        if moment == "between":
            raise Killed

    both = keeping(services, new=NEW, old=OLD)
    with pytest.raises(Killed):
        replace(both, pause_at=kill).rekey()
    assert both.standing().sealed == {"new": 1, "old": 1}
    assert phone_of(both, sealed) == PHONE
    assert both.rekey() == 1
    assert phone_of(keeping(services, new=NEW), sealed) == PHONE


# -- the migration -----------------------------------------------------------------------------------------------


@pytest.fixture
def before(tmp_path: Path) -> Iterator[Engine]:
    with stores.database_url(tmp_path) as url:
        engine = database.connect(url)
        database.migrate(engine, "0008_satisfaction")
        yield engine
        engine.dispose()


def test_old_rows_survive_the_migration_and_the_way_back_refuses_to_lose_sealed_ones(before: Engine) -> None:
    at = "2026-11-20 02:00:00"
    rows = (
        f"INSERT INTO citizens (id, created_at) VALUES ('z', '{at}')",
        "INSERT INTO conversations (id, channel, address, citizen_id, last_seq, created_at) "
        f"VALUES ('v', 'web', 'a', 'z', 0, '{at}')",
        "INSERT INTO incidents (id, category, level1, summary, opened_at, last_report_at, survivor_id) "
        f"VALUES ('i', '410101', '41', 's', '{at}', '{at}', 'i')",
        "INSERT INTO complaints (id, number, draft_id, conversation_id, citizen_id, incident_id, description, category,"
        " category_confidence, anonymous, joined, filed_at, due_at) VALUES "
        f"('c', '1', 'd', 'v', 'z', 'i', 's', '410101', 1, false, false, '{at}', '{at}')",
        f"INSERT INTO contacts (complaint_id, phone) VALUES ('c', '{PHONE}')",
    )
    with before.begin() as db:
        for row in rows:
            db.execute(text(row))
    database.migrate(before)
    opened = database.unit_of_work(before, lambda _in_use: AesSealer(Keys({"k": OLD})))
    with opened() as tx:
        assert tx.contacts.phone("c") == PHONE
        assert tx.contacts.seal_some(limit=10) == 1
        assert tx.contacts.phone("c") == PHONE
    with pytest.raises(RuntimeError, match="1 sealed contacts would be lost"):
        database.migrate(before, "base")
    with opened() as tx:
        assert tx.contacts.phone("c") == PHONE
