"""The processes of a running system from outside: what they are called, how much memory they hold, what they log."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MB = 1024 * 1024
LOOK_EVERY = 2.0
_LATE = "rest.message.received.timeout"
_FAILURE = re.compile(r"\b(?:ERROR|CRITICAL)\b|Traceback \(most recent|\b\w*(?:Error|Exception): ")


def children(parent: int) -> Mapping[int, str]:
    """The command lines of a process's children, by process id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            if int(state.rpartition(")")[2].split()[1]) == parent:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                found[int(folder.name)] = command.strip()
        except (OSError, ValueError, IndexError):  # it has ended meanwhile
            continue
    return found


def called(command: str) -> str:
    """A short name for a part by its command line."""
    names = ("serve.py", "demo_dispatch", "gateway", "actions", "worker", "valkey", "redis")
    return next((name for name in names if name in command), "other")


def memory_mb(pid: int) -> float:
    """What a process holds in memory; 0 when it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / MB


@dataclass
class Watch:
    """Looks at the memory of the children of `parent` now and then, between `begin` and `end`."""

    parent: int
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    seen: dict[tuple[str, int], list[float]] = field(default_factory=dict)

    def begin(self) -> None:
        """Look from now on."""
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        if self._thread:
            self._thread.join(10)

    def look(self) -> None:
        """Look once."""
        for pid, command in children(self.parent).items():
            self.seen.setdefault((called(command), pid), []).append(memory_mb(pid))

    def grown(self) -> Mapping[str, tuple[float, float]]:
        """By part: what it held after a quarter of the time, warm by then, and the most that it held after that.

        A part that was started anew counts under its process id too.
        """
        result = {}
        for (name, pid), held in self.seen.items():
            at = len(held) // 4
            result[f"{name} {pid}"] = held[at], max(held[at:])
        return result

    def _look(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            self.look()


def log_lines(folder: Path) -> Iterator[tuple[str, str]]:
    """(file, line) of every log of a system in that folder, older ones too."""
    for path in sorted((folder / "logs").glob("*.log*")):
        with path.open(encoding="utf-8", errors="replace") as stream:
            yield from ((path.name, line.rstrip("\n")) for line in stream)


def is_failure(line: str) -> bool:
    """Whether a log line tells of an error. That somebody waited in vain is none: see `is_late`."""
    return _FAILURE.search(line) is not None and not is_late(line)


def is_late(line: str) -> bool:
    """Whether a log line tells that a turn took longer than the gateway waits; it is heard again, nothing is lost."""
    return _LATE in line
