"""Errors named by what to do next."""

from __future__ import annotations


class ServiceError(Exception):
    """Root of everything a use case or an adapter raises on purpose."""


class Rejected(ServiceError):
    """Will never work as it is: tell the person."""


class TryLater(ServiceError):
    """May work later: retry. `after` seconds when the other side named a time."""

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class NeedsPerson(ServiceError):
    """Cannot be settled by a machine: stop and show it to an operator."""


class Conflict(ServiceError):
    """Somebody else changed the same thing first; reading again and deciding anew may help."""
