"""`jiesu recheck`, `jiesu ledger`, `jiesu survey`: what staff see and do, and what they never see."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.rating import Question, Tone
from integrations.store.tables import metadata
from kb.content_files import ContentError
from kb.lifecycle import Status
from kb.satisfaction.levels import Level
from kb.ticket_number import display
from tests.builders import PHONE, conversation, dispatched, filed, relay_all
from tests.commands.test_jiesu import Jiesu
from tests.commands.test_jiesu import jiesu as jiesu
from tests.fakes import FakeClock, FakeDispatcher
from tests.services.test_satisfaction import close

TICKED = "matter, handling,opinion,registered,dispatched,handled,answered,called_back,archived"


@pytest.fixture
def number(services: Services, dispatcher: FakeDispatcher, clock: FakeClock) -> str:
    """A ticket whose citizen is not satisfied and says so with a phone number and brackets.

    李明 had closed it, today: commands have no other clock.
    """
    clock.now = datetime.now(UTC)
    complaint, request = dispatched(services)
    close(services, dispatcher, request)
    at = conversation(services).id
    for question, value in (
        (Question.SOLVED, False),
        (Question.SATISFIED, Level.DISSATISFIED),
        (Question.CONTACTED, False),
        (Question.REASON, "came_back"),
        (Question.WORDS, f"[/red]又坏了，打我{PHONE}"),
    ):
        services.rating.answer(at, complaint.number, question, value)
    return complaint.number


def put_back(services: Services, table: str, column: str, clock: FakeClock) -> None:
    """Its time was up yesterday."""
    known = metadata.tables[table]
    with services.engine.begin() as db:
        db.execute(known.update().values({column: clock() - timedelta(days=1)}))


def test_at_first_nothing_waits(jiesu: Jiesu) -> None:
    assert "no re-check waits" in jiesu("recheck", "list").output
    assert "the ledger is empty" in jiesu("ledger", "list").output
    assert "there is no survey" in jiesu("survey", "list").output


@pytest.mark.parametrize(
    "command",
    [
        ("recheck", "show", "123"),
        ("recheck", "show", "481720935561"),
        ("recheck", "check", "481720935561", "--by", "王芳", "--note", "好", "--solved"),
        ("recheck", "end", "别的", "--by", "王芳", "--why", "好"),
        ("ledger", "show", "7"),
        ("ledger", "set", "7", "--by", "王芳", "--note", "好"),
        ("ledger", "set", "7", "--by", "王芳", "--next", "明天"),
        ("ledger", "close", "7", "--by", "王芳", "--why", "好"),
        ("survey", "send", "7"),
        ("survey", "stop", "7"),
        ("survey", "results", "7"),
    ],
)
def test_what_is_not_there_is_one_sentence(jiesu: Jiesu, command: tuple[str, ...]) -> None:
    assert isinstance(jiesu(*command).exception, Rejected)


def test_a_recheck_is_listed_shown_and_decided(jiesu: Jiesu, services: Services, number: str, clock: FakeClock) -> None:
    listed = jiesu("recheck", "list").output
    assert display(number) in listed and "李明" in listed and "LATE" not in listed
    assert "[/red]" in listed and PHONE not in listed
    put_back(services, "rechecks", "due_at", clock)
    assert "LATE" in jiesu("recheck", "list").output

    shown = jiesu("recheck", "show", display(number)).output
    assert "三" not in shown and "核实诉求事项" in shown and "general words" in shown
    assert PHONE not in shown

    common = ("recheck", "check", number, "--note", "现场看过，好了。", "--solved")
    assert isinstance(jiesu(*common, "--by", "李明", "--ticked", TICKED).exception, Rejected)
    assert isinstance(jiesu(*common, "--by", "王芳", "--ticked", "matter").exception, Rejected)
    assert "decided: solved, 9 items" in jiesu(*common, "--by", "王芳", "--ticked", TICKED).output
    with services.unit_of_work() as tx:
        complaint = tx.complaints.by_number(number)
    assert complaint is not None and complaint.status is Status.CLOSED
    assert "王芳" in jiesu("recheck", "show", number).output
    assert "no re-check waits" in jiesu("recheck", "list").output


def test_a_recheck_is_ended_for_a_reason(jiesu: Jiesu, services: Services, number: str) -> None:
    assert jiesu("recheck", "end", number, "--by", "王芳").exit_code == 2, "a reason is needed"
    assert "ended" in jiesu("recheck", "end", number, "--by", "王芳", "--why", "规划里没有，办不到。").output
    with services.unit_of_work() as tx:
        complaint = tx.complaints.by_number(number)
    assert complaint is not None and complaint.status is Status.RATED


def test_the_ledger_is_kept(jiesu: Jiesu, services: Services, number: str, clock: FakeClock) -> None:
    assert "dissatisfied" in jiesu("ledger", "list").output
    assert "LATE" not in jiesu("ledger", "list").output
    put_back(services, "ledger_entries", "next_at", clock)
    assert "LATE" in jiesu("ledger", "list").output
    day = (clock() + timedelta(days=9)).strftime("%Y-%m-%d")
    said = jiesu("ledger", "set", "1", "--by", "孙丽", "--owner", "[b]城管局", "--next", day, "--note", "催过").output
    assert "[b]城管局" in said
    assert "LATE" not in jiesu("ledger", "list").output
    shown = jiesu("ledger", "show", "1").output
    assert display(number) in shown and "催过" in shown and "孙丽" in shown
    assert isinstance(jiesu("ledger", "close", "1", "--by", "孙丽", "--why", "好了").exception, Rejected)
    jiesu("recheck", "end", number, "--by", "王芳", "--why", "办不到")
    assert "is closed" in jiesu("ledger", "close", "1", "--by", "孙丽", "--why", "已书面说明").output
    assert "the ledger is empty" in jiesu("ledger", "list").output
    assert "dissatisfied" in jiesu("ledger", "list", "--closed").output


# -- surveys -----------------------------------------------------------------------------------------------------

ASK = ("--ask", "yes_no:好了吗？", "--ask", "levels：满意吗？", "--ask", "words:还想说什么？")


def create(jiesu: Jiesu, people: Path, *ask: str) -> object:
    made = ("survey", "create", "--title", "供热回访", "--by", "孙丽", "--people", str(people))
    return jiesu(*made, *(ask or ASK))


def test_a_survey_from_its_list_to_its_table(
    jiesu: Jiesu, services: Services, tmp_path: Path, clock: FakeClock
) -> None:
    complaint = filed(services)
    relay_all(services)
    people, out = tmp_path / "people.csv", tmp_path / "out.csv"
    people.write_bytes(f"编号,备注\r\n{display(complaint.number)},x\r\n481720935561,y\r\n".encode("gb18030"))

    assert "survey 1: 1 people; 1 lines name nobody that we know: 3" in create(jiesu, people).output  # type: ignore[attr-defined]
    assert "not yet" in jiesu("survey", "list").output
    assert "1 people are asked" in jiesu("survey", "send", "1").output
    clock.now = datetime.now(UTC)
    relay_all(services)
    at = conversation(services).id
    for text in ("是", "还行吧", f"=1+1，电话{PHONE}"):
        services.surveying.hear(at, None, text, Tone.OTHER)
    shown = jiesu("survey", "results", "1", "--out", str(out)).output

    assert "1 of 1 people answered" in shown and "基本满意" in shown and PHONE not in shown
    rows = list(csv.reader(out.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0] == ["industry", "district", "1. 好了吗？", "2. 满意吗？", "3. 还想说什么？"]
    assert rows[1][2:4] == ["yes", "基本满意"]
    assert rows[1][4].startswith("'=1+1") and PHONE not in rows[1][4], "no spreadsheet takes it for a formula"
    for personal in (complaint.number, display(complaint.number), complaint.id, complaint.citizen_id, "翠湖"):
        assert personal not in out.read_text(encoding="utf-8-sig")
    assert "stopped" in jiesu("survey", "stop", "1").output
    assert "stopped" in jiesu("survey", "list").output


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name\n张三\n", "no column ticket or phone"),
        ("13812345678\n13812345679\n", "no column ticket or phone"),
        ("", "empty"),
        ("ticket\n", "0 people"),
        ("ticket\n12345\n\n张三13812\n", "2: neither a ticket number nor a phone"),
        ("phone\n1381234\n", "2: neither"),
    ],
)
def test_a_list_that_cannot_be_used_is_told_by_lines_and_never_by_what_stands_there(
    jiesu: Jiesu, tmp_path: Path, text: str, says: str
) -> None:
    people = tmp_path / "people.csv"
    people.write_text(text, encoding="utf-8")
    failed = create(jiesu, people).exception  # type: ignore[attr-defined]
    assert isinstance(failed, ContentError) and says in str(failed)
    assert "138" not in str(failed) and "张三" not in str(failed)


@pytest.mark.parametrize("ask", ["满意吗", "stars:满意吗", "levels:", "levels"])
def test_a_question_that_cannot_be_asked_is_refused(jiesu: Jiesu, services: Services, tmp_path: Path, ask: str) -> None:
    people = tmp_path / "people.csv"
    people.write_text(f"ticket\n{filed(services).number}\n", encoding="utf-8")
    assert isinstance(create(jiesu, people, "--ask", ask).exception, Rejected)  # type: ignore[attr-defined]


def test_a_file_that_cannot_be_written_is_one_sentence(jiesu: Jiesu, services: Services, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text(f"ticket\n{filed(services).number}\n", encoding="utf-8")
    create(jiesu, people)
    failed = jiesu("survey", "results", "1", "--out", str(tmp_path / "no" / "out.csv")).exception
    assert isinstance(failed, Rejected) and "cannot be written" in str(failed)
