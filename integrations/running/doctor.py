"""What `jiesu doctor` looks at: each check says what it found, and what to do where that is not good."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import httpx
from sqlalchemy.exc import SQLAlchemyError

from integrations import bootstrap
from integrations.running.model import bot_model
from integrations.running.parts import host_of
from integrations.services.clocks import WARN_FROM_MONTH
from integrations.services.errors import NeedsPerson, TryLater
from integrations.services.following_feeds import host_of as host_of_feed
from integrations.services.following_feeds import key_of
from integrations.services.issue_records import FeedState, Standing
from integrations.services.speech import moment
from integrations.settings import Settings, SettingsError, make_folder
from integrations.store import database
from kb import working_time
from kb.content_files import ContentError
from kb.deadlines import CITY_TIME
from kb.examples import fingerprint
from kb.learned import read_about
from kb.training import rows

LEAST_FREE = 2_000_000_000
# A timer that is due for so long is one that nobody does, or whose work fails.
OVERDUE = timedelta(minutes=10)
# Who waits for a person for so long, while somebody should be there, waits for nobody.
WAITS_LONG = timedelta(minutes=15)
MORE_DAYS = "update chinesecalendar (`make lock`, then `make setup`); or give the days in kb/content/working_days.yml"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: `state` is ok, warn or bad; `do` says what would help."""

    name: str
    state: str
    found: str
    do: str = ""


def examine(settings: Settings, *, running: bool) -> Iterator[Check]:
    """Every check in turn."""
    yield _python()
    yield _bot(settings)
    yield from _folder(settings)
    yield from _content(settings)
    yield _calendar()
    yield from _database(settings)
    if settings.geocoder:
        yield _geocoder(settings, running=running)
    if running:
        yield from _running(settings)
    if settings.wechat_appid:
        from integrations.running import wechat_checks  # which is made of these checks

        yield from wechat_checks.for_doctor(settings, running=running)


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", "ok", found)


def _bot(settings: Settings) -> Check:
    if settings.rasa_url:
        return Check("Rasa", "ok", f"elsewhere: {', '.join(map(host_of, settings.rasas))}")
    if not settings.bot_python.exists():
        return Check("Rasa", "bad", f"{settings.bot_python} is not there", "run `make setup`")
    version = subprocess.run(  # noqa: S603 - our own interpreter
        [
            str(settings.bot_python),
            "-c",
            "import sys, importlib.metadata as m; print(m.version('rasa'), 'on Python', sys.version.split()[0])",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    if version.returncode:
        return Check("Rasa", "bad", "its environment does not work", "remove bot/.venv and run `make setup`")
    return Check("Rasa", "ok", version.stdout.strip())


def _folder(settings: Settings) -> Iterator[Check]:
    try:
        make_folder(settings.data_dir)
    except SettingsError as refused:
        yield Check("data folder", "bad", str(refused), "give the user that runs Jiesu the right to write there")
        return
    free = shutil.disk_usage(settings.data_dir).free
    state, do = ("ok", "") if free > LEAST_FREE else ("warn", "make room: logs, photos and the database grow")
    yield Check("data folder", state, f"{settings.data_dir}, {free / 1e9:.1f} GB free", do)
    secrets = settings.data_dir / "secrets.json"
    if secrets.exists() and secrets.stat().st_mode & 0o077:
        yield Check("secrets", "bad", f"{secrets} can be read by others", f"chmod 600 {secrets}")


def _content(settings: Settings) -> Iterator[Check]:
    services = bootstrap.build(settings)
    try:
        counts = services.taxonomy.counts()
        yield Check("categories", "ok", " / ".join(f"{value} {key}" for key, value in counts.items()))
        yield Check("places", "ok", _places(services))
        yield Check("known issues that ship", "ok", f"{len(services.known_issues)}")
        yield Check("words", "ok", f"{len(services.speech.words.sentences)} sentences")
    except ContentError as wrong:
        yield Check("content", "bad", str(wrong), "mend that line")
        return
    for name, path in (
        ("classifier", services.classifier_path),
        ("Rasa's model", bot_model(settings.data_dir)),
    ):
        fine = path.exists()
        yield Check(
            name, "ok" if fine else "bad", path.name if fine else "not trained", "" if fine else "run `jiesu train`"
        )
    yield _model_in_use(services)


def _places(services: bootstrap.Services) -> str:
    atlas = services.places()
    counts = [f"{len(atlas.gazetteer.divisions)} divisions", f"{len(atlas.gazetteer.places)} places"]
    if atlas.areas.codes:
        counts.append(f"{len(atlas.areas.codes)} boundaries")
    return ", ".join(counts)


def _model_in_use(services: bootstrap.Services) -> Check:
    name, models = "model of categories", services.models
    number, judge, why = models.learned()
    if why:
        found = f"the one that ships judges, not the one that was put to use: {why}"
        return Check(name, "warn", found, "then `jiesu classifier use` it, or `use --shipped` to leave it so")
    if judge is None:
        return Check(name, "ok", "the one that ships")
    about = read_about(models.kept.path(number))
    found = f"number {number}, learned from {about.rows:,} tickets on {about.made:%Y-%m-%d}"
    if about.content != fingerprint(rows(services.taxonomy, services.duties)):
        return Check(name, "ok", found, "the examples have changed since: `jiesu classifier fit` learns them too")
    return Check(name, "ok", found)


def _database(settings: Settings) -> Iterator[Check]:
    try:
        pending = database.pending_migrations(database.connect(settings.sql_url))
    except SQLAlchemyError as away:
        reason = str(away).splitlines()[0]
        yield Check(
            "database", "bad", f"{host_of(settings.sql_url)}: {reason}", "check JIESU_DATABASE_URL and the server"
        )
        return
    if pending:
        yield Check("database", "warn", "tables of another version", "run `jiesu migrate` (`jiesu up` does it too)")
    else:
        yield Check("database", "ok", f"{host_of(settings.sql_url)}, tables up to date")
        yield _contacts(settings)
        yield _desk(settings)
        yield from _timers(settings)
        yield from _known_issues(settings)


def _known_issues(settings: Settings) -> Iterator[Check]:
    with bootstrap.build(settings).unit_of_work() as tx:
        kept = tx.known_issues.all()
        counts = Counter(one.standing(today()) for one in kept)
        begun, feeds = tx.known_issues.version(), {one.key: one for one in tx.issue_feeds.all()}
    said = ", ".join(f"{counts[standing]:,} {standing}" for standing in Standing)
    examples = sum(one.example and one.standing(today()) is Standing.NOW for one in kept)
    if examples and settings.issues_examples:
        said += f"; {examples} of those now are invented examples, told until JIESU_ISSUES_EXAMPLES=false"
    yield Check("known issues", "ok", said if begun else "none yet: those that ship are taken over at the first start")
    if settings.issues_feed:
        yield _feed(settings, feeds.get(key_of(settings.issues_feed)))


def _feed(settings: Settings, state: FeedState | None) -> Check:
    name, host = "feed of known issues", host_of_feed(settings.issues_feed)
    if state is None or state.asked_at is None:
        return Check(name, "warn", f"{host}: not fetched yet", "the worker does it; `jiesu issues feed URL` at once")
    since = f", last good answer {moment(state.fine_at)}" if state.fine_at else ", no good answer yet"
    if state.problem:
        times = f"{state.failures} times in a row" if state.failures > 1 else "once"
        found = f"{host} failed {times}{since}: {state.problem}"
        return Check(name, "bad" if state.failures > 2 else "warn", found, "what it said last stays in force")
    late = timedelta(seconds=3 * settings.issues_feed_seconds + 60)
    if state.fine_at is None or bootstrap.now() - state.fine_at > late:
        return Check(name, "warn", f"{host}: nobody fetches it{since}", "is a worker running?")
    return Check(name, "ok", f"{host}: {state.entries:,} entries{since}")


def _calendar() -> Check:
    try:
        known = working_time.city().known_until()
    except ContentError as wrong:
        return Check("calendar", "bad", str(wrong), "mend that line")
    here = today()
    if known < here.year + (here.month >= WARN_FROM_MONTH):
        return Check("calendar", "warn", f"holidays known until {known}", MORE_DAYS)
    return Check("calendar", "ok", f"holidays and make-up days known until {known}")


def _timers(settings: Settings) -> Iterator[Check]:
    services = bootstrap.build(settings)
    try:
        state = services.clocks.calendar_state()
    except ContentError as wrong:
        yield Check("deadlines", "bad", str(wrong), "mend that line")
        return
    if state.provisional:
        found = (
            f"{state.provisional:,} are provisional: they reach beyond {state.known_until}, the last year with holidays"
        )
        yield Check("deadlines", "warn", found, MORE_DAYS)
    with services.unit_of_work() as tx:
        waiting = tx.timers.overdue(before=services.clock() - OVERDUE)
    if waiting:
        errors = ", ".join(sorted({f"{one.kind}: {one.last_error or 'not tried'}" for one in waiting}))
        found = f"{len(waiting)} due since {moment(waiting[0].at)} and not done ({errors})"
        yield Check("timers", "warn", found, "is a worker running? see `jiesu timers` and its log")


def _contacts(settings: Settings) -> Check:
    """Whether the keys that are there open what is sealed."""
    try:
        found = bootstrap.build(settings).keeping_contacts.check()
    except NeedsPerson as wrong:
        return Check("contacts", "bad", str(wrong), "restore the key from its copy")
    except (TryLater, SQLAlchemyError):
        return Check("contacts", "warn", "the database does not answer, or has no tables yet", "run `jiesu migrate`")
    said = f"sealed {sum(found.sealed.values())}, plain {found.plain}"
    if found.plain:
        return Check("contacts", "warn", said, "run `jiesu migrate`")
    return Check("contacts", "ok", said)


def _desk(settings: Settings) -> Check:
    """Whether citizens who want a person find one: hours, clerks, who waits, and calls whose time is over."""
    services, name = bootstrap.build(settings), "desk"
    try:
        desk, _ = services.desk, services.handing_over
    except ContentError as wrong:
        return Check(name, "bad", str(wrong), "mend that line")
    now = services.clock()
    with services.unit_of_work() as tx:
        waiting, calls = tx.handovers.waiting(), tx.call_backs.to_make()
        clerks = {one.name for one in tx.staff_tokens.list() if one.revoked_at is None and one.ends_at > now}
    opens = desk.opens(now)
    hours = "open" if desk.is_open(now) else f"opens {moment(opens)}" if opens else "never open"
    found = f"{hours}, {len(clerks)} clerks with a token, {len(waiting)} wait, {len(calls)} calls to make"
    late = [one for one in calls if one.ends and one.ends < now]
    if late:
        return Check(name, "warn", f"{found}, {len(late)} past their time", "see `jiesu handovers call-backs`")
    longest = max((desk.between(one.asked_at, now) for one in waiting), default=timedelta())
    if longest > WAITS_LONG:
        minutes = int(longest.total_seconds() // 60)
        return Check(name, "warn", f"{found}, the longest {minutes} minutes", "see `jiesu handovers list`")
    return Check(name, "ok", found, "" if clerks else "`jiesu staff token NAME` makes a clerk's token")


def _geocoder(settings: Settings, *, running: bool) -> Check:
    """Asks one question, if the parts run: without Redis none can be counted, and so none is asked."""
    geocoder, name = bootstrap.build(settings).geocoder, "map service"
    if geocoder is None or not running:
        return Check(name, "ok", f"{settings.geocoder}, not asked")
    try:
        if not geocoder.left():
            return Check(name, "warn", f"{settings.geocoder}: today's {settings.geocoder_daily_quota:,} are used up")
        geocoder.ping()
        left = geocoder.left()
    except NeedsPerson as refused:
        return Check(name, "bad", str(refused), "check JIESU_GEOCODER_… and the service's console")
    except TryLater as away:
        return Check(name, "warn", str(away), "without it the places that ship are used alone")
    return Check(name, "ok", f"{settings.geocoder} answers, {left:,} of {settings.geocoder_daily_quota:,} left today")


def _running(settings: Settings) -> Iterator[Check]:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    try:
        answer = httpx.get(f"http://{host}:{settings.port}/health", timeout=10, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        yield Check(
            "running", "warn", f"nothing answers on port {settings.port}", "start it with `make run` or `jiesu up`"
        )
        return
    for name, part in answer.get("parts", {}).items():
        fine = part.get("status") == "ok"
        found = f"{part.get('ms', 0)} ms" if fine else str(part.get("why", "down"))
        yield Check(
            f"part {name}", "ok" if fine else "bad", found, "" if fine else f"see {settings.data_dir}/logs/{name}.log"
        )
    stuck = answer.get("outbox", {}).get("stuck", 0)
    if stuck:
        yield Check("stuck", "warn", f"{stuck} waiting for a person", "see `jiesu stuck`")


def today() -> date:
    """The day in the city."""
    return bootstrap.now().astimezone(CITY_TIME).date()
