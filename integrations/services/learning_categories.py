"""Learning the categories from the city's own closed tickets, and changing the model that judges."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from integrations.services.errors import Rejected, TryLater
from integrations.services.ports import Clock
from kb import examples, learning
from kb.content_files import shown
from kb.current import Models
from kb.kept_models import SHIPPED, Use
from kb.learned import (
    About,
    Comparison,
    Learned,
    ModelError,
    Source,
    dump_held_out,
    may_write,
    read_held_out,
    write,
)
from kb.learning import Lessons, Steps
from kb.measures import Figures, Judged, figures
from kb.referrals import PREFIX
from kb.text import folded
from kb.tickets import Kind, Ticket, Tickets, known_codes, read_map, read_tickets, with_enough_rows
from kb.training import Judge, kept_library, rows, units_of
from kb.vectors import Unavailable

# So many rows that the model in use has not seen make a comparison.
LEAST_COMPARED = 30
# So much worse at the responsible unit is not put to use without --anyway: one point.
WORSE = 0.01
REPORT_FOLDS = 3


def silent(_step: str, _done: int, _all: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Evaluation:
    """A model's figures on rows with known labels. `units` is None for the city's own labels."""

    about: str
    judged: tuple[Judged, ...]
    figures: Figures
    units: Mapping[str, str] | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LearningCategories:
    """The use case. `folder` is where the installation keeps its models."""

    models: Models
    folder: Path
    clock: Clock

    # -- learning --------------------------------------------------------------------------------------------

    def fit(
        self,
        data: Path,
        out: Path,
        *,
        mapping: Path | None = None,
        folds: int = 5,
        vectors: bool = True,
        force: bool = False,
        steps: Steps = silent,
        say: Callable[[str], None] = lambda _note: None,
    ) -> About:
        """Learn from a `text,label` file, check on held-out folds, write the folder `out` whole or not at all.

        Raises FileProblems, ModelError or TooFew for what the person can mend, TryLater without the embedder.
        """
        may_write(out, force=force)
        tickets = with_enough_rows(self._tickets(data, mapping))
        notes = list(tickets.notes)
        if vectors and self.models.embedder is None:
            notes.append("no embedder on this machine: learned from words alone")
        for note in notes:
            say(note)
        lessons = self._lessons(tickets, vectors=vectors, steps=steps)
        judged = learning.cross_validate(lessons, folds, steps)
        compared = self._compared(tickets, lessons, judged, steps, notes, say)
        steps("learning from all of it", 0, 1)
        model = learning.fit(lessons, range(len(lessons.rows)))
        steps("learning from all of it", 1, 1)
        about = About(
            format=1,
            made=self.clock(),
            kind=tickets.kind,
            source=Source(name=data.name, sha256=tickets.sha256),
            map=_source(mapping),
            rows=len(tickets.rows),
            labels=tickets.counts,
            notes=tuple(notes),
            classes=tuple(model.classes),
            embedder=lessons.space.embedder if lessons.space else None,
            content=self._content(),
            folds=folds,
            figures=figures(judged, lessons.units),
            compared=compared,
            salt="",
            files={},
        )
        return write(out, about, model, lessons.space, judged, [row.text for row in tickets.rows], force=force)

    def _tickets(self, data: Path, mapping: Path | None, *columns: str) -> Tickets:
        known = known_codes(self.models.taxonomy, self.models.duties)
        return read_tickets(data, known, read_map(mapping, known) if mapping else None, label=columns or ("label",))

    def _lessons(self, tickets: Tickets, *, vectors: bool, steps: Steps) -> Lessons:
        embedder = self.models.embedder if vectors else None
        always, units = [], None
        if tickets.kind is Kind.CODES:
            always = list(rows(self.models.taxonomy, self.models.duties))
            units = units_of(self.models.taxonomy)
        try:
            return learning.prepare(
                tickets.rows,
                units=units,
                always=always,
                embedder=embedder,
                library=kept_library(self.folder, embedder),
                steps=steps,
            )
        except Unavailable as away:
            raise TryLater(f"{away}; `--no-vectors` learns from words alone") from away

    def _compared(
        self,
        tickets: Tickets,
        lessons: Lessons,
        judged: Sequence[Judged],
        steps: Steps,
        notes: list[str],
        say: Callable[[str], None],
    ) -> Comparison | None:
        """The same rows by the model in use, as far as it has not learned from them. None for own labels."""
        if lessons.units is None:
            return None
        number, judge, why = self._in_use(steps)
        if why:
            say(why)
        seen = self._seen(number)
        new = [at for at, row in enumerate(tickets.rows) if not seen(row.text)]
        if len(new) < LEAST_COMPARED:
            notes.append(f"not compared: the model in use has learned from all but {len(new)} of these rows")
            say(notes[-1])
            return None
        there = learning.judge_rows(
            judge,
            [tickets.rows[at] for at in new],
            None if lessons.raw is None else lessons.raw[new],
            lambda done, every: steps("asking the model in use", done, every),
        )
        return Comparison(
            model=number,
            seen=len(tickets.rows) - len(new),
            here=figures([judged[at] for at in new], lessons.units),
            there=figures(there, lessons.units),
        )

    def _in_use(self, steps: Steps) -> tuple[int, Judge, str | None]:
        steps("getting the model in use ready", 0, 1)
        try:
            found = self.models.in_use()
        except Unavailable as away:
            raise TryLater(str(away)) from away
        steps("getting the model in use ready", 1, 1)
        return found

    def _seen(self, number: int) -> Callable[[str], bool]:
        ships = {folded(text) for text, _ in rows(self.models.taxonomy, self.models.duties)}
        if number == SHIPPED:
            return lambda text: folded(text) in ships
        learned = self.models.kept.load(number, None)
        return lambda text: folded(text) in ships or learned.has_seen(text)

    def _content(self) -> str:
        return examples.fingerprint(rows(self.models.taxonomy, self.models.duties))

    # -- measuring -------------------------------------------------------------------------------------------

    def evaluate(
        self, data: Path, *, model: Path | None = None, mapping: Path | None = None, steps: Steps = silent
    ) -> Evaluation:
        """The figures of the model in a folder, or of the one in use, on a `text,label` or `text,code` file.

        Raises Rejected when the labels of the file are of another kind than the model's.
        """
        learned = Learned.load(model, self.models.embedder) if model else None
        tickets = self._tickets(data, mapping, "label", "code")
        kind = learned.kind if learned else Kind.CODES
        if tickets.kind is not kind:
            how = "give `--map MAP.csv`" if kind is Kind.CODES else "give another file, or another model"
            raise Rejected(f"{shown(data)} has {tickets.kind.said}, the model has {kind.said}: {how}")
        if learned and kind is Kind.OWN:
            return self._of_labels(learned, tickets, steps)
        judge = learned.judge(self.models.taxonomy, self.models.duties) if learned else self._in_use(steps)[1]
        judged = learning.judge_rows(judge, tickets.rows, None, lambda n, m: steps("judging", n, m))
        units = units_of(self.models.taxonomy)
        return Evaluation(data.name, tuple(judged), figures(judged, units), units, self._notes(tickets, learned))

    def _of_labels(self, learned: Learned, tickets: Tickets, steps: Steps) -> Evaluation:
        known = set(learned.about.classes)
        strange = sorted(set(tickets.counts) - known)
        if len(strange) == len(tickets.counts):
            raise Rejected(f"{shown(tickets.path)}: none of its labels is known to the model ({strange[0]!r} …)")
        judged = []
        for number, row in enumerate(tickets.rows, 1):
            judged.append(learning.judged_label(learned.about.classes, row.label, learned.chances(row.text)))
            if number % 50 == 0 or number == len(tickets.rows):
                steps("judging", number, len(tickets.rows))
        notes = self._notes(tickets, learned)
        if strange:
            lost = sum(tickets.counts[label] for label in strange)
            notes = (*notes, f"{lost} rows count as wrong: the model does not know {'、'.join(strange[:10])}")
        return Evaluation(tickets.path.name, tuple(judged), figures(judged), None, notes)

    def _notes(self, tickets: Tickets, learned: Learned | None) -> tuple[str, ...]:
        if learned is None:
            number = self.models.learned()[0]
            learned = self.models.kept.load(number, None) if number else None
        seen = sum(learned.has_seen(row.text) for row in tickets.rows) if learned else 0
        if not seen:
            return tickets.notes
        return (*tickets.notes, f"the model has learned from {seen} of these rows: its figures read too well")

    def report(self, steps: Steps = silent) -> Evaluation:
        """How the model in use judged rows that were held out when it was fitted.

        For the model that ships: its own examples in three folds, computed once for each state of the content.
        """
        number, _, why = self.models.learned()
        if number:
            judged, about = read_held_out(self.models.kept.path(number)), f"model {number}, its held-out tickets"
        else:
            judged = self._held_out_examples(steps)
            about = "the model that ships, on its own examples held out; each is unlike the others on purpose"
        units = units_of(self.models.taxonomy)
        return Evaluation(about, tuple(judged), figures(judged, units), units, (why,) if why else ())

    def _held_out_examples(self, steps: Steps) -> list[Judged]:
        embedder = self.models.embedder
        kept = self.folder / f"report-{self._content()}-{embedder.name if embedder else 'words-only'}"
        try:
            return read_held_out(kept)
        except ModelError:
            pass  # not computed yet for this content
        said = examples.read_examples(self.models.taxonomy)
        said += [(text, PREFIX + duty.key) for duty in self.models.duties.values() for text in duty.examples]
        mine = set(said)
        always = [row for row in rows(self.models.taxonomy, self.models.duties) if row not in mine]
        held = [Ticket(0, text, label) for text, label in said if label in _classes(always)]
        library = kept_library(self.folder, embedder)
        try:
            lessons = learning.from_examples(held, always, units_of(self.models.taxonomy), embedder, library, steps)
        except Unavailable as away:
            raise TryLater(str(away)) from away
        judged = learning.cross_validate(lessons, REPORT_FOLDS, steps)
        kept.mkdir(parents=True, exist_ok=True)
        part = kept / "held-out.part"
        part.write_text(dump_held_out(judged), encoding="utf-8")
        part.replace(kept / "held-out.json")
        return judged

    # -- putting to use --------------------------------------------------------------------------------------

    def use(self, folder: Path, *, anyway: bool = False) -> Use:
        """Put a fitted model to use. Raises ModelError or Rejected when it cannot be, or is worse than before."""
        learned = Learned.load(folder, self.models.embedder)
        learned.judge(self.models.taxonomy, self.models.duties)
        if learned.about.embedder is not None and learned.embedder is None:
            here = self.models.embedder.name if self.models.embedder else "none"
            raise Rejected(
                f"{folder}: learned with the embedder {learned.about.embedder}; this installation has {here}"
            )
        compared = learned.about.compared
        if compared and compared.unit_difference < -WORSE and not anyway:
            raise Rejected(
                f"{folder}: sends {-compared.unit_difference:.1%} fewer complaints to the right unit than the model "
                f"that was in use ({compared.here.unit_accuracy:.1%} against {compared.there.unit_accuracy:.1%} "
                f"on {compared.here.rows} rows); `--anyway` uses it all the same"
            )
        return self.models.kept.use(folder, at=self.clock(), command="use --anyway" if anyway else "use")

    def back(self) -> Use:
        """Put the model to use that was in use before this one. Raises NoWayBack, or ModelError when it is damaged."""
        before = self.models.kept.before()
        if before and before.number:
            self.models.judge(before.number)
        return self.models.kept.back(at=self.clock(), command="use --back")

    def use_shipped(self) -> Use:
        """Put the model that ships to use."""
        return self.models.kept.use_shipped(at=self.clock(), command="use --shipped")


def _classes(always: Sequence[tuple[str, str]]) -> frozenset[str]:
    return frozenset(label for _, label in always)


def _source(path: Path | None) -> Source | None:
    if path is None:
        return None
    return Source(name=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
