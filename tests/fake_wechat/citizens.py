"""A citizen as WeChat's servers know them: what may be sent to them, and what they agreed to."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.fake_wechat import laws
from tests.fake_wechat.account import Template


@dataclass(slots=True)
class Grant:
    """An open window: so many messages until then."""

    left: int
    until: float


@dataclass(slots=True)
class Quota:
    """Customer service messages that may still be sent. A new grant of a kind takes the place of the old one; of two
    kinds the larger counts, never the sum, and a message is counted in both."""

    grants: dict[str, Grant] = field(default_factory=dict)

    def open(self, kind: str, now: float) -> None:
        allowance = laws.ALLOWANCES[kind]
        self.grants[kind] = Grant(allowance.messages, now + allowance.seconds)

    def close(self) -> None:
        self.grants.clear()

    def left(self, now: float) -> int:
        return max((one.left for one in self._standing(now)), default=0)

    def ends(self, now: float) -> float | None:
        return max((one.until for one in self._standing(now) if one.left), default=None)

    def check(self, now: float) -> None:
        """Raises Refused: 45015 where no window is open, 45047 where all that it allowed was sent."""
        if not self._standing(now):
            raise laws.Refused(45015)
        if not self.left(now):
            raise laws.Refused(45047)

    def spend(self, now: float) -> None:
        for one in self._standing(now):
            one.left = max(0, one.left - 1)

    def _standing(self, now: float) -> list[Grant]:
        return [one for one in self.grants.values() if now < one.until]


@dataclass(slots=True)
class Citizen:
    """`consents`: template id and how many notices may be sent; -1 is for as long as it is not taken back."""

    openid: str
    name: str
    follows: bool = True
    blocks: bool = False
    quota: Quota = field(default_factory=Quota)
    consents: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    last_said: float | None = None
    typing_until: float = 0.0

    def consent(self, template: Template, accept: bool) -> None:
        if not accept:
            self.consents.pop(template.id, None)
            self.refused.add(template.id)
            return
        self.refused.discard(template.id)
        self.consents[template.id] = -1 if template.long_term else self.consents.get(template.id, 0) + 1

    def use_consent(self, template_id: str) -> None:
        """Raises Refused where none stands."""
        left = self.consents.get(template_id, 0)
        if left == 0:
            raise laws.Refused(43101)
        if left > 0:
            self.consents[template_id] = left - 1
