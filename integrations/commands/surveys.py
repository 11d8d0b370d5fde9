"""For operators: `jiesu survey create | send | results | stop | list` (专项回访)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import bootstrap, settings
from integrations.commands import tables
from integrations.services.errors import Rejected
from integrations.services.satisfaction_records import AnswerKind, Survey, SurveyQuestion
from integrations.services.speech import moment
from integrations.services.surveying import AnswerRow, Person, columns, counts, read_person, shown
from kb.content_files import ContentError
from kb.content_files import shown as shown_path
from kb.csv_files import open_sheet
from kb.text import clean

PANEL = "For operators"
MOST_PEOPLE = 100_000
MOST_LINES = 10
TICKET, PHONE = ("ticket", "number", "编号", "工单号"), ("phone", "电话", "手机号")
# Spreadsheets take a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@")
SurveyId = Annotated[int, typer.Argument(help="Number of the survey, from `jiesu survey list`.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="Survey campaigns: a list of people, up to three questions.", no_args_is_help=True)
    app.add_typer(group, name="survey", rich_help_panel=PANEL)

    @group.command()
    def create(
        title: Annotated[str, typer.Option(help="What it is about, as citizens read it.")],
        ask: Annotated[list[str], typer.Option(help="A question: yes_no:…, levels:… or words:…; up to three.")],
        people: Annotated[Path, typer.Option(help="CSV with a column `ticket` or `phone`.")],
        by: Annotated[str, typer.Option(help="Who makes it, by name.")],
        days: Annotated[int, typer.Option(help="How many days it is open after sending.")] = 14,
    ) -> None:
        """Write a survey and its list. Nobody is asked before `send`."""
        services = bootstrap.build(settings.load())
        questions = [_question(text) for text in ask]
        made = services.surveying.create(title, questions, _people(people), by=by, open_days=days)
        said = f"survey {made.survey.id}: {made.people} people"
        said += f"; {made.twice} lines name somebody a second time" if made.twice else ""
        if made.unknown:
            lines = ", ".join(map(str, made.unknown[:MOST_LINES])) + (" …" if len(made.unknown) > MOST_LINES else "")
            said += f"; {len(made.unknown)} lines name nobody that we know: {lines}"
        Console().print(said, highlight=False)

    @group.command()
    def send(survey: SurveyId) -> None:
        """Ask everybody on the list, each once: at once, after the quiet hours, or when they are next here."""
        asked = bootstrap.build(settings.load()).surveying.send(survey)
        Console().print(f"survey {survey}: {asked} people are asked", highlight=False)

    @group.command()
    def stop(survey: SurveyId) -> None:
        """Ask nobody any more; the answers stay."""
        bootstrap.build(settings.load()).surveying.stop(survey)
        Console().print(f"survey {survey} is stopped", highlight=False)

    @group.command("list")
    def surveys() -> None:
        """All surveys, the latest first."""
        rows = bootstrap.build(settings.load()).surveying.surveys()
        if not rows:
            Console().print("there is no survey")
            return
        table = Table("survey", "title", "by", "questions", "sent", "ends")
        for one in rows:
            ends = "stopped" if one.stopped_at else moment(one.ends_at) if one.ends_at else "-"
            sent = moment(one.sent_at) if one.sent_at else "not yet"
            table.add_row(str(one.id), escape(one.title), escape(one.created_by), str(len(one.questions)), sent, ends)
        tables.show(table)

    @group.command()
    def results(
        survey: SurveyId,
        out: Annotated[Path | None, typer.Option(help="Write the answers as CSV, nothing personal in it.")] = None,
    ) -> None:
        """How often each answer was given; with --out every person's answers, without number, phone or place."""
        found, people, rows = bootstrap.build(settings.load()).surveying.results(survey)
        Console().print(f"{found.title}: {len(rows)} of {people} people answered", markup=False, highlight=False)
        for place, question in enumerate(found.questions):
            table = Table(escape(question.text), "times")
            for value, times in counts(rows, place).most_common(20):
                table.add_row(escape(shown(question.kind, value)) or "(nothing said)", str(times))
            tables.show(table)
        if out:
            _write(out, found, rows)
            Console().print(f"written: {out}", markup=False, highlight=False)


def _question(text: str) -> SurveyQuestion:
    """'levels:您满意吗？' as a question. Raises Rejected."""
    kind, colon, words = text.replace("：", ":", 1).partition(":")
    if not colon or kind.strip() not in set(AnswerKind):
        raise Rejected(f"{text!r}: begin with {', '.join(f'{one}:' for one in AnswerKind)}")
    return SurveyQuestion(AnswerKind(kind.strip()), clean(words))


def _people(path: Path) -> list[Person]:
    """The list of people. Raises ContentError naming file and lines, never what stands in them."""
    sheet = open_sheet(path)
    if not {name.strip().casefold() for name in sheet.header}.intersection((*TICKET, *PHONE)):
        raise ContentError(f"{shown_path(path)}:1: no column ticket or phone in the first line")
    table = sheet.table((), optional=(TICKET, PHONE))
    people = []
    for line, row in table.rows:
        person = read_person(line, row.get(TICKET[0]) or row.get(PHONE[0]) or "")
        if person is None:
            table.problems.add(line, "", "neither a ticket number nor a phone")
        else:
            people.append(person)
    table.problems.stop()
    if not 1 <= len(people) <= MOST_PEOPLE:
        raise ContentError(f"{shown_path(path)}:1: {len(people)} people; 1 to {MOST_PEOPLE} would do")
    return people


def _write(path: Path, survey: Survey, rows: list[AnswerRow]) -> None:
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(_plain(one) for one in columns(survey))
            for row in rows:
                answers = [shown(one.kind, value) for one, value in zip(survey.questions, row.answers, strict=False)]
                blanks = [""] * (len(survey.questions) - len(answers))
                writer.writerow(_plain(cell) for cell in (row.industry, row.district, *answers, *blanks))
    except OSError as refused:
        raise Rejected(f"{path}: cannot be written ({refused.strerror})") from refused


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
