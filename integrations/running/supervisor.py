"""Keeping the parts alive: start in waves, restart what dies, stop everything, leave no orphan."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import logging
import logging.handlers
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from integrations.running.parts import Part
from integrations.settings import Settings, SettingsError

START_SECONDS = 120.0
STOP_SECONDS = 12.0
RESTART_WAITS = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
# A part that has run for so long was well: its next death starts the waits from the beginning.
WELL_AFTER_SECONDS = 60.0
# A part that dies so often before it was ever ready will not come up.
DEATHS_AT_START = 2
LOG_BYTES, LOG_FILES = 10_000_000, 3
_PR_SET_PDEATHSIG = 1
# The parts reach each other by URLs with a token in them, and libraries write URLs into their errors.
_TOKEN = re.compile(r"(token=)[\w%.~-]+")
# Logs at once; and compiled modules are kept even where the environment asks otherwise: without them Rasa starts in
# twice the time.
PYTHON = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""}

Say = Callable[[str], None]


class CannotStart(RuntimeError):
    """The system does not come up: the message is one clear sentence."""


class Supervisor:
    """Runs parts until `stop`. `say` gets one short sentence for each event worth an operator's eye."""

    def __init__(self, parts: list[Part], settings: Settings, *, say: Say) -> None:
        self._parts = parts
        self._settings = settings
        self._say = say
        self._stopping = asyncio.Event()
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._missing: dict[str, str] = {}
        self._logs = settings.data_dir / "logs"

    def stop(self) -> None:
        """Begin to stop; `run` returns when everything has ended."""
        self._stopping.set()

    async def run(self, started: Callable[[], None]) -> None:
        """Start wave by wave, call `started`, watch until `stop`. Raises CannotStart."""
        self._logs.mkdir(parents=True, exist_ok=True)
        keepers: list[asyncio.Task[None]] = []
        try:
            for wave in sorted({part.wave for part in self._parts}):
                starting = [part for part in self._parts if part.wave == wave]
                keepers += [asyncio.create_task(self._keep(part)) for part in starting]
                await asyncio.gather(*(self._until_ready(part) for part in starting))
                if self._stopping.is_set():
                    return
            started()
            await self._stopping.wait()
        finally:
            self._stopping.set()
            await self._end(keepers)

    async def _until_ready(self, part: Part) -> None:
        began = time.monotonic()
        dead: set[int] = set()
        while not self._stopping.is_set():
            if part.name in self._missing:
                raise CannotStart(f"{part.name} cannot be started: {self._missing[part.name]}")
            process = self._running.get(part.name)
            if process is not None and process.returncode is None and await part.ready():
                self._say(f"{part.name} ready ({time.monotonic() - began:.1f} s)")
                return
            if process is not None and process.returncode is not None:
                dead.add(process.pid)
                if len(dead) > DEATHS_AT_START:
                    raise CannotStart(f"{part.name} ends at once: {self._last_words(part)}")
            if time.monotonic() - began > START_SECONDS:
                raise CannotStart(f"{part.name} was not ready in {START_SECONDS:.0f} s; see {self._log_of(part)}")
            await asyncio.sleep(0.15)

    async def _keep(self, part: Part) -> None:
        deaths = 0
        log = _rotating(self._log_of(part))
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                process = await self._start(part)
            except OSError as refused:
                self._missing[part.name] = f"{part.command[0]}: {refused.strerror}"
                return
            self._running[part.name] = process
            assert process.stdout is not None
            await _copy(process.stdout, log)
            code = await process.wait()
            if self._stopping.is_set():
                return
            deaths = 0 if time.monotonic() - began > WELL_AFTER_SECONDS else deaths + 1
            wait = RESTART_WAITS[min(deaths, len(RESTART_WAITS) - 1)]
            self._say(f"{part.name} ended ({_why(code)}); starting it again in {wait:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)

    async def _start(self, part: Part) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *part.command,
            cwd=part.folder,
            env={**os.environ, **self._environment(), **part.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C reaches only us; we end the parts in our own order.
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )

    async def _end(self, keepers: list[asyncio.Task[None]]) -> None:
        """The doors first, then what stands behind them; whoever does not go in time is killed."""
        for part in sorted(self._parts, key=lambda one: one.wave, reverse=True):
            process = self._running.get(part.name)
            if process is not None and process.returncode is None:
                _signal(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(*keepers, return_exceptions=True)
        for process in self._running.values():
            if process.returncode is None:
                _signal(process.pid, signal.SIGKILL)
                await process.wait()
        await asyncio.gather(*keepers, return_exceptions=True)

    def _environment(self) -> dict[str, str]:
        """The settings as they are here, so that a part sees the same wherever it looks."""
        values = {
            f"JIESU_{name.upper()}": str(value)
            for name, value in self._settings.model_dump(exclude_none=True).items()
            if value not in ("", None)
        }
        return {**values, "JIESU_DATA_DIR": str(self._settings.data_dir.resolve()), **PYTHON}

    def _log_of(self, part: Part) -> Path:
        return self._logs / f"{part.name}.log"

    def _last_words(self, part: Part) -> str:
        try:
            lines = [line for line in self._log_of(part).read_text("utf-8", "replace").splitlines() if line.strip()]
        except OSError:
            lines = []
        return lines[-1][:300] if lines else f"see {self._log_of(part)}"


@contextlib.contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for this process. Raises CannotStart when another `jiesu up` has it."""
    path = data_dir / "up.lock"
    with path.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as held:
            raise CannotStart(f"{data_dir} is in use by another `jiesu up`") from held
        yield


def check_ports(parts: list[Part], host: str) -> None:
    """Raises SettingsError naming the setting of a port that another program listens on."""
    for part in parts:
        if part.port is None:
            continue
        name = "JIESU_PORT" if part.name == "gateway" else f"JIESU_{part.name.partition('-')[0].upper()}_PORT"
        address = host if part.name == "gateway" else "127.0.0.1"
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, part.port))
            except OSError as taken:
                why = "another program is listening there" if taken.errno == 98 else taken.strerror
                raise SettingsError(f"{name}={part.port}: {why}") from taken


def _die_with_parent() -> None:
    """On Linux a part ends when its supervisor is killed outright."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _signal(pid: int, what: signal.Signals) -> None:
    """To the part and whatever it started: every part leads a session of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, what)


def _why(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit {code}"


def _rotating(path: Path) -> logging.Logger:
    log = logging.Logger(path.stem)
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    log.addHandler(handler)
    return log


async def _copy(stream: asyncio.StreamReader, log: logging.Logger) -> None:
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # a line longer than the reader's buffer: it was dropped
            continue
        if not line:
            return
        log.info(_TOKEN.sub(r"\1…", line.decode("utf-8", "replace").rstrip("\n")))
