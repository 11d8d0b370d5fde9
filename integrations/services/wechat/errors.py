"""What WeChat's API refuses, named by what to do next. `integrations.clients.wechat.codes` says which code is which."""

from __future__ import annotations

from integrations.services.errors import NeedsPerson, Rejected, TryLater


class OutOfWindow(Rejected):
    """The citizen has said nothing for too long, or does not follow: it waits for their next message."""


class CountUsed(Rejected):
    """No message may be sent before the citizen says something again."""


class Unreachable(Rejected):
    """This citizen cannot be written to: they have left, or refuse messages."""


class TooLong(Rejected):
    """The message is longer than WeChat carries."""


class ConsentGone(Rejected):
    """The citizen does not want this subscription notice any more."""


class MediaGone(Rejected):
    """The picture or recording is not kept by WeChat any more, or was never there."""


class MediaTooLarge(Rejected):
    """The picture or recording is larger than we take."""


class CodeUsed(Rejected):
    """The code of a sign-in was used already or is too old."""


class NoPermission(NeedsPerson):
    """The account may not do this: it is not verified, or the permission was taken away."""


class SetUpWrong(NeedsPerson):
    """A setting or WeChat's console has to be changed: app id, secret, IP list."""


class QuotaUsed(TryLater):
    """So many calls were made today, or this minute, that WeChat takes no more for now."""


class CircuitOpen(TryLater):
    """WeChat has failed so often that it is left alone for a moment: nothing was sent."""
