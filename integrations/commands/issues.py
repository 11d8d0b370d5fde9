"""What the city is already dealing with: `jiesu issues add | import | list | show | end | feed`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import bootstrap, settings
from integrations.bootstrap import Services
from integrations.commands.tables import show as show_table
from integrations.services.errors import Rejected
from integrations.services.informing import Changes
from integrations.services.issue_records import KeptIssue, Origin, Standing
from integrations.services.speech import moment
from kb.content_files import ContentError
from kb.csv_files import FileProblems
from kb.known_issues import KnownIssue, files
from kb.places.importing.coordinates_given import known_system

PANEL = "For operators"
HELP = (
    "What the city is already dealing with: planned outages, road works, campaigns. Citizens hear it before the form."
)
FEW = 20
_CITY = "whole city"


def _system(name: str) -> str:
    try:
        return known_system(name)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong


Crs = Annotated[
    str, typer.Option("--crs", help="System of circles and polygons: WGS-84, GCJ-02 or BD-09.", callback=_system)
]
Names = list[str] | None
OriginName = StrEnum("OriginName", [(one.value, one.value) for one in Origin])  # type: ignore[misc]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    group.command()(add)
    group.command("import")(import_)
    group.command("list")(list_)
    group.command()(show)
    group.command()(end)
    group.command()(feed)
    app.add_typer(group, name="issues", rich_help_panel=PANEL)


def add(
    title: Annotated[str, typer.Option(help="A few words: 洛阳路供热管抢修.")],
    category: Annotated[str, typer.Option(help="Code of level 1, 2 or 3: 21, 2101 or 210102.")],
    starts: Annotated[str, typer.Option(help="First day, 2026-12-08.")],
    ends: Annotated[str, typer.Option(help="Last day.")],
    lead_unit: Annotated[str, typer.Option("--lead-unit", help="Who leads.")],
    say: Annotated[str, typer.Option(help="What is being done, as the citizen reads it.")],
    source: Annotated[str, typer.Option(help="Whose notice it is.")],
    id_: Annotated[str, typer.Option("--id", help="Letters, digits, '-', '.'; made if not given.")] = "",
    district: Annotated[Names, typer.Option("--district", help="Official name; may be given again.")] = None,
    street: Annotated[Names, typer.Option("--street", help="Official name; may be given again.")] = None,
    compound: Annotated[Names, typer.Option("--compound", help="A compound; may be given again.")] = None,
    place: Annotated[Names, typer.Option("--place", help="A road or another place; may be given again.")] = None,
    circle: Annotated[str, typer.Option(metavar="LAT,LON,METRES", help="Everything around a point.")] = "",
    polygon: Annotated[Path | None, typer.Option(metavar="FILE", help="GeoJSON with one polygon.")] = None,
    crs: Crs = "WGS-84",
    advice: Annotated[str, typer.Option(help="What the citizen can do.")] = "",
    still_file: Annotated[
        bool, typer.Option("--still-file/--no-still-file", help="Whether a complaint can be filed all the same.")
    ] = True,
    with_ticket: Annotated[
        bool, typer.Option("--with-ticket", help="Tell it with the ticket, without holding up the report.")
    ] = False,
) -> None:
    """Add one; with no area it is about the whole city."""
    services = _services()
    value: dict[str, Any] = {
        "id": id_ or services.informing.free_id(),
        "title": title,
        "category": category,
        "districts": district or [],
        "streets": street or [],
        "compounds": compound or [],
        "places": place or [],
        "circle": _circle(circle) if circle else None,
        "polygon": _polygon(polygon) if polygon else None,
        "starts": starts,
        "ends": ends,
        "lead_unit": lead_unit,
        "say": say,
        "source": source,
        "advice": advice or None,
        "still_file": still_file,
        "with_ticket": with_ticket,
    }
    issue = _checked(services, value, crs)
    made = services.informing.add(issue)
    _say(f"{issue.id} is added: {made.standing(services.informing.today())}")


def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV or YAML, in UTF-8 or GB18030.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    reopen: Annotated[bool, typer.Option("--reopen", help="Take up again those that were ended.")] = False,
    crs: Crs = "WGS-84",
) -> None:
    """Add entries, or update those with the same ids. Nothing changes unless every line is right."""
    services = _services()
    given: list[KnownIssue] = []
    wrong: list[str] = []
    for path in paths:
        try:
            given += [issue.from_crs(crs) for issue in files.read(path, services.check_issue)]
        except FileProblems as problems:
            wrong.append(str(problems))
    if wrong:
        raise ContentError("\n".join(wrong))
    _each_once(given)
    changes = services.informing.take_in(given, reopen=reopen, dry_run=dry_run)
    _show_changes(services, changes)
    _say("a dry run: nothing was changed" if dry_run else "done")


def list_(
    all_: Annotated[bool, typer.Option("--all", help="Those that are over or ended too.")] = False,
    expired: Annotated[bool, typer.Option("--expired", help="Only those that are over or ended.")] = False,
    origin: Annotated[OriginName | None, typer.Option("--origin", help="Only those that came so.")] = None,
) -> None:
    """Those that are told today, and those to come."""
    services = _services()
    every, today = services.informing.listed(), services.informing.today()
    rows = []
    for one in every:
        standing = one.standing(today)
        wanted = all_ or (standing in (Standing.OVER, Standing.ENDED)) == expired
        if wanted and origin in (None, one.origin.value):
            rows.append((one, standing))
    table = Table()
    for name in ("id", "", "days", "category", "area", "title", "lead unit", "from"):
        table.add_column(name, overflow="fold", no_wrap=name == "days")
    for one, standing in rows:
        issue = one.issue
        cells = (issue.id, standing, _days(one), issue.category, _area(issue), issue.title, issue.lead_unit, one.origin)
        table.add_row(*map(escape, cells))
    if not rows:
        _say("none")
        return
    show_table(table)
    _say(f"{len(rows):,} of {len(every):,}")


def show(issue_id: Annotated[str, typer.Argument(metavar="ID", help="From `jiesu issues list`.")]) -> None:
    """Everything about one."""
    services = _services()
    kept = services.informing.get(issue_id)
    table = Table("", escape(kept.issue.title))
    for label, value in _facts(services, kept):
        table.add_row(label, escape(value))
    show_table(table)


def end(
    why: Annotated[str, typer.Option(help="For the record: 提前修好.")],
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="From `jiesu issues list`.")] = None,
    on: Annotated[str, typer.Option(metavar="DATE", help="First day on which it is not told any more; today.")] = "",
    origin: Annotated[
        OriginName | None, typer.Option("--origin", help="All that came so: `content` are the examples that ship.")
    ] = None,
) -> None:
    """Stop telling it, from this moment on, in every running conversation."""
    if bool(ids) == bool(origin):
        raise typer.BadParameter("one of ID... and --origin")
    services = _services()
    day = _day(on) if on else None
    chosen = list(ids or ())
    if origin:
        stands = (Standing.NOW, Standing.TO_COME)
        today = day or services.informing.today()
        every = services.informing.listed()
        chosen = [one.issue.id for one in every if one.origin == origin.value and one.standing(today) in stands]
    for one in services.informing.end(chosen, why=why, on=day):
        _say(f"{one.issue.id} is ended: not told any more from {one.ended_on}")
    if not chosen:
        _say("none stands")


def feed(url: Annotated[str, typer.Argument(metavar="URL", help="A list of entries, JSON or CSV.")]) -> None:
    """Fetch a feed once, now. JIESU_ISSUES_FEED makes the worker do it again and again."""
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter("a feed's address begins with http:// or https://")
    done = _services().following_feeds.fetch(url)
    if done is None or done.unchanged:
        _say("nothing is new since the last time")
        return
    _say(f"{done.host}: {done.added} added, {done.changed} changed, {done.gone} ended, {done.same} the same")


def _services() -> Services:
    return bootstrap.build(settings.load())


def _say(text: str) -> None:
    Console().print(text, highlight=False, markup=False, soft_wrap=True)


def _checked(services: Services, value: dict[str, Any], crs: str) -> KnownIssue:
    """The entry that the options make. Raises Rejected naming every option at fault."""
    try:
        issue = KnownIssue.model_validate(value).from_crs(crs)
    except ValidationError as wrong:
        said = []
        for one in wrong.errors():
            name = "--" + str(one["loc"][0]).removesuffix("s").replace("_", "-") if one["loc"] else ""
            name = {"--end": "--ends", "--start": "--starts"}.get(name, name)
            said.append(f"{name}: {one['msg'].removeprefix('Value error, ')}".removeprefix(": "))
        raise Rejected("; ".join(said)) from wrong
    if problems := services.check_issue(issue):
        raise Rejected("; ".join(f"--{key.removesuffix('s')}: {what}" for key, what in problems))
    return issue


def _circle(text: str) -> dict[str, str]:
    parts = [part.strip() for part in text.replace("，", ",").split(",")]
    if len(parts) != 3:
        raise Rejected(f"--circle: {text!r}; write latitude,longitude,metres: 36.062,120.384,400")
    return dict(zip(("lat", "lon", "metres"), parts, strict=True))


def _polygon(path: Path) -> Any:
    try:
        return files.geometry_of(json.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as away:
        raise Rejected(f"--polygon: {path}: cannot be read ({away.strerror})") from away
    except (ValueError, RecursionError) as wrong:
        raise Rejected(f"--polygon: {path}: {wrong}") from wrong


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise Rejected(f"--on: {text!r} is not a day; write it as 2026-11-30") from wrong


def _each_once(issues: Sequence[KnownIssue]) -> None:
    ids = [issue.id for issue in issues]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise Rejected(f"{', '.join(twice[:10])}: in two of the files; nothing was changed")


def _show_changes(services: Services, changes: Changes) -> None:
    today = services.informing.today()
    for what, issues in (("added", changes.added), ("changed", changes.changed), ("same", changes.same)):
        _say(f"{what}: {len(issues):,}")
        if what == "same":
            continue
        for issue in issues[:FEW]:
            over = " (over already)" if issue.ends < today else ""
            _say(f"  {issue.id} {issue.title}{over}")
        if len(issues) > FEW:
            _say(f"  … and {len(issues) - FEW:,} more")
    for kept in changes.ended:
        _say(f"{kept.issue.id} stays ended ({kept.ended_on}: {kept.ended_why}); --reopen takes it up again")


def _days(kept: KeptIssue) -> str:
    ended = f", ended {kept.ended_on}" if kept.ended_on else ""
    return f"{kept.issue.starts} – {kept.issue.ends}{ended}"


def _area(issue: KnownIssue) -> str:
    names = (*issue.districts, *issue.streets, *issue.compounds, *issue.places)
    drawn = [f"{issue.circle.metres:.0f} m around {issue.circle.lat},{issue.circle.lon}"] if issue.circle else []
    return "、".join((*names, *drawn, *(["polygon"] if issue.polygon else []))) or _CITY


def _facts(services: Services, kept: KeptIssue) -> list[tuple[str, str]]:
    issue = kept.issue
    rows = [
        ("id", issue.id),
        ("stands", kept.standing(services.informing.today())),
        ("days", _days(kept)),
        ("category", f"{issue.category} {services.taxonomy.names.get(issue.category, '?')}"),
        ("area", _area(issue)),
        ("lead unit", issue.lead_unit),
        ("say", issue.say),
        ("advice", issue.advice or ""),
        ("source", issue.source),
        ("still file", "yes" if issue.still_file else "no"),
        ("told", "with the ticket" if issue.with_ticket else "before the form"),
        ("from", kept.origin),
        ("added", moment(kept.added_at)),
        ("changed", moment(kept.changed_at)),
    ]
    if kept.ended_on:
        rows.append(("ended", f"{kept.ended_on} by {kept.ended_by}: {kept.ended_why}"))
    return rows
