"""What a clerk may not do, by code: the staff API and the command say it each in its own words."""

from __future__ import annotations

from enum import StrEnum

from integrations.services.errors import Rejected


class Why(StrEnum):
    """Why something is refused."""

    UNKNOWN = "unknown"
    TAKEN = "taken"  # by somebody else
    NOT_TAKEN = "not_taken"  # nobody has it, or not any more: take it first
    OVER = "over"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    NO_PHONE = "no_phone"
    NO_WINDOW = "no_window"


_SAID = {
    Why.UNKNOWN: "there is no such number",
    Why.TAKEN: "somebody else has it",
    Why.NOT_TAKEN: "you do not have it: take it first",
    Why.OVER: "it is over",
    Why.EMPTY: "there is nothing to send",
    Why.TOO_LONG: "the text is too long",
    Why.NO_PHONE: "there is no phone number to call; give one",
    Why.NO_WINDOW: "nobody is at the desk at that time; name another, or none",
}


class Refused(Rejected):
    """The desk refuses; `why` says what for, `number` what it was about."""

    def __init__(self, why: Why, number: int) -> None:
        super().__init__(f"number {number}: {_SAID[why]}")
        self.why = why
        self.number = number
