"""Making the peer's environment and speaking with it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
FOLDER = ROOT / ".peers"
LOCKED = HERE / "requirements.txt"
PROGRAM = HERE / "peer.py"
UV = ROOT / ".tools" / "bin" / "uv"
# For one step of making the environment, and for one answer.
MAKING_SECONDS, ANSWER_SECONDS = 90, 30


class Missing(RuntimeError):
    """The environment cannot be made here; the message says why."""


class Broken(RuntimeError):
    """The peer has ended or does not answer."""


def ensure(folder: Path = FOLDER) -> Path:
    """The Python of the peer's environment, made when it is missing or its lock has changed. Raises Missing.

    Several test processes may ask at once: one makes it and the others wait.
    """
    python, stamp = folder / "wechatpy" / "bin" / "python", folder / "ready"
    wanted = hashlib.sha256(LOCKED.read_bytes()).hexdigest()
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if python.exists() and stamp.exists() and stamp.read_text() == wanted:
            return python
        stamp.unlink(missing_ok=True)
        for command in _commands(python):
            _run(command)
        stamp.write_text(wanted)
    return python


def _commands(python: Path) -> list[list[str]]:
    """With uv where `make` has put it, else with what Python brings."""
    environment = str(python.parent.parent)
    uv = str(UV) if UV.exists() else shutil.which("uv")
    if uv:
        return [
            [uv, "venv", "-q", "--clear", "--python", sys.executable, environment],
            [uv, "pip", "install", "-q", "--require-hashes", "--python", str(python), "-r", str(LOCKED)],
        ]
    return [
        [sys.executable, "-m", "venv", "--clear", environment],
        [str(python), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(LOCKED)],
    ]


def _run(command: list[str]) -> None:
    name = f"{Path(command[0]).name} {' '.join(command[1:4])}"
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=MAKING_SECONDS)
    except subprocess.CalledProcessError as failed:
        last = failed.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise Missing(f"the peer's environment cannot be made: {name}: {''.join(last)}") from failed
    except (OSError, subprocess.TimeoutExpired) as failed:
        raise Missing(f"the peer's environment cannot be made: {name}: {type(failed).__name__}") from failed


class Peer:
    """The peer as a process. Raises Missing on entering where it cannot be made."""

    def __init__(self, *, python: Callable[[], Path] = ensure, seconds: float = ANSWER_SECONDS) -> None:
        self._python, self._seconds = python, seconds
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        # Isolated: it sees neither this repository nor what is installed for it.
        self._process = subprocess.Popen(
            [str(self._python()), "-I", "-X", "utf8", "-W", "ignore", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()

    def ask(self, do: str, **asked: Any) -> dict[str, Any]:
        """Its answer; `error` in it where the library refused. Raises Broken."""
        process = self._process
        assert process and process.stdin and process.stdout, "the peer was not started"
        late = threading.Timer(self._seconds, process.kill)
        late.start()
        try:
            process.stdin.write(json.dumps({"do": do, **asked}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError as gone:
            raise Broken(f"the peer has ended: {type(gone).__name__}") from gone
        finally:
            late.cancel()
        if not line:
            raise Broken("the peer has ended or takes too long")
        answer: dict[str, Any] = json.loads(line)
        return answer
