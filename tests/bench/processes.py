"""Processes of the bench: started, waited for, weighed, ended."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from integrations.running.model import BOT
from integrations.running.parts import parts
from integrations.settings import Settings
from tests.servers import free_port

START_SECONDS = 300
# Of the numeric libraries: ours are told to use one thread, stock Rasa decides for itself.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS")
# What a part is called, by what stands in its command line.
NAMES = {
    "serve.py run": "rasa",
    "cli actions": "actions",
    "cli gateway": "gateway",
    "cli worker": "worker",
    "redis": "redis",
    "valkey": "redis",
    "demo_dispatch": "department",
    "cli up": "supervisor",
}


@dataclass(frozen=True)
class Rasa:
    """A running one: where it listens, its process, and the seconds it took until it had understood a first message."""

    url: str
    pid: int
    started: float


@contextmanager
def our_rasa(chosen: Settings) -> Iterator[Rasa]:
    """Rasa as `jiesu up` starts it, on a port of its own: the same command, the same environment."""
    (part,) = (one for one in parts(chosen.model_copy(update={"rasa_port": free_port()})) if one.name == "rasa")
    url = f"http://127.0.0.1:{part.port}"
    with _running(part.command, url, chosen, part.environment, part.folder) as rasa:
        yield rasa


@contextmanager
def stock_rasa(model: Path, chosen: Settings, folder: Path) -> Iterator[Rasa]:
    """Rasa as it comes: its own command, its own tracker store (in memory), nothing of ours but the model's data."""
    port = free_port()
    action = f"http://127.0.0.1:{chosen.actions_port}/webhook?token={chosen.secrets['internal_token']}"
    endpoints = folder / "endpoints-stock.yml"
    endpoints.write_text(json.dumps({"action_endpoint": {"url": action}}), encoding="utf-8")
    command = [
        *(str(chosen.bot_python.parent / "rasa"), "run", "--interface", "127.0.0.1", "--port", str(port)),
        *("--model", str(model), "--endpoints", str(endpoints), "--enable-api"),
        *("--credentials", str(BOT / "credentials.yml")),
        *("--auth-token", chosen.secrets["internal_token"]),
    ]
    # its lines are not wanted; otherwise it runs with its own defaults
    environment = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "LOG_LEVEL": "ERROR"}
    with _running(command, f"http://127.0.0.1:{port}", chosen, environment, folder, without=THREADS) as rasa:
        yield rasa


@contextmanager
def _running(
    command: Sequence[str],
    url: str,
    chosen: Settings,
    environment: dict[str, str],
    folder: Path,
    *,
    without: Sequence[str] = (),
) -> Iterator[Rasa]:
    """Start it and wait until it understands. `without` are variables it must not inherit."""
    inherited = {name: value for name, value in os.environ.items() if name not in without}
    began = time.monotonic()
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, env={**inherited, **environment}, cwd=folder, stdout=log, stderr=log) as running,
    ):
        try:
            while not _understands(url, chosen.secrets["internal_token"]):
                if running.poll() is not None or time.monotonic() - began > START_SECONDS:
                    log.seek(0)
                    raise RuntimeError(f"{url} does not answer: {log.read()[-2000:].decode('utf-8', 'replace')}")
                time.sleep(0.1)
            yield Rasa(url, running.pid, time.monotonic() - began)
        finally:
            running.terminate()


def _understands(url: str, token: str) -> bool:
    with suppress(httpx.HTTPError):
        asked = {"text": "你好"}
        return httpx.post(
            f"{url}/model/parse", params={"token": token}, json=asked, timeout=30, trust_env=False
        ).is_success
    return False


def core_seconds(pid: int) -> float:
    """How long the cores have worked for a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Memory of a process; pages that it shares with others count in part."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} says nothing of its memory")


def parts_below(supervisor: int) -> dict[str, int]:
    """The process of each part that the supervisor started, by the part's name; itself included."""
    found: dict[str, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):  # it has ended meanwhile
            pid, above = int(entry.name), int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if supervisor not in (pid, above):
                continue
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            name = next((name for sign, name in NAMES.items() if sign in command), command[:40])
            while name in found:
                name += "'"
            found[name] = pid
    return found
