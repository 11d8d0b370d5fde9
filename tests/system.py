"""The whole system for tests: `jiesu up` with ports and a data folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from integrations import settings
from tests.servers import free_port

START_SECONDS = 300


class RunningSystem:
    """Starts the real processes; models are shared with the installation, so that nothing is trained anew."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("PORT", "RASA_PORT", "ACTIONS_PORT", "DEPARTMENT_PORT")}
        self.url = f"http://127.0.0.1:{self.ports['PORT']}"
        self.department = f"http://127.0.0.1:{self.ports['DEPARTMENT_PORT']}"
        self._more = more
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)
        models = folder / "models"
        if not models.exists():
            models.symlink_to(settings.load().data_dir.resolve() / "models")

    def start(self) -> None:
        """Start and wait for the line that says it is ready. Raises RuntimeError with what was said instead."""
        self._lines = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "integrations.cli", "up"],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if any("is ready:" in line for line in self._lines):
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        self.stop()
        raise RuntimeError("the system did not start:\n" + "\n".join(self._lines[-20:]))

    @property
    def pid(self) -> int:
        """The supervisor's process id; every part is a child of it. 0 when it does not run."""
        return self._process.pid if self._process else 0

    @property
    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **{f"JIESU_{name}": str(port) for name, port in self.ports.items()},
            "JIESU_DATA_DIR": str(self.folder),
            "JIESU_DISPATCH_POLL_SECONDS": "3",
            "JIESU_QUIET_HOURS": "",  # tests run at night too
            "JIESU_DESK_HOURS": "always",
            # what they tell changes with the day
            "JIESU_ISSUES_EXAMPLES": "false",
            **self._more,
        }

    def jiesu(self, *command: str) -> str:
        """What an operator's command says. Raises AssertionError with its words where it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "integrations.cli", *command],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"jiesu {' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._lines.append(line.rstrip())

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)

    def kill(self) -> None:
        """Kill the supervisor outright; on Linux its parts die with it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)
        for port in self.ports.values():
            self._wait_closed(port)

    def kill_part(self, name: str) -> None:
        """Kill one of our own parts outright; the supervisor starts it again."""
        subprocess.run(["pkill", "-KILL", "-P", str(self.pid), "-f", name], check=False)

    def health(self) -> dict[str, object]:
        """What /health says."""
        return dict(httpx.get(f"{self.url}/health", timeout=10, trust_env=False).json())

    def secrets(self) -> dict[str, str]:
        """The secrets of this installation."""
        return dict(json.loads((self.folder / "secrets.json").read_text(encoding="utf-8")))

    @staticmethod
    def _wait_closed(port: int) -> None:
        for _ in range(100):
            try:
                httpx.get(f"http://127.0.0.1:{port}/", timeout=0.3, trust_env=False)
            except httpx.ConnectError:
                return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"port {port} still answers")
