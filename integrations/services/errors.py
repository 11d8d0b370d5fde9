"""Errors named by what to do next."""

from __future__ import annotations


class ServiceError(Exception):
    """Root of everything a use case or an adapter raises on purpose."""


class Rejected(ServiceError):
    """Will never work as it is: tell the person."""


class TryLater(ServiceError):
    """May work later: retry. `after` seconds when the other side named a time.

    `unheard` where it is certain that the other side has done nothing, so that trying again cannot do it twice.
    """

    def __init__(self, message: str, *, after: float | None = None, unheard: bool = False) -> None:
        super().__init__(message)
        self.after = after
        self.unheard = unheard


class NeedsPerson(ServiceError):
    """Cannot be settled by a machine: stop and show it to an operator."""


class Conflict(ServiceError):
    """Somebody else changed the same thing first; reading again and deciding anew may help."""
