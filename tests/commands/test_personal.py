"""`jiesu personal` and `jiesu retention`: files for their owner only, nothing erased unasked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.records import Complaint
from tests.builders import PHONE, RUBBISH, filed, read
from tests.commands.test_jiesu import Jiesu
from tests.commands.test_jiesu import jiesu as jiesu
from tests.fakes import FakeClock
from tests.services.test_personal import end

WHO = ("--by", "王芳", "--why", "申请2026-7")


@pytest.fixture
def closed(services: Services) -> Complaint:
    return end(services, filed(services))


def test_a_copy_is_written_for_its_owner_only_and_never_over_a_file(
    jiesu: Jiesu, closed: Complaint, tmp_path: Path
) -> None:
    path = tmp_path / "copy.json"
    done = jiesu("personal", "export", closed.number, "--to", str(path), *WHO)
    assert done.exit_code == 0, done.output
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text(encoding="utf-8"))["contacts"][0]["phone"] == PHONE
    assert PHONE not in done.output

    before = path.read_bytes()
    again = jiesu("personal", "export", closed.number, "--to", str(path), *WHO)
    assert isinstance(again.exception, Rejected) and path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_one_sentence(jiesu: Jiesu, closed: Complaint, tmp_path: Path) -> None:
    done = jiesu("personal", "export", closed.number, "--to", str(tmp_path / "no" / "copy.json"), *WHO)
    assert isinstance(done.exception, Rejected) and "cannot be written" in str(done.exception)


def test_erasing_asks_back_and_no_is_no(jiesu: Jiesu, services: Services, closed: Complaint) -> None:
    done = jiesu("personal", "erase", closed.number, *WHO, stdin="n\n")
    assert done.exit_code == 1
    with services.unit_of_work() as tx:
        assert tx.contacts.phone(closed.id) == PHONE


def test_erasing_with_yes_erases_and_is_put_on_record(jiesu: Jiesu, services: Services, closed: Complaint) -> None:
    done = jiesu("personal", "erase", closed.number, *WHO, "--yes")
    assert done.exit_code == 0 and "contacts 1" in done.output and PHONE not in done.output
    assert read(services, closed).description == ""
    acts = jiesu("personal", "acts").output
    assert "erase" in acts and "王芳" in acts and PHONE not in acts


def test_an_open_ticket_is_not_even_asked_about(jiesu: Jiesu, services: Services) -> None:
    complaint = filed(services)
    done = jiesu("personal", "erase", complaint.number, *WHO)
    assert isinstance(done.exception, Rejected) and "goes on" in str(done.exception)


def test_without_who_and_why_nothing_is_done(jiesu: Jiesu, closed: Complaint) -> None:
    assert jiesu("personal", "erase", closed.number, "--yes").exit_code == 2


def test_retention_shows_and_erases_only_when_told(jiesu: Jiesu, services: Services, clock: FakeClock) -> None:
    clock.move(days=-400)  # the command goes by the real time
    closed = end(services, filed(services))
    filed(services, RUBBISH, address="citizen-2", draft_id="draft-2")
    assert "contacts: tickets 1 due (after 365 days)" in jiesu("retention").output
    assert read(services, closed).description
    assert "contacts: tickets 1 erased" in jiesu("retention", "--apply").output
    assert read(services, closed).description == ""
    assert "contacts: tickets 0 due" in jiesu("retention").output


def test_rekeying_says_which_key_seals_how_many(jiesu: Jiesu, closed: Complaint) -> None:
    done = jiesu("personal", "rekey")
    assert done.exit_code == 0 and "sealed anew: 0" in done.output


def test_a_new_key_in_the_file_seals_everything_and_the_old_one_seals_nothing(
    jiesu: Jiesu, services: Services, closed: Complaint, settings: object
) -> None:
    before = services.keeping_contacts.standing().sealed
    done = jiesu("personal", "rekey", "--new-key")
    assert done.exit_code == 0 and "sealed anew: 1" in done.output, done.output
    after = services.keeping_contacts.standing().sealed
    assert set(before).isdisjoint(after) and sum(after.values()) == 1
    with services.unit_of_work() as tx:
        assert tx.contacts.phone(closed.id) == PHONE
