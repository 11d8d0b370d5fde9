"""A chain of hashes over each complaint's history, so that an entry cannot be changed or taken out unseen.

Every entry is bound to the one before it by SHA-256 over its canonical JSON. The texts of an entry (note, photos) go in
as a digest with a salt of their own: they can be erased, salt and all, without breaking the chain, and nobody can guess
them from what is left. A missing text is in order only where a later entry of the same chain says that it was erased.

The chain shows what was changed by hand; somebody who knows these rules and can write everywhere may forge all that
follows, or cut the end. Against that stands an anchor: the newest hash of every chain, kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kb.lifecycle import Move, StatusChange

VERSION = 1
"""Stands before every hash; a later version may bind more, and goes on from hashes of this one."""

FIRST = ""
"""What stands for the hash before the first entry."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What is kept with an entry. `salt` and `digest` are None where it has no texts; `salt` also once erased."""

    hash: str
    digest: str | None = None
    salt: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it is kept."""

    change: StatusChange
    seal: Seal


@dataclass(frozen=True, slots=True)
class Chain:
    """All that is kept of one complaint's history, by sequence. `length` counts its entries where nobody edits them."""

    complaint_id: str
    number: str
    length: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry of a chain that is not what it was. `sequence` is 0 where the whole history is meant."""

    complaint_id: str
    number: str
    sequence: int
    why: str


def seal(former: str, complaint_id: str, change: StatusChange, *, salt: str) -> Seal:
    """Bind `change` to the entry whose hash is `former` (FIRST for the first). `salt`: 32 random hexadecimal digits."""
    digest = digest_of(change, salt)
    return Seal(link(former, complaint_id, change, digest), digest, salt if digest else None)


def digest_of(change: StatusChange, salt: str) -> str | None:
    """What is left of an entry's texts in the chain; None where it has none."""
    if not (change.note or change.photos):
        return None
    return _sha256({"salt": salt, "note": change.note, "photos": list(change.photos)})


def link(former: str, complaint_id: str, change: StatusChange, digest: str | None) -> str:
    """The hash of an entry: '1:' and 64 hexadecimal digits."""
    hashed = _sha256(
        {
            "version": VERSION,
            "complaint": complaint_id,
            "former": former,
            "sequence": change.sequence,
            "move": change.kind,
            "before": change.before,
            "after": change.after,
            "at": _moment(change.at),
            "actor": change.actor,
            "unit": change.unit,
            "due_at": _moment(change.due_at) if change.due_at else None,
            "solved": change.solved,
            "texts": digest,
        }
    )
    return f"{VERSION}:{hashed}"


def check(chain: Chain) -> Broken | None:
    """The first entry that was changed, or is missing; None when all is as it was written."""
    former, expected = FIRST, 1
    erased = max((one.change.sequence for one in chain.entries if one.change.kind is Move.ERASED), default=0)
    for entry in chain.entries:
        change = entry.change
        if change.sequence != expected:
            return _broken(chain, expected, "is missing")
        if entry.seal.hash != link(former, chain.complaint_id, change, entry.seal.digest):
            return _broken(chain, expected, "was changed, or its hash was, or that before it")
        if why := _texts(entry, erased):
            return _broken(chain, expected, why)
        former, expected = entry.seal.hash, expected + 1
    if len(chain.entries) != chain.length:
        late = len(chain.entries) < chain.length
        at = expected if late else chain.length + 1
        return _broken(chain, at, "is missing" if late else "was put in by hand")
    return None if chain.entries else _broken(chain, 0, "it has no history")


def _texts(entry: Entry, erased: int) -> str | None:
    """What is wrong with the texts of an entry, if anything is."""
    change, digest, salt = entry.change, entry.seal.digest, entry.seal.salt
    if change.note or change.photos:
        return None if digest and salt and digest == digest_of(change, salt) else "says other words than were written"
    if digest and change.sequence >= erased:
        return "has lost its words, and no later entry says that they were erased"
    return None


def _broken(chain: Chain, sequence: int, why: str) -> Broken:
    return Broken(chain.complaint_id, chain.number, sequence, why)


# -- the anchor --------------------------------------------------------------------------------------------------


class BadAnchor(ValueError):
    """Not an anchor, or one that was changed."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The newest entry of every chain at one moment: {complaint id: (sequence, hash)}."""

    at: datetime
    heads: dict[str, tuple[int, str]]

    @property
    def root(self) -> str:
        """64 hexadecimal digits over all of it: short enough to be printed, signed or sent."""
        return hashlib.sha256(self._body().encode()).hexdigest()

    def text(self) -> str:
        """The file: a line for each chain, the root at the end."""
        return f"{self._body()}root {self.root}\n"

    def _body(self) -> str:
        heads = (f"{one} {sequence} {hashed}\n" for one, (sequence, hashed) in sorted(self.heads.items()))
        return f"{_TITLE} {VERSION}\nat {_moment(self.at)}\n{''.join(heads)}"

    @classmethod
    def read(cls, text: str) -> Anchor:
        """Raises BadAnchor when the text is no anchor, or not the one that its root was made of."""
        first, *lines = text.splitlines() or [""]
        if first != f"{_TITLE} {VERSION}" or len(lines) < 2 or not lines[0].startswith("at "):
            raise BadAnchor("this is not an anchor: it begins with another line")
        heads = {}
        try:
            at = datetime.fromisoformat(lines[0].removeprefix("at "))
            for line in lines[1:-1]:
                complaint_id, sequence, hashed = line.split(" ")
                heads[complaint_id] = (int(sequence), hashed)
        except ValueError as odd:
            raise BadAnchor("this is not an anchor: a line cannot be read") from odd
        anchor = cls(at, heads)
        if lines[-1] != f"root {anchor.root}":
            raise BadAnchor("the anchor was changed or cut: its lines do not make its root")
        return anchor

    def compare(self, chain: Chain) -> Broken | None:
        """The first entry that the anchor knows otherwise than the chain; None for a chain that is younger."""
        if chain.complaint_id not in self.heads:
            return None
        sequence, hashed = self.heads[chain.complaint_id]
        if len(chain.entries) < sequence:
            return _broken(chain, len(chain.entries) + 1, f"is missing; the anchor knows {sequence} entries")
        if chain.entries[sequence - 1].seal.hash != hashed:
            return _broken(chain, sequence, "or one before it was written anew: the anchor knows another hash")
        return None


_TITLE = "jiesu-anchor"


def head(entries: Sequence[Entry]) -> tuple[int, str]:
    """What an anchor keeps of a chain that is not empty."""
    return entries[-1].change.sequence, entries[-1].seal.hash


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _sha256(content: dict[str, object]) -> str:
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(plain.encode("ascii")).hexdigest()
