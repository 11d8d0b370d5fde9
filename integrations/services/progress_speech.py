"""What is said of a ticket: where it stands, who has it, until when; and what came of urging, adding, withdrawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import itemgetter

from integrations.services.following_up import Act, Lookup
from integrations.services.records import Bubble, Complaint, Option, Report
from integrations.services.speech import Speech, moment, payload
from integrations.services.supplementing import Added
from integrations.services.urging import Pressed, Urged
from integrations.services.withdrawing import TakenBack, Withdrawn
from kb import ticket_number
from kb.lifecycle import ALLOWED_MOVES, OPEN, STEP_OF, Holding, Move, Status, StatusChange, Step, holding
from kb.responsibility import main_unit
from kb.text import hide_personal, shortened

# Results that stand on the card in the unit's own words.
_ANSWERED = frozenset({Status.ANSWERED, Status.CLOSED, Status.RATED})
# Moves whose reason the timeline shows.
_REASONS = frozenset({Move.RETURNED, Move.EXTENDED, Move.REWORK, Move.ENDED})


@dataclass(frozen=True)
class ProgressSpeech:
    """Bubbles about tickets that are filed."""

    speech: Speech

    def progress(self, lookup: Lookup, *, now: datetime) -> Bubble:
        """Where the ticket of the look-up stands, in plain words, with its timeline and what can be done about it."""
        complaint, say = _of(lookup), self.speech.words.say
        held = holding(complaint.history)
        rows = [
            (say("followup.row_problem"), shortened(hide_personal(complaint.description), 60)),
            (say("followup.row_now"), say(f"status.{complaint.status}")),
            (say("followup.row_unit"), self._unit(complaint, held)),
        ]
        if held.helping:
            rows.append((say("followup.row_helping"), "、".join(held.helping)))
        if complaint.status in OPEN:
            rows.append((say("followup.row_due"), self._due(lookup, now)))
        rows += self._counted(lookup, held)
        if lookup.request_id:
            rows.append((say("followup.row_request"), lookup.request_id))
        result = next((one.note for one in reversed(complaint.history) if one.note and one.after in _ANSWERED), None)
        if result and complaint.status in _ANSWERED:
            rows.append((say("followup.row_result"), result))
        number = ticket_number.display(complaint.number)
        card = {
            "kind": "progress",
            "number": number,
            **_steps(complaint),
            "rows": [{"label": label, "value": value} for label, value in rows],
            "timeline": [self._line(complaint, one) for one in complaint.history],
        }
        late = complaint.status in OPEN and now > complaint.due_at
        key = "followup.progress_late" if late else "followup.progress_on"
        return Bubble(say(key, number=number), self._options(complaint), card)

    def timeline(self, complaint: Complaint, additions: Sequence[Report]) -> list[dict[str, str]]:
        """What has happened, with what the citizen has added, in the order of time."""
        moved = [(one.at, self._line(complaint, one)) for one in complaint.history]
        added = [(one.at, self._addition(one)) for one in additions]
        return [line for _, line in merge(moved, added, key=itemgetter(0))]

    def own_tickets(self, lookup: Lookup, act: Act = Act.CHECK) -> Bubble:
        """A citizen's own tickets to choose from, for what they want of it."""
        options = [
            Option(f"{_short(one)}（{self.speech.words.say(f'status.{one.status}')}）", payload(act, one.number))
            for one in lookup.own
        ]
        key = "followup.which_missed" if lookup.missed else f"followup.which_{act}"
        return self.speech.say(key, *options)

    def mistyped(self, lookup: Lookup, act: Act) -> Bubble:
        """What is wrong with a number, and the own ticket that was probably meant."""
        options = []
        if lookup.nearly:
            number = ticket_number.display(lookup.nearly)
            options.append(Option(self.speech.words.say("followup.nearly", number=number), payload(act, lookup.nearly)))
        return self.speech.say(f"followup.{lookup.found}", *options)

    # -- what came of it -------------------------------------------------------------------------------------

    def urged(self, urged: Urged) -> Bubble:
        """What happens next, and until when."""
        complaint = urged.complaint
        gaps: dict[str, object] = {
            **self._gaps(complaint),
            "count": urged.times,
            "again": moment(urged.again) if urged.again else "",
        }
        match urged.pressed:
            case Pressed.OVER:
                return self._over(f"followup.urge_over_{complaint.status}", complaint)
            case Pressed.TOO_SOON:
                key = "followup.urge_too_soon_late" if urged.late else "followup.urge_too_soon"
            case _ if complaint.status in (Status.FILED, Status.NEEDS_PERSON):
                key = f"followup.urged_{complaint.status}{'_late' if urged.late else ''}"
            case _:
                key = "followup.urged_late" if urged.late else "followup.urged"
        return self._say(key, gaps, self._see(complaint))

    def added(self, added: Added) -> Bubble:
        """Whether the unit hears of the addition."""
        return self._say(f"followup.added_{added.kept}", self._gaps(added.complaint), self._see(added.complaint))

    def ask_withdraw(self, look: Withdrawn) -> Bubble:
        """Asked back once: what would be taken back, and that it cannot be undone."""
        complaint = look.complaint
        key = "followup.sure_others" if look.others else "followup.sure"
        yes = self.speech.option("followup.sure_yes", f"{complaint.number}:yes", intent="withdraw")
        no = self.speech.option("followup.sure_no", f"{complaint.number}:no", intent="withdraw")
        return self._say(key, {**self._gaps(complaint), "others": look.others}, yes, no)

    def withdrawn(self, done: Withdrawn) -> Bubble:
        """That it is taken back, or why not."""
        if done.taken is TakenBack.OVER:
            return self._over(f"followup.withdraw_over_{done.complaint.status}", done.complaint)
        key = f"followup.withdrawn_{done.taken}" + ("_others" if done.others and done.taken is TakenBack.DONE else "")
        return self._say(key, {**self._gaps(done.complaint), "others": done.others})

    def ask_addition(self, complaint: Complaint) -> Bubble:
        """Which words are to be added."""
        return self._say("followup.ask_addition", self._gaps(complaint))

    def not_withdrawn(self, complaint: Complaint) -> Bubble:
        """That everything stays as it is."""
        return self._say("followup.not_withdrawn", self._gaps(complaint), self._see(complaint))

    # -- parts -----------------------------------------------------------------------------------------------

    def _over(self, key: str, complaint: Complaint) -> Bubble:
        """Nothing can be done about it any more; where it is closed and not solved, that can be said."""
        options = [self._see(complaint)]
        if complaint.status is Status.CLOSED:
            unsolved = f"{complaint.number}:solved:no"
            options.insert(0, self.speech.option("followup.not_solved", unsolved, intent="rate"))
        return self._say(key, self._gaps(complaint), *options)

    def _say(self, key: str, gaps: dict[str, object], *options: Option) -> Bubble:
        wanted = self.speech.words.gaps(key)
        return self.speech.say(key, *options, **{gap: gaps[gap] for gap in wanted})

    def _see(self, complaint: Complaint) -> Option:
        return self.speech.option("followup.see_progress", complaint.number, intent="check_progress")

    def _gaps(self, complaint: Complaint) -> dict[str, object]:
        return {
            "number": ticket_number.display(complaint.number),
            "problem": _short(complaint, 30),
            "unit": self._unit(complaint, holding(complaint.history)),
            "due": moment(complaint.due_at),
        }

    def _unit(self, complaint: Complaint, held: Holding) -> str:
        if held.main is None and complaint.status in (Status.RETURNED, Status.NEEDS_PERSON):
            return self.speech.words.say("followup.unit_open")
        return held.main or main_unit(self.speech.taxonomy.leaf(complaint.category), complaint.place)

    def _due(self, lookup: Lookup, now: datetime) -> str:
        complaint, say = _of(lookup), self.speech.words.say
        said = moment(complaint.due_at)
        if any(one.kind is Move.EXTENDED for one in complaint.history):
            said += say("followup.due_extended")
        if now > complaint.due_at:
            said += say("followup.due_late")
        elif lookup.provisional:
            said += say("followup.due_provisional")
        return said

    def _counted(self, lookup: Lookup, held: Holding) -> list[tuple[str, str]]:
        say = self.speech.words.say
        counts = (
            ("returned", held.returns, held.returns),
            ("together", lookup.people, lookup.people - 1),
            ("urged", lookup.times_urged, lookup.times_urged),
            ("added", lookup.additions, lookup.additions),
        )
        return [
            (say(f"followup.row_{what}"), say(f"followup.{what}_count", count=count))
            for what, count, shown in counts
            if shown > 0
        ]

    def _line(self, complaint: Complaint, change: StatusChange) -> dict[str, str]:
        gaps = {
            "unit": change.unit or main_unit(self.speech.taxonomy.leaf(complaint.category), complaint.place),
            "due": moment(change.due_at or complaint.due_at),
        }
        key = f"timeline.{change.kind}"
        text = self.speech.words.say(key, **{gap: gaps[gap] for gap in self.speech.words.gaps(key)})
        if change.kind in _REASONS and change.note:
            text += f"：{shortened(hide_personal(change.note), 60)}"
        if change.photos:  # their addresses are the department's: nobody's browser is sent there
            text += self.speech.words.say("followup.unit_photos", count=len(change.photos))
        return {"at": moment(change.at), "text": text}

    def _addition(self, report: Report) -> dict[str, str]:
        said, photos, words = shortened(hide_personal(report.text), 60), len(report.photos), self.speech.words
        if said and photos:
            text = words.say("tickets.added_both", text=said, count=photos)
        elif photos:
            text = words.say("tickets.added_photos", count=photos)
        else:
            text = words.say("tickets.added_words", text=said) if said else words.say("tickets.added_place")
        return {"at": moment(report.at), "text": text}

    def _options(self, complaint: Complaint) -> tuple[Option, ...]:
        """What the citizen can do about it now."""
        number, options = complaint.number, []
        if complaint.status in OPEN:
            options.append(self.speech.option("followup.do_urge", number, intent="urge"))
            options.append(self.speech.option("followup.do_supplement", number, intent="supplement"))
        if Move.WITHDRAWN in ALLOWED_MOVES[complaint.status]:
            options.append(self.speech.option("followup.do_withdraw", number, intent="withdraw"))
        return tuple(options)


def _steps(complaint: Complaint) -> dict[str, object]:
    """The seven steps and which one it stands at; none for what was taken back, which went through none of the rest."""
    if complaint.status is Status.WITHDRAWN:
        return {"steps": [], "step": 0}
    return {"steps": [step.value for step in Step], "step": list(Step).index(STEP_OF[complaint.status]) + 1}


def _of(lookup: Lookup) -> Complaint:
    if lookup.complaint is None:
        raise ValueError("a look-up without a ticket has no progress")
    return lookup.complaint


def _short(complaint: Complaint, limit: int = 20) -> str:
    return shortened(hide_personal(complaint.description), limit)
