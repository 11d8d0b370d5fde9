"""The life of a hand-over to a person, as one table: which move may be made from where, and by whom.

A citizen waits, one clerk takes the conversation, and it ends in one of three ways: given back to the assistant, ended,
or with a call that is to be made. A clerk who is not heard of any more has not ended it: the citizen waits again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a hand-over stands."""

    WAITING = "waiting"
    TAKEN = "taken"
    GIVEN_BACK = "given_back"
    ENDED = "ended"
    CALL_BACK = "call_back"


OPEN = frozenset({State.WAITING, State.TAKEN})
"""A conversation has at most one of these."""


class Reason(StrEnum):
    """Why a person is wanted."""

    ASKED = "asked"
    NOT_UNDERSTOOD = "not_understood"
    ABUSE = "abuse"
    DISTRESS = "distress"
    DANGER = "danger"


# Those of one rank are served in the order in which they asked.
_RANKS = {Reason.DANGER: 0, Reason.DISTRESS: 0}
RANKS = {reason: _RANKS.get(reason, 1) for reason in Reason}
_GRAVITY = (Reason.DANGER, Reason.DISTRESS, Reason.ABUSE, Reason.NOT_UNDERSTOOD, Reason.ASKED)


class Move(StrEnum):
    """What was done with it."""

    ASK = "ask"
    TAKE = "take"
    LAPSE = "lapse"  # the clerk was not heard of any more
    GIVE_BACK = "give_back"
    LEAVE = "leave"  # the citizen wants no person any more
    END = "end"
    CALL_BACK = "call_back"


class By(StrEnum):
    """Who may make a move."""

    CITIZEN = "citizen"
    CLERK = "clerk"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. `before` has None for a conversation without an open hand-over."""

    before: frozenset[State | None]
    after: State
    by: frozenset[By]


def _rule(before: Iterable[State | None], after: State, *by: By) -> Rule:
    return Rule(frozenset(before), after, frozenset(by))


RULES: dict[Move, Rule] = {
    Move.ASK: _rule([None], State.WAITING, By.CITIZEN, By.SYSTEM),
    Move.TAKE: _rule([State.WAITING], State.TAKEN, By.CLERK),
    Move.LAPSE: _rule([State.TAKEN], State.WAITING, By.SYSTEM),
    Move.GIVE_BACK: _rule([State.TAKEN], State.GIVEN_BACK, By.CLERK),
    # Who waits no longer has ended it; who had somebody goes back to the assistant.
    Move.LEAVE: _rule([State.WAITING, State.TAKEN], State.ENDED, By.CITIZEN),
    Move.END: _rule([State.WAITING, State.TAKEN], State.ENDED, By.CLERK, By.SYSTEM),
    Move.CALL_BACK: _rule([State.WAITING, State.TAKEN], State.CALL_BACK, By.CLERK, By.CITIZEN),
}


class IllegalMove(ValueError):
    """A move that the table does not have."""


def after(move: Move, before: State | None, by: By) -> State:
    """The state after that move. Raises IllegalMove."""
    rule = RULES[move]
    if before not in rule.before or by not in rule.by:
        raise IllegalMove(f"{move} of a hand-over that is {before or 'not there'} by {by}")
    return rule.after


def graver(one: Reason, other: Reason) -> Reason:
    """The reason that counts when there are two."""
    return min(one, other, key=_GRAVITY.index)
