"""How many customer service messages may be sent to a citizen, and until when.

Five within 48 hours after a message, three within a minute after a tap on a menu, a follow or a scan (official rules
since 2023-06-12). Quotas do not add up: a new one replaces what is left where it allows more. Both ends are taken a
little earlier than WeChat does, so that no message is spent in vain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Opens(StrEnum):
    """What a push allows us to send."""

    MESSAGE = "message"
    ACTION = "action"
    NOTHING = "nothing"


AFTER_MESSAGE, MESSAGE_LASTS = 5, timedelta(hours=48) - timedelta(minutes=1)
AFTER_ACTION, ACTION_LASTS = 3, timedelta(minutes=1) - timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Budget:
    """What may still be sent: `messages` until `messages_until`, `actions` until `actions_until`."""

    messages: int = 0
    messages_until: datetime | None = None
    actions: int = 0
    actions_until: datetime | None = None

    def opened(self, opens: Opens, at: datetime) -> Budget:
        """After a push that the citizen caused at `at`."""
        if opens is Opens.MESSAGE:
            until = at + MESSAGE_LASTS
            if self.messages_until and until < self.messages_until:
                return self  # an older push that came late
            return replace(self, messages=AFTER_MESSAGE, messages_until=until)
        if opens is Opens.ACTION:
            until = at + ACTION_LASTS
            if self.actions_until and until < self.actions_until:
                return self
            return replace(self, actions=AFTER_ACTION, actions_until=until)
        return self

    def left(self, now: datetime) -> int:
        """How many may be sent now: the larger of what is open, never the sum."""
        return max(self._messages(now), self._actions(now))

    def spent(self, now: datetime) -> Budget:
        """After one was sent. WeChat does not say which of two it counts: both are."""
        return replace(self, messages=max(0, self._messages(now) - 1), actions=max(0, self._actions(now) - 1))

    def unspent(self, now: datetime) -> Budget:
        """After one that was counted was surely not taken."""
        return replace(
            self,
            messages=min(AFTER_MESSAGE, self.messages + 1) if self._open(self.messages_until, now) else 0,
            actions=min(AFTER_ACTION, self.actions + 1) if self._open(self.actions_until, now) else 0,
        )

    def closed(self) -> Budget:
        """WeChat has said that no more may be sent."""
        return Budget()

    @staticmethod
    def _open(until: datetime | None, now: datetime) -> bool:
        return until is not None and now < until

    def _messages(self, now: datetime) -> int:
        return self.messages if self._open(self.messages_until, now) else 0

    def _actions(self, now: datetime) -> int:
        return self.actions if self._open(self.actions_until, now) else 0
