"""`jiesu audit` and `jiesu case`: what staff see of a history, and of one that was tampered with."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from integrations.bootstrap import Services
from integrations.services.casework import DepartmentUpdate
from integrations.services.errors import Rejected
from integrations.services.records import Complaint
from kb import ticket_number
from tests.builders import LAMP, RUBBISH, dispatched
from tests.commands.test_jiesu import Jiesu
from tests.commands.test_jiesu import jiesu as jiesu
from tests.fakes import SATURDAY


def sql(services: Services, statement: str) -> None:
    with services.engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount


@pytest.fixture
def two(services: Services) -> list[Complaint]:
    return [
        dispatched(services, LAMP)[0],
        dispatched(services, RUBBISH, address="citizen-2", draft_id="draft-2")[0],
    ]


def test_an_empty_store_is_whole(jiesu: Jiesu) -> None:
    found = jiesu("audit")
    assert (found.exit_code, found.output) == (0, "all whole: histories 0, entries 0\n")


def test_what_is_whole_is_said_to_be(jiesu: Jiesu, two: list[Complaint]) -> None:
    assert jiesu("audit").output == "all whole: histories 2, entries 4\n"
    spaced = ticket_number.display(two[0].number).replace("\u00a0", " ")
    assert jiesu("audit", spaced).output == "all whole: histories 1, entries 2\n"


def test_the_broken_one_is_named_with_its_entry_and_the_exit_code_is_one(
    jiesu: Jiesu, services: Services, two: list[Complaint]
) -> None:
    sql(services, f"UPDATE status_changes SET actor = 'citizen' WHERE complaint_id = '{two[1].id}' AND sequence = 2")

    found = jiesu("audit")

    assert found.exit_code == 1
    assert ticket_number.display(two[1].number) in found.output
    assert two[0].id not in found.output
    assert "broken: histories 1 of 2" in found.output
    assert jiesu("audit", two[0].number).exit_code == 0
    assert jiesu("audit", two[1].number).exit_code == 1
    assert "broken: entry 2" in jiesu("case", two[1].number).output
    assert jiesu("case", two[1].number).exit_code == 1


@pytest.mark.parametrize("number", ["123456789012", "not a number", "481720935562"])
def test_a_number_that_nobody_has_is_refused(jiesu: Jiesu, number: str) -> None:
    assert isinstance(jiesu("audit", number).exception, Rejected)
    assert isinstance(jiesu("case", number).exception, Rejected)


def test_an_anchor_finds_what_was_cut_so_that_nothing_else_shows_it(
    jiesu: Jiesu, services: Services, two: list[Complaint], tmp_path: Path
) -> None:
    kept = tmp_path / "anchor.txt"
    written = jiesu("audit", "--anchor", str(kept)).output
    root = written.split("root ")[1].split()[0]
    assert "histories 2," in written
    assert jiesu("audit", "--against", str(kept), "--root", root).exit_code == 0

    sql(services, f"DELETE FROM status_changes WHERE complaint_id = '{two[0].id}' AND sequence = 2")
    sql(services, f"UPDATE complaints SET entries = 1 WHERE id = '{two[0].id}'")

    assert jiesu("audit").exit_code == 0
    found = jiesu("audit", "--against", str(kept), "--root", root)
    assert found.exit_code == 1
    assert "the anchor knows 2 entries" in found.output


def test_an_anchor_that_is_not_what_was_printed_is_refused(
    jiesu: Jiesu, services: Services, two: list[Complaint], tmp_path: Path
) -> None:
    kept, other = tmp_path / "anchor.txt", tmp_path / "other.txt"
    jiesu("audit", "--anchor", str(kept))
    other.write_text(kept.read_text().replace(two[0].id, two[0].id[::-1]))

    assert isinstance(jiesu("audit", "--against", str(other)).exception, Rejected)
    assert isinstance(jiesu("audit", "--against", str(kept), "--root", "0" * 64).exception, Rejected)
    assert isinstance(jiesu("audit", "--against", str(tmp_path / "none.txt")).exception, Rejected)


def test_an_anchor_is_never_written_over_another_nor_made_of_a_broken_history(
    jiesu: Jiesu, services: Services, two: list[Complaint], tmp_path: Path
) -> None:
    kept = tmp_path / "anchor.txt"
    jiesu("audit", "--anchor", str(kept))
    before = kept.read_bytes()
    assert isinstance(jiesu("audit", "--anchor", str(kept)).exception, Rejected)
    sql(services, f"UPDATE status_changes SET actor = 'system' WHERE complaint_id = '{two[1].id}'")
    assert isinstance(jiesu("audit", "--anchor", str(tmp_path / "new.txt")).exception, Rejected)

    assert kept.read_bytes() == before
    assert not (tmp_path / "new.txt").exists()


@pytest.mark.parametrize(
    "asked", [("481720935562", "--anchor", "a"), ("--anchor", "a", "--against", "b"), ("--root", "00")]
)
def test_what_cannot_be_asked_together_is_refused(jiesu: Jiesu, asked: tuple[str, ...]) -> None:
    assert isinstance(jiesu("audit", *asked).exception, Rejected)


def test_a_case_shows_who_holds_it_until_when_and_every_step(jiesu: Jiesu, services: Services) -> None:
    complaint, request = dispatched(services)
    later = complaint.due_at + timedelta(days=4)
    for count, (event, unit, note, due) in enumerate(
        (
            ("returned", None, "不归我们", None),
            ("assigned", "照明三班", None, None),
            ("co_assigned", "供电公司", None, None),
            ("extended", "照明三班", "等材料，找王先生13812345678", later),
        ),
        1,
    ):
        services.casework.apply(request, DepartmentUpdate(count, event, SATURDAY, unit, note, due_at=due))

    found = jiesu("case", complaint.number)

    assert found.exit_code == 0
    for words in ("任务处理", "held by 照明三班 + 供电公司", "returns: 1", "不归我们", "extended", request):
        assert words in found.output
    assert "13812345678" not in found.output
