"""Two kinds of GeoReport backends as processes of their own: the demo department, and one with other habits.

Both can be told to misbehave, killed, and brought back with or without what they knew.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from integrations.clients.open311 import MAPPING, Mapping, Open311Dispatcher, load_mapping
from integrations.services.dispatch_ports import Dispatcher
from integrations.services.ports import Clock
from integrations.settings import Settings
from kb.taxonomy import Taxonomy
from tests.conftest import API_KEY, PROJECT, Department
from tests.servers import free_port

OTHER = PROJECT / "tests/other_backend"


class Backend:
    """One server process on a port of its own."""

    name: str
    path: str
    mapping_file: Path
    jurisdiction = ""
    history = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=10, trust_env=False)
        self._process: subprocess.Popen[str] | None = None

    @property
    def base(self) -> str:
        """The base URL of its GeoReport, before '/requests'."""
        return self.url + self.path

    @property
    def mapping(self) -> Mapping:
        return load_mapping(self.mapping_file)

    def dispatcher(
        self, taxonomy: Taxonomy, clock: Clock | None = None, url: str | None = None, **more: Any
    ) -> Dispatcher:
        """Our side of it; `url` where it is spoken to through something else."""
        more = {"mapping": self.mapping, **more, **({"clock": clock} if clock else {})}
        return Open311Dispatcher(
            url or self.base,
            api_key=API_KEY,
            taxonomy=taxonomy,
            jurisdiction=self.jurisdiction or None,
            **more,
        )

    def settings(self, settings: Settings, url: str | None = None, mapping: Path | None = None) -> Settings:
        """The same settings, for workers that file here."""
        return settings.model_copy(
            update={
                "dispatch_url": url or self.base,
                "dispatch_mapping": mapping or self.mapping_file,
                "dispatch_jurisdiction": self.jurisdiction,
                "log_level": "ERROR",
            }
        )

    # -- its life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command(),
            cwd=PROJECT,
            env={**os.environ, "JIESU_DEMO_API_KEY": API_KEY, "PYTHONUTF8": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        until = time.monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, f"{self.name} ended at once"
            assert time.monotonic() < until, f"{self.name} does not start"
            time.sleep(0.05)

    def kill(self) -> None:
        """Outright."""
        if self._process:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def come_back_without_data(self) -> None:
        self.kill()
        self._forget()
        self.start()

    def _answers(self) -> bool:
        try:
            return self.client.get(self._alive).is_success
        except httpx.HTTPError:
            return False

    _alive: str

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _forget(self) -> None:
        """Delete what it keeps on disk."""

    # -- what a test does to it --------------------------------------------------------------------------------------

    def order(self, **fault: float) -> None:
        """The next posted request meets this fault: drop_answer, hang, status (retry_after), delay_seconds; times."""
        raise NotImplementedError

    def clear(self) -> None:
        raise NotImplementedError

    def forget(self) -> None:
        """What one test sent is not in the way of the next, where the list is short."""

    def all(self) -> list[tuple[str, str]]:
        """(number, our reference) of everything it has."""
        raise NotImplementedError

    def numbers_of(self, reference: str) -> list[str]:
        """The requests that carry this reference of ours."""
        return [number for number, carried in self.all() if carried == reference]

    def descriptions(self) -> dict[str, str]:
        """The words of each request."""
        raise NotImplementedError

    def step(self, number: str, event: str, text: str = "") -> None:
        """Its clerk does something; one that knows no such step does nothing."""
        raise NotImplementedError


class DemoBackend(Backend):
    """The demo department."""

    name, path, mapping_file, _alive = "demo", "/open311/v2", MAPPING, "/health"

    @property
    def _data(self) -> Path:
        return self.folder / f"department-{self.port}.db"

    def _command(self) -> list[str]:
        module = ["-m", "integrations.demo_dispatch", "--faults"]
        return [sys.executable, *module, "--port", str(self.port), "--data", str(self._data)]

    def _forget(self) -> None:
        for path in self.folder.glob(f"department-{self.port}.db*"):
            if path.is_file():
                path.unlink()

    def order(self, **fault: float) -> None:
        assert self.client.post("/_faults", json=fault).status_code == 200

    def clear(self) -> None:
        self.client.delete("/_faults")

    def _rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for page in range(1, 100):
            more = self.client.get(f"{self.path}/requests.json", params={"page_size": 1000, "page": page}).json()
            rows += more
            if len(more) < 1000:
                break
        return rows

    def all(self) -> list[tuple[str, str]]:
        return [(row["service_request_id"], row["extended_attributes"]["reference"]) for row in self._rows()]

    def descriptions(self) -> dict[str, str]:
        return {row["service_request_id"]: row["description"] for row in self._rows()}

    def updates_of(self, number: str) -> list[dict[str, Any]]:
        """What was told of a request by the extension."""
        row = next(row for row in self._rows() if row["service_request_id"] == number)
        return list(row["extended_attributes"].get("updates") or ())

    def step(self, number: str, event: str, text: str = "") -> None:
        Department(self.url, self.client).step(number, event, text)


class OtherBackend(Backend):
    """XML, tokens, a list by time window, open and closed."""

    name, path, mapping_file = "other", "/georeport/v2", OTHER / "mapping.yml"
    jurisdiction, history, _alive = "elsewhere.example", False, "/_all"

    def _command(self) -> list[str]:
        return [sys.executable, str(OTHER / "server.py"), str(self.port)]

    def order(self, **fault: float) -> None:
        counted = next((fault[kind] for kind in ("drop_answer", "hang") if kind in fault), None)
        times = {"times": counted} if counted else {}
        hang = {"hang": 60} if "hang" in fault else {}
        assert self.client.post("/_order", json={**times, **fault, **hang}).status_code == 200

    def clear(self) -> None:
        self.client.post("/_clear", json={})

    def forget(self) -> None:
        self.client.post("/_forget", json={})

    def delay_numbers(self, seconds: float) -> None:
        """So long lie between a token and its number."""
        self.client.post("/_delay", json={"seconds": seconds})

    def _rows(self) -> list[dict[str, str]]:
        return list(self.client.get("/_all").json())

    def all(self) -> list[tuple[str, str]]:
        return [(row["number"], row["description"].rpartition("[ref ")[2].rstrip("]")) for row in self._rows()]

    def descriptions(self) -> dict[str, str]:
        return {row["number"]: row["description"] for row in self._rows()}

    def step(self, number: str, event: str, text: str = "") -> None:
        if event == "closed":
            assert self.client.post("/_close", json={"number": number, "note": text}).status_code == 200


KINDS: dict[str, type[Backend]] = {"demo": DemoBackend, "other": OtherBackend}


@contextmanager
def running(kind: str, folder: Path) -> Iterator[Backend]:
    """A server of that kind until the end of the block."""
    backend = KINDS[kind](folder)
    backend.start()
    try:
        yield backend
    finally:
        backend.kill()
        backend.client.close()
