"""The clocks of complaints: set at filing, moved by extensions, stopped at the end, and heard in between.

Each complaint has one timer, for the next thing that its clock will say: yellow, red, or up one level. A worker that
comes late says everything that it missed, each once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint
from integrations.services.timer_records import Kept, TimerRow, Warned, WarningKind
from integrations.services.timing import CITY
from kb import clocks
from kb.clocks import Colour
from kb.deadline_rules import DeadlineRules
from kb.lifecycle import OPEN, Move, Status, StatusChange, holding
from kb.responsibility import main_unit
from kb.taxonomy import Taxonomy, Urgency
from kb.working_time import CITY_TIME, WorkingTime

log = logging.getLogger(__name__)

DEADLINE, RECOUNT, CALENDAR = "deadline", "recount", "calendar"
"""Kinds of timers: of one complaint's clock; of counting provisional deadlines again; of the daily look."""
AT_ONCE = 200
# The notice about next year's holidays is out by then, and deadlines begin to reach over New Year.
WARN_FROM_MONTH = 12


@dataclass(frozen=True, slots=True)
class Late:
    """A complaint that is yellow or red, or has got more time than the rule allows (`over`).

    `who` must hear of it: the unit, or whoever stands at `level`. `people` counts the citizens of its incident;
    those who joined it have no line of their own. Times are aware.
    """

    number: str
    category: str
    unit: str
    colour: Colour
    level: int
    who: str
    due_at: datetime
    people: int
    extensions: int
    over: bool
    provisional: bool


@dataclass(frozen=True, slots=True)
class CalendarState:
    """What is known of the calendar: the last year with holidays, and how many open deadlines go beyond what is."""

    known_until: int
    provisional: int


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """The use case. `calendar` gives the working time of the city."""

    unit_of_work: UnitOfWork
    clock: Clock
    taxonomy: Taxonomy
    rules: DeadlineRules
    calendar: Callable[[], WorkingTime]

    # -- setting -----------------------------------------------------------------------------------------------

    def promised(self, category: str, urgency: Urgency, start: datetime) -> datetime:
        """When an answer is due to what is filed at `start` under that leaf."""
        return clocks.promised(start, self.taxonomy.leaf(category).deadline, urgency, self.calendar())

    def start(self, tx: Transaction, complaint: Complaint, now: datetime) -> None:
        """Set the clock of a complaint that has just been filed."""
        self._say(tx, complaint, self._begun(tx, complaint), now)

    def moved(self, tx: Transaction, complaint: Complaint, change: StatusChange, now: datetime) -> None:
        """What a move means for the clock: more time, a stop at the end, a new start for a re-check."""
        if change.kind is Move.EXTENDED:
            self._extended(tx, complaint, now)
        elif change.after is Status.RECHECKING and change.before is not Status.RECHECKING:
            self._restart(tx, complaint, now, now)
        elif complaint.status not in OPEN:
            self._stop(tx, complaint.id, now)

    def _extended(self, tx: Transaction, complaint: Complaint, now: datetime) -> None:
        """The unit's own date holds, whatever the rule says; going beyond the rule is told at once."""
        kept = self._begun(tx, complaint)
        leaf, after = self.taxonomy.leaf(complaint.category), complaint.due_at
        rule = self.rules.extension(leaf.code, complaint.urgency)
        times, calendar = kept.extensions, self.calendar()
        over = clocks.over_the_rule(
            rule, leaf.deadline, before=kept.due_at, after=after, times=times, calendar=calendar
        )
        tx.deadlines.extended(complaint.id, after)
        tx.warnings.lift(complaint.id, now)
        if over:
            log.warning("deadline extended over the rule: complaint=%s %s", complaint.id, over)
            tx.warnings.give(Warned(complaint.id, WarningKind.OVER, 0, after, now))
        self._say(tx, complaint, replace(kept, due_at=after, extensions=times + 1, provisional=False), now)

    def _restart(self, tx: Transaction, complaint: Complaint, start: datetime, now: datetime) -> None:
        kept = self._begun(tx, complaint)
        due_at = self.promised(complaint.category, complaint.urgency, start)
        provisional = self._provisional(complaint, start, due_at)
        tx.deadlines.restart(complaint.id, start, due_at, provisional=provisional)
        if due_at != kept.due_at:
            tx.warnings.lift(complaint.id, now)
        kept = replace(kept, started_at=start, due_at=due_at, provisional=provisional, stopped_at=None)
        self._say(tx, replace(complaint, due_at=due_at), kept, now)

    def _stop(self, tx: Transaction, complaint_id: str, now: datetime) -> None:
        # in the order of `ring`, so that the two never wait for each other
        tx.deadlines.stop(complaint_id, now)
        tx.warnings.lift(complaint_id, now)
        tx.timers.cancel(DEADLINE, complaint_id)

    def _begun(self, tx: Transaction, complaint: Complaint) -> Kept:
        if kept := tx.deadlines.of_complaint(complaint.id):
            return kept
        start, due_at = complaint.filed_at, complaint.due_at
        kept = Kept(complaint.id, start, due_at, provisional=self._provisional(complaint, start, due_at))
        tx.deadlines.begin(complaint.id, start, due_at, provisional=kept.provisional)
        return kept

    def _provisional(self, complaint: Complaint, start: datetime, due_at: datetime) -> bool:
        deadline = self.taxonomy.leaf(complaint.category).deadline
        return clocks.provisional(start, due_at, clocks.unit_of(deadline, complaint.urgency), self.calendar())

    # -- hearing -----------------------------------------------------------------------------------------------

    def ring(self, tx: Transaction, row: TimerRow, now: datetime) -> None:
        """The handler of DEADLINE: say what the clock says by now, and set the timer for what comes next."""
        tx.deadlines.hold(row.subject)  # who ends the complaint in this moment waits, and lifts what is said here
        complaint = tx.complaints.get(row.subject)
        if complaint is None or complaint.status not in OPEN:
            self._stop(tx, row.subject, now)
            return
        self._say(tx, complaint, self._begun(tx, complaint), now)

    def _say(self, tx: Transaction, complaint: Complaint, kept: Kept, now: datetime) -> None:
        for step in self._steps(complaint, kept):
            if step.at > now:
                tx.timers.set(DEADLINE, complaint.id, step.at)
                return
            kind = WarningKind.ESCALATED if step.level else WarningKind(step.colour)
            if tx.warnings.give(Warned(complaint.id, kind, step.level, kept.due_at, now)):
                # who joined an incident is warned of by its first complaint
                log.log(
                    logging.INFO if complaint.joined else logging.WARNING,
                    "deadline %s: complaint=%s level=%s unit=%s due=%s",
                    *(kind, complaint.id, step.level, self._unit(complaint), f"{kept.due_at:%Y-%m-%dT%H:%MZ}"),
                )
        tx.timers.cancel(DEADLINE, complaint.id)

    def _steps(self, complaint: Complaint, kept: Kept) -> Sequence[clocks.Step]:
        unit = clocks.unit_of(self.taxonomy.leaf(complaint.category).deadline, complaint.urgency)
        levels = self.rules.escalation[complaint.urgency]
        return clocks.steps(kept.started_at, kept.due_at, unit, levels, self.calendar())

    def _unit(self, complaint: Complaint) -> str:
        return holding(complaint.history).main or main_unit(self.taxonomy.leaf(complaint.category), complaint.place)

    # -- years without holidays ----------------------------------------------------------------------------------

    def look_at_calendar(self, tx: Transaction, _row: TimerRow, now: datetime) -> None:
        """Daily: say loudly which deadlines were counted without holidays; count them again where those have come."""
        calendar, here = self.calendar(), now.astimezone(CITY_TIME)
        waiting = tx.deadlines.count_provisional()
        soon = here.year + (here.month >= WARN_FROM_MONTH)
        if waiting or not calendar.known_year(soon):
            log.warning(
                "holidays are known until %s: %s open deadlines are provisional; "
                "update chinesecalendar or give the days in kb/content/working_days.yml",
                *(calendar.known_until(), waiting),
            )
        if waiting:
            tx.timers.set(RECOUNT, CITY, now)

    def recount(self, tx: Transaction, _row: TimerRow, now: datetime) -> None:
        """The handler of RECOUNT: count provisional deadlines again whose years are known now, some at a time."""
        ready = [one for one in tx.deadlines.provisional() if self._known_now(one)]
        for kept in ready[:AT_ONCE]:
            complaint = tx.complaints.get(kept.complaint_id)
            if complaint is None or complaint.status not in OPEN:
                self._stop(tx, kept.complaint_id, now)
                continue
            self._restart(tx, complaint, kept.started_at, now)
            log.info("deadline counted again: complaint=%s was=%s", complaint.id, kept.due_at)
        if len(ready) > AT_ONCE:
            tx.timers.set(RECOUNT, CITY, now)

    def _known_now(self, kept: Kept) -> bool:
        return not self.calendar().unknown_years(kept.started_at, kept.due_at)

    def calendar_state(self) -> CalendarState:
        """What `jiesu doctor` and /health tell."""
        with self.unit_of_work() as tx:
            return CalendarState(self.calendar().known_until(), tx.deadlines.count_provisional())

    # -- the list ----------------------------------------------------------------------------------------------

    def late(self) -> list[Late]:
        """All that is yellow, red or over the rule, the earliest deadline first."""
        with self.unit_of_work() as tx:
            found = list(self._late(tx))
        return sorted(found, key=lambda one: (one.due_at, one.number))

    def _late(self, tx: Transaction) -> Iterator[Late]:
        given: dict[str, list[Warned]] = {}
        for one in tx.warnings.standing():
            given.setdefault(one.complaint_id, []).append(one)
        complaints = [one for one in (tx.complaints.get(key) for key in given) if one and one.status in OPEN]
        led = {one.incident_id for one in complaints if not one.joined}
        for complaint in complaints:
            # a warning that was given while the date moved is about a date that holds no more
            mine = [one for one in given[complaint.id] if one.due_at == complaint.due_at]
            if mine and not (complaint.joined and complaint.incident_id in led):
                yield self._line(tx, complaint, mine)

    def _line(self, tx: Transaction, complaint: Complaint, given: Sequence[Warned]) -> Late:
        kept, kinds = tx.deadlines.of_complaint(complaint.id), {one.kind for one in given}
        level = max(one.level for one in given)
        red = kinds & {WarningKind.RED, WarningKind.ESCALATED}
        yellow = Colour.YELLOW if WarningKind.YELLOW in kinds else Colour.GREEN
        unit, whole = self._unit(complaint), tx.incidents.recent(complaint.incident_id)
        return Late(
            number=complaint.number,
            category=self.taxonomy.leaf(complaint.category).name,
            unit=unit,
            colour=Colour.RED if red else yellow,
            level=level,
            who=self.rules.levels.get(level, unit),
            due_at=complaint.due_at,
            people=whole.people if whole else 1,
            extensions=kept.extensions if kept else 0,
            over=WarningKind.OVER in kinds,
            provisional=bool(kept and kept.provisional),
        )
