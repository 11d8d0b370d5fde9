"""Run a command with a PostgreSQL and a Redis server of its own: `python -m tests.servers -- COMMAND …`.

Both come from the system's packages, listen on sockets and ports of a temporary folder, and are gone afterwards.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

# Below the ports that systems give to whoever asks for any, above those that programs are known by.
FIRST_PORT, LAST_PORT = 12_000, 32_000


class Missing(RuntimeError):
    """A server program is not installed."""


def free_port() -> int:
    """A port nobody listens on, given to no other test of this machine: they are dealt out in turn.

    What the system gives to whoever asks for any port is given again at once, to a test that begins at the same moment
    or to somebody's outgoing connection; a server that starts meanwhile is then taken for another's.
    """
    with (Path(tempfile.gettempdir()) / f"jiesu-test-ports-{os.geteuid()}").open("a+", encoding="ascii") as dealt:
        fcntl.flock(dealt, fcntl.LOCK_EX)
        dealt.seek(0)
        last = dealt.read().strip()
        port = int(last) if last.isdigit() else random.randrange(FIRST_PORT, LAST_PORT)
        for _ in range(LAST_PORT - FIRST_PORT):
            port = port + 1 if FIRST_PORT <= port < LAST_PORT else FIRST_PORT
            if _is_free(port):
                break
        else:
            raise OSError(f"somebody listens on every port from {FIRST_PORT} to {LAST_PORT}")
        dealt.seek(0)
        dealt.truncate()
        dealt.write(str(port))
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _program(name: str) -> str:
    found = shutil.which(name)
    if found:
        return found
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if places:
        return str(places[-1])
    raise Missing(f"{name} is not installed (Debian: apt install postgresql redis-server)")


def _as_postgres(folder: Path) -> dict[str, object]:
    """PostgreSQL refuses to run as root; then it runs as the user that its package made."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Cluster:
    """A PostgreSQL server of our own; `url` is that of its first database."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self._who = _as_postgres(folder)
        self._log = (folder / "log").open("wb")
        self.url = f"postgresql+psycopg://jiesu@127.0.0.1:{self._port}/postgres"
        data = str(folder / "data")
        initdb = [_program("initdb"), "-D", data, "-U", "jiesu", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **self._who)  # type: ignore[call-overload]
        self._start()

    def _start(self) -> None:
        where = ["-D", str(self._folder / "data"), "-p", str(self._port), "-k", str(self._folder), "-h", "127.0.0.1"]
        self._server = subprocess.Popen(  # type: ignore[call-overload]
            [_program("postgres"), *where], stdout=self._log, stderr=self._log, cwd=self._folder, **self._who
        )
        _wait_for(self._port, self._server, "PostgreSQL")
        for _ in range(150):  # it listens before it has mended what a power cut left
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url.replace("+psycopg", "")).close()
                return
            time.sleep(0.1)
        raise RuntimeError("PostgreSQL did not come up within 15 s")

    def restart(self, seconds: float = 0.0) -> None:
        """Stop at once, as in a power cut, and start again after so many seconds."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(20)
        time.sleep(seconds)
        self._start()

    def stop(self) -> None:
        self._server.send_signal(signal.SIGINT)
        self._server.wait(20)
        self._log.close()


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A fresh cluster that a test may restart."""
    folder = Path(tempfile.mkdtemp(prefix="jiesu-pg-"))
    folder.chmod(0o755)
    made = Cluster(folder)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres() -> Iterator[str]:
    """A fresh cluster; gives its SQLAlchemy URL."""
    with cluster() as made:
        yield made.url


@contextmanager
def redis() -> Iterator[str]:
    """A fresh server; gives its URL."""
    port = free_port()
    command = [_program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, server, "Redis")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(port: int, server: subprocess.Popen[bytes], name: str) -> None:
    for _ in range(150):
        if server.poll() is not None:
            raise RuntimeError(f"{name} ended at once with code {server.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{name} did not listen within 15 s")


def main() -> int:
    """Run the command after '--' with both servers' URLs in its environment."""
    command = sys.argv[sys.argv.index("--") + 1 :]
    with postgres() as database, redis() as cache:
        environment = {**os.environ, "JIESU_TEST_DATABASE_URL": database, "JIESU_TEST_REDIS_URL": cache}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
