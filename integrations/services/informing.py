"""What the city is already dealing with: which known issue a report is about, and how staff keep the list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from integrations.services.errors import Rejected
from integrations.services.issue_records import CLERK, KeptIssue, Origin, Standing
from integrations.services.ports import Clock, Transaction, UnitOfWork
from kb.deadlines import CITY_TIME
from kb.known_issues import KnownIssue, all_applying
from kb.places import Place


@dataclass(frozen=True, slots=True)
class Changes:
    """What taking entries in changes, or would change. `ended` are those that stay ended all the same."""

    added: tuple[KnownIssue, ...] = ()
    changed: tuple[KnownIssue, ...] = ()
    same: tuple[KnownIssue, ...] = ()
    ended: tuple[KeptIssue, ...] = ()


@dataclass(frozen=True, slots=True)
class _Copy:
    """The known issues of a day as one version had them."""

    version: int
    on: date
    issues: tuple[KnownIssue, ...]


@dataclass(kw_only=True)
class Informing:
    """The use case, for one process. What ships is taken over once, when the list is new; `shipped` gives it.

    What ships are examples with invented facts: where `examples` is False they are kept, and told to nobody.

    Each question first asks the database whether its copy is still the latest, which is one row: an entry that was
    ended is not told any more from that moment on, by no process.
    """

    unit_of_work: UnitOfWork
    reading: UnitOfWork
    clock: Clock
    shipped: Callable[[], Sequence[KnownIssue]]
    examples: bool = True
    _copy: _Copy | None = field(default=None, init=False, repr=False)

    # -- for citizens ----------------------------------------------------------------------------------------

    def in_force(self, on: date | None = None) -> tuple[KnownIssue, ...]:
        """What may be told on that day, today in the city if none is given."""
        day = on or self.today()
        with self.reading() as tx:
            if version := tx.known_issues.version():
                return self._told_on(tx, version, day, to_keep=on is None)
        with self.unit_of_work() as tx:
            return self._told_on(tx, self._take_over(tx), day, to_keep=on is None)

    def _told_on(self, tx: Transaction, version: int, day: date, *, to_keep: bool) -> tuple[KnownIssue, ...]:
        copy = self._copy
        if copy is None or (copy.version, copy.on) != (version, day):
            issues = tuple(one.issue for one in tx.known_issues.in_force(day) if self.examples or not one.example)
            copy = _Copy(version, day, issues)
            if to_keep:
                self._copy = copy
        return copy.issues

    def all_applying(self, *, code: str, place: Place | None) -> tuple[KnownIssue, ...]:
        """What is known today of such a problem at that place, the most particular first."""
        day = self.today()
        return all_applying(self.in_force(), code=code, place=place, on=day)

    def applying(self, *, code: str, place: Place | None) -> KnownIssue | None:
        """The most particular of those that are told before the form."""
        return next((one for one in self.all_applying(code=code, place=place) if not one.with_ticket), None)

    def with_ticket(self, *, code: str, place: Place | None) -> KnownIssue | None:
        """The most particular of those that are told with the ticket."""
        return next((one for one in self.all_applying(code=code, place=place) if one.with_ticket), None)

    def issue(self, issue_id: str | None) -> KnownIssue | None:
        """The issue with this id; None once it is over or ended."""
        return next((one for one in self.in_force() if one.id == issue_id), None) if issue_id else None

    # -- for staff -------------------------------------------------------------------------------------------

    def add(self, issue: KnownIssue) -> KeptIssue:
        """Add one that a clerk typed in. Raises Rejected where its id is taken."""
        with self.changing() as tx:
            if tx.known_issues.get(issue.id):
                raise Rejected(f"{issue.id} is there already; `jiesu issues import` changes it, or choose another id")
            now = self.clock()
            made = KeptIssue(issue, Origin.CLERK, now, now)
            tx.known_issues.save([made])
        return made

    def free_id(self) -> str:
        """An id for a new entry: the day and a number."""
        with self.unit_of_work() as tx:
            taken = {one.issue.id for one in tx.known_issues.all()}
        day = f"{self.today():%Y%m%d}"
        return next(made for n in range(1, len(taken) + 2) if (made := f"C-{day}-{n}") not in taken)

    def take_in(self, issues: Sequence[KnownIssue], *, reopen: bool = False, dry_run: bool = False) -> Changes:
        """Add the entries of a file, or update those with the same ids; others stay as they are.

        One that was ended stays so unless `reopen`. Raises Rejected, and changes nothing, where an entry is a feed's.
        """
        with self.changing() as tx:
            known = {one.issue.id: one for one in tx.known_issues.all()}
            if feeds := [one.id for one in issues if one.id in known and known[one.id].feed]:
                raise Rejected(f"{', '.join(feeds[:10])}: kept by a feed; change it there, or choose another id")
            changes, kept = _merged(issues, known, Origin.FILE, at=self.clock(), reopen=reopen)
            if kept and not dry_run:
                tx.known_issues.save(kept)
        return changes

    def end(self, ids: Sequence[str], *, why: str, on: date | None = None) -> list[KeptIssue]:
        """Stop telling them from that day on, from this moment if none is given.

        Raises Rejected, and changes nothing, for an id that is not there or ends before that day by itself.
        """
        day = on or self.today()
        with self.changing() as tx:
            kept = [_there(tx.known_issues.get(issue_id), issue_id) for issue_id in dict.fromkeys(ids)]
            for one in kept:
                if one.issue.ends < day or (one.ended_on is not None and one.ended_on <= day):
                    raise Rejected(f"{one.issue.id} ends by itself before {day}: {_last_day(one)}")
            now = self.clock()
            done = [replace(one, ended_on=day, ended_why=why, ended_by=CLERK, changed_at=now) for one in kept]
            if done:
                tx.known_issues.save(done)
        return done

    def listed(self) -> Sequence[KeptIssue]:
        """Every entry, by first day and id."""
        with self.unit_of_work() as tx:
            _ = tx.known_issues.version() or self._take_over(tx)
            return tx.known_issues.all()

    def get(self, issue_id: str) -> KeptIssue:
        """The entry with its history. Raises Rejected where there is none."""
        return next((one for one in self.listed() if one.issue.id == issue_id), None) or _there(None, issue_id)

    def today(self) -> date:
        """The day in the city."""
        return self.clock().astimezone(CITY_TIME).date()

    # -- the first start -------------------------------------------------------------------------------------

    @contextmanager
    def changing(self) -> Iterator[Transaction]:
        """A transaction that nobody else's change can come between; what ships is there."""
        with self.unit_of_work() as tx:
            _ = tx.known_issues.lock() or self._take_over(tx)
            yield tx

    def _take_over(self, tx: Transaction) -> int:
        """Keep what ships, unless another process was first; gives the version."""
        if version := tx.known_issues.lock():
            return version
        now = self.clock()
        tx.known_issues.save([KeptIssue(one, Origin.CONTENT, now, now) for one in self.shipped()])
        return tx.known_issues.version()


def _merged(
    issues: Sequence[KnownIssue], known: dict[str, KeptIssue], origin: Origin, *, at: datetime, reopen: bool
) -> tuple[Changes, list[KeptIssue]]:
    added, changed, same, ended, kept = [], [], [], [], []
    for issue in issues:
        old = known.get(issue.id)
        if old is None:
            added.append(issue)
            kept.append(KeptIssue(issue, origin, at, at))
            continue
        new = replace(old, issue=issue, origin=origin if issue != old.issue else old.origin)
        if reopen:
            new = replace(new, ended_on=None, ended_why=None, ended_by=None)
        elif new.ended_on is not None:
            ended.append(new)
        if new == old:
            same.append(issue)
        else:
            changed.append(issue)
            kept.append(replace(new, changed_at=at))
    return Changes(tuple(added), tuple(changed), tuple(same), tuple(ended)), kept


def _there(kept: KeptIssue | None, issue_id: str) -> KeptIssue:
    if kept is None:
        raise Rejected(f"no known issue {issue_id!r}; `jiesu issues list --all` shows them")
    return kept


def _last_day(kept: KeptIssue) -> str:
    if kept.ended_on is not None:
        return f"{Standing.ENDED} on {kept.ended_on}"
    return f"its last day is {kept.issue.ends}"
