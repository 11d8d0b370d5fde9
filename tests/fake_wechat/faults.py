"""What goes wrong on order: answers of the API by path, pushes one by one or by chance with a seed."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

# -1, 40001, 45009 … or: http_500; slow by `seconds`; cut: the connection ends unanswered, nothing was done;
# lost: it was done, then the connection ended; garbage: HTML with status 200.
ApiKind = Literal["http_500", "slow", "cut", "lost", "garbage"]
# dropped: the account heard the push, its reply was lost on the way; unheard: the push itself was lost;
# doubled: two posts at once; delayed by `seconds`; reordered: held back until the citizen's next push is under way.
PushKind = Literal["dropped", "unheard", "doubled", "delayed", "reordered"]
PUSH_KINDS = ("dropped", "unheard", "doubled", "delayed", "reordered")


@dataclass(slots=True)
class ApiFault:
    kind: ApiKind | int
    times: int = 1
    seconds: float = 0.0


class ApiFaults:
    """The next answers of a path; `*` is every path."""

    def __init__(self) -> None:
        self._ordered: dict[str, list[ApiFault]] = defaultdict(list)
        self._lock = threading.Lock()

    def order(self, path: str, kind: ApiKind | int, *, times: int = 1, seconds: float = 0.0) -> None:
        """The next `times` calls of `path` fare so. Orders of one path are worked off one after the other."""
        with self._lock:
            self._ordered[path].append(ApiFault(kind, times, seconds))

    def clear(self) -> None:
        with self._lock:
            self._ordered.clear()

    def take(self, path: str) -> ApiFault | None:
        with self._lock:
            for key in (path, "*"):
                waiting = self._ordered.get(key)
                if waiting:
                    first = waiting[0]
                    first.times -= 1
                    if first.times <= 0:
                        waiting.pop(0)
                    return first
        return None


@dataclass(slots=True)
class PushFault:
    kind: PushKind
    seconds: float = 0.0


@dataclass(slots=True)
class Chances:
    """How likely each fault is for one try of a push, 0 to 1."""

    dropped: float = 0.0
    unheard: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0
    reordered: float = 0.0
    seconds: float = 0.5


class PushFaults:
    """Faults of pushes: ordered ones first, then by chance. The last try of a push is spared by chance, never by order,
    so that chance alone never makes the fault text appear."""

    def __init__(self, seed: int = 0) -> None:
        self.chances = Chances()
        self._random = random.Random(seed)
        self._ordered: list[PushFault] = []
        self._lock = threading.Lock()

    def order(self, kind: PushKind, *, times: int = 1, seconds: float = 0.0) -> None:
        """The next `times` tries of whatever push fare so; `delayed` and `reordered` touch a push as a whole."""
        if kind not in PUSH_KINDS:
            raise ValueError(f"no such fault: {kind}")
        with self._lock:
            self._ordered += [PushFault(kind, seconds) for _ in range(times)]

    def by_chance(self, *, seed: int | None = None, **chances: float) -> None:
        with self._lock:
            if seed is not None:
                self._random = random.Random(seed)
            self.chances = Chances(**chances)

    def clear(self) -> None:
        with self._lock:
            self._ordered.clear()
            self.chances = Chances()

    def take(self, kinds: tuple[PushKind, ...], *, spare: bool = False) -> PushFault | None:
        """The fault for this push or try, of these kinds."""
        with self._lock:
            if self._ordered and self._ordered[0].kind in kinds:
                return self._ordered.pop(0)
            for kind in kinds:
                if self._random.random() < getattr(self.chances, kind) and not spare:
                    return PushFault(kind, self.chances.seconds)
        return None


@dataclass(slots=True)
class Call:
    """One call of the API. `code` is WeChat's, or the HTTP status where it is none of WeChat's answers; `-2`: cut."""

    at: float
    path: str
    code: int
    who: str = ""
    what: str = ""


@dataclass(slots=True)
class Counters:
    """Everything a test counts."""

    calls: list[Call] = field(default_factory=list)
    tokens_issued: int = 0
    tickets_issued: int = 0

    def count(self, path: str, code: int | None = None) -> int:
        return sum(one.path == path and code in (None, one.code) for one in self.calls)

    def refused(self, path: str | None = None) -> dict[int, int]:
        """Codes other than 0 and how often each was answered."""
        found: dict[int, int] = {}
        for one in self.calls:
            if one.code and path in (None, one.path):
                found[one.code] = found.get(one.code, 0) + 1
        return found

    @property
    def wasted(self) -> int:
        """Messages and notices that could not be taken: each was a call in vain."""
        return sum(bool(one.code) and one.path in SENDING for one in self.calls)


SENDING = {"/cgi-bin/message/custom/send", "/cgi-bin/message/subscribe/bizsend"}
