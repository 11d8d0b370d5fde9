"""A re-check (复核) as a state machine: opened by a dissatisfied citizen, decided by another person than who closed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kb.satisfaction.checklists import CheckLists, Item
from kb.text import folded


class State(StrEnum):
    """Where a re-check stands. SOLVED is told and asked about again; REDONE goes back to the unit; ENDED is final."""

    OPEN = "open"
    SOLVED = "solved"
    REDONE = "redone"
    ENDED = "ended"


ALLOWED: dict[State, frozenset[State]] = {
    State.OPEN: frozenset({State.SOLVED, State.REDONE, State.ENDED}),
    State.SOLVED: frozenset(),
    State.REDONE: frozenset(),
    State.ENDED: frozenset(),
}


class NotAllowed(ValueError):
    """A decision that a re-check does not allow. The message says what is missing. Nothing has changed."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decides: the state it comes to, by whom (a name), what was found, and which items were checked.

    `closed_by` is who had closed, as that person knows it; needed only where nobody has told us.
    """

    to: State
    by: str
    note: str
    ticked: tuple[str, ...] = ()
    closed_by: str | None = None


def check(state: State, decision: Decision, *, closed_by: str | None, lists: CheckLists) -> None:
    """Raises NotAllowed unless the decision may be made on a re-check in that state.

    `closed_by` is the name of who closed, where we were told; else the decision must bring it.
    """
    if decision.to not in ALLOWED[state]:
        raise NotAllowed(f"a re-check that is {state} cannot become {decision.to}")
    if not decision.by.strip():
        raise NotAllowed("who decides must be said by name")
    if not decision.note.strip():
        raise NotAllowed("what was found must be said")
    closer = closed_by or decision.closed_by
    if not (closer and closer.strip()):
        raise NotAllowed(
            "nobody has told who closed it: say who it was by name, so that it is another person who checks"
        )
    if same_person(closer, decision.by):
        raise NotAllowed("who closed it may not check it: another person is needed")
    known = {item.id for item in lists.items}
    if strange := [one for one in decision.ticked if one not in known]:
        raise NotAllowed(f"no such item: {', '.join(strange)}; there are {', '.join(sorted(known))}")
    if missing := _missing(needed(decision.to, lists), decision.ticked):
        raise NotAllowed("not checked yet: " + ", ".join(f"{item.id} {item.name}" for item in missing))


def needed(to: State, lists: CheckLists) -> Sequence[Item]:
    """What a person must have checked: the facts for any decision on the work, the whole file too where it is closed.

    Telling the citizen is not among it: that happens with the decision.
    """
    match to:
        case State.SOLVED:
            wanted = lists.verify + lists.file
        case State.REDONE:
            wanted = lists.verify
        case _:
            return ()
    return [item for item in wanted if not item.tells]


def same_person(one: str, other: str) -> bool:
    """Whether two names are one, however they are spaced and spelt in width and case."""
    return folded(one) == folded(other)


def _missing(wanted: Sequence[Item], ticked: Collection[str]) -> list[Item]:
    return [item for item in wanted if item.id not in ticked]
