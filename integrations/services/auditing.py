"""Whether every history is what was written: all chains, or one, and all against an anchor that was kept elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from integrations.services.errors import Rejected
from integrations.services.ports import Clock, UnitOfWork
from kb import ticket_number
from kb.history import Anchor, Broken, Chain, check, head

# Chains in one transaction: on SQLite nobody can write while one is open.
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit came to: how many chains and entries it saw, and the first broken entry of each broken chain."""

    chains: int
    entries: int
    broken: tuple[Broken, ...]

    @property
    def whole(self) -> bool:
        return not self.broken


@dataclass(frozen=True, kw_only=True)
class Auditing:
    """The use case. It reads by the page, so that it holds nobody up and needs little memory."""

    unit_of_work: UnitOfWork
    clock: Clock
    at_once: int = field(default=AT_ONCE)

    def audit(self, anchor: Anchor | None = None, *, seen: Callable[[int], None] = lambda _entries: None) -> Audited:
        """Check every chain, and with `anchor` that none was cut or written anew since. `seen` hears of the progress.

        What is written while it runs is seen or not, but never taken for broken.
        """
        chains = entries = 0
        broken: list[Broken] = []
        missing = dict(anchor.heads) if anchor else {}
        for chain in self._chains():
            chains, entries = chains + 1, entries + len(chain.entries)
            missing.pop(chain.complaint_id, None)
            wrong = check(chain) or (anchor.compare(chain) if anchor else None)
            if wrong:
                broken.append(wrong)
            seen(entries)
        with self.unit_of_work() as tx:
            orphans = tx.histories.orphans()
        broken += [Broken(one, "", 0, "its complaint is not there") for one in orphans if one not in missing]
        broken += [Broken(one, "", 0, "it is gone whole; the anchor knows it") for one in missing]
        return Audited(chains, entries, tuple(broken))

    def audit_one(self, number: str) -> Audited:
        """Check one ticket. Raises Rejected when there is none of that number."""
        number = "".join(number.split())
        with self.unit_of_work() as tx:
            chain = tx.histories.of_number(number) if ticket_number.is_valid(number) else None
        if chain is None:
            raise Rejected(f"no ticket has the number {number}")
        wrong = check(chain)
        return Audited(1, len(chain.entries), (wrong,) if wrong else ())

    def anchor(self) -> Anchor:
        """The newest entry of every chain. Raises Rejected when a chain is broken: that must not be made the norm."""
        at, heads = self.clock(), {}
        for chain in self._chains():
            if wrong := check(chain):
                raise Rejected(f"a history is broken already (ticket {wrong.number}); see `jiesu audit`")
            heads[chain.complaint_id] = head(chain.entries)
        return Anchor(at, heads)

    def _chains(self) -> Iterator[Chain]:
        after = ""
        while True:
            with self.unit_of_work() as tx:
                page = tx.histories.page(after=after, limit=self.at_once)
            if not page:
                return
            yield from page
            after = page[-1].complaint_id
