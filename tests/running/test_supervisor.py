"""Keeping the parts alive: what dies is started again, what must stop stops, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from integrations.running.parts import Part, host_of, parts
from integrations.running.supervisor import CannotStart, Supervisor, check_ports, only_one
from integrations.settings import Settings, SettingsError
from tests.conftest import PROJECT, wait_until


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path)


def part(name: str, code: str, *, wave: int = 0, ready: Callable[[], Awaitable[bool]] | None = None) -> Part:
    async def at_once() -> bool:
        return True

    return Part(name, wave, [sys.executable, "-c", textwrap.dedent(code)], ready or at_once)


def sleeper(name: str, folder: Path, **how: object) -> Part:
    """Appends its process id to a file of its name, then sleeps."""
    code = f"""
        import os, time
        with open({str(folder / name)!r}, "a") as file:
            file.write(f"{{os.getpid()}}\\n")
        time.sleep(600)
    """

    async def has_written() -> bool:
        return bool(pids(folder, name))

    return part(name, code, **{"ready": has_written, **how})  # type: ignore[arg-type]


def pids(folder: Path, name: str) -> list[int]:
    try:
        return [int(line) for line in (folder / name).read_text().split()]
    except FileNotFoundError:
        return []


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def supervise(
    parts: list[Part], settings: Settings, then: Callable[[], Awaitable[None]] | None = None, *, seconds: float = 30.0
) -> list[str]:
    """Run the parts, do `then` when all are ready, stop; gives what was said."""
    said: list[str] = []

    async def run() -> None:
        supervisor = Supervisor(parts, settings, say=said.append)
        started = asyncio.Event()
        running = asyncio.create_task(supervisor.run(started.set))
        waiting = asyncio.create_task(started.wait())
        try:
            async with asyncio.timeout(seconds):
                await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
                if started.is_set() and then:
                    await then()
                supervisor.stop()
                await running
        finally:
            waiting.cancel()
            supervisor.stop()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())
    return said


async def until(come_true: Callable[[], object]) -> None:
    async with asyncio.timeout(15):
        while not come_true():
            await asyncio.sleep(0.02)


def test_parts_start_wave_by_wave_and_all_stop(settings: Settings, tmp_path: Path) -> None:
    order: list[str] = []

    async def first_is_ready() -> bool:
        ready = bool(pids(tmp_path, "first"))
        if ready and "first" not in order:
            order.append("first")
            assert pids(tmp_path, "second") == []
        return ready

    said = supervise([sleeper("second", tmp_path, wave=1), sleeper("first", tmp_path, ready=first_is_ready)], settings)

    assert [line.split()[0] for line in said] == ["first", "second"]
    for name in ("first", "second"):
        assert not any(lives(pid) for pid in pids(tmp_path, name))


def test_a_part_that_dies_is_started_again(settings: Settings, tmp_path: Path) -> None:
    async def kill_it() -> None:
        os.kill(pids(tmp_path, "mortal")[0], signal.SIGKILL)
        await until(lambda: len(pids(tmp_path, "mortal")) == 2)

    said = supervise([sleeper("mortal", tmp_path)], settings, kill_it)

    assert any("mortal ended (killed by signal 9)" in line for line in said)
    assert not any(lives(pid) for pid in pids(tmp_path, "mortal"))


def test_a_part_that_ends_at_once_is_given_up_with_its_last_words(settings: Settings) -> None:
    broken = part("broken", "import sys; print('no such model: x'); sys.exit(3)", ready=_never)

    with pytest.raises(CannotStart, match="broken ends at once: no such model: x"):
        supervise([broken], settings)


def test_a_part_that_ends_at_once_without_an_error_is_given_up_too(settings: Settings) -> None:
    with pytest.raises(CannotStart, match="silent"):
        supervise([part("silent", "pass", ready=_never)], settings, seconds=15)


def test_a_part_whose_program_is_not_there_is_named_at_once(settings: Settings) -> None:
    nowhere = Part("rasa", 0, ["/nowhere/python", "serve.py"], _never)

    with pytest.raises(CannotStart, match="rasa"):
        supervise([nowhere], settings, seconds=15)


def test_a_part_that_fails_once_while_starting_gets_a_second_chance(settings: Settings, tmp_path: Path) -> None:
    mark = tmp_path / "came-before"
    code = f"""
        import pathlib, sys, time
        mark = pathlib.Path({str(mark)!r})
        if not mark.exists():
            mark.touch()
            sys.exit("the port was still taken")
        (mark.parent / "well").touch()
        time.sleep(600)
    """

    async def ready() -> bool:
        return (tmp_path / "well").exists()

    said = supervise([part("second-try", code, ready=ready)], settings, seconds=15)

    assert any("second-try ready" in line for line in said)


def test_when_one_part_cannot_start_the_others_are_stopped(settings: Settings, tmp_path: Path) -> None:
    broken = part("broken", "raise SystemExit(3)", wave=1, ready=_never)

    with pytest.raises(CannotStart):
        supervise([sleeper("well", tmp_path), broken], settings)

    assert pids(tmp_path, "well")
    assert not any(lives(pid) for pid in pids(tmp_path, "well"))


def test_what_a_part_has_started_itself_is_stopped_with_it(settings: Settings, tmp_path: Path) -> None:
    code = f"""
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        with open({str(tmp_path / "family")!r}, "w") as file:
            file.write(f"{{child.pid}}\\n")
        time.sleep(600)
    """

    async def has_child() -> bool:
        return bool(pids(tmp_path, "family"))

    supervise([part("parent", code, ready=has_child)], settings)

    wait_until(lambda: not any(lives(pid) for pid in pids(tmp_path, "family")), 5)


def test_what_a_part_says_is_kept_in_its_log(settings: Settings, tmp_path: Path) -> None:
    code = "import sys, time; print('你好'); print('x' * 200_000); print('last', file=sys.stderr); time.sleep(600)"

    async def has_said_it() -> bool:
        log = tmp_path / "logs" / "talker.log"
        return log.exists() and "last" in log.read_text(encoding="utf-8")

    supervise([part("talker", code, ready=has_said_it)], settings)

    assert "你好" in (tmp_path / "logs" / "talker.log").read_text(encoding="utf-8")


def test_no_token_of_a_url_is_kept_in_a_log(settings: Settings, tmp_path: Path) -> None:
    """Rasa writes the address of the actions into its errors."""
    said = "Couldn't connect to the server at 'http://127.0.0.1:1/webhook?token=2-xn_N8e&a=1'. Is it running?"
    log = tmp_path / "logs" / "talker.log"

    async def has_said_it() -> bool:
        return log.exists() and "running" in log.read_text(encoding="utf-8")

    supervise([part("talker", f"import time; print({said!r}); time.sleep(600)", ready=has_said_it)], settings)

    assert "webhook?token=…&a=1'. Is it running?" in log.read_text(encoding="utf-8")


def test_a_part_sees_the_settings_of_its_supervisor(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, port=9876, cookie_secure=True)
    code = f"""
        import os, pathlib, time
        seen = [os.environ.get(f"JIESU_{{name}}", "") for name in ("PORT", "COOKIE_SECURE", "DATA_DIR", "REDIS_URL")]
        pathlib.Path({str(tmp_path / "seen.part")!r}).write_text("|".join(seen))
        pathlib.Path({str(tmp_path / "seen.part")!r}).rename({str(tmp_path / "seen")!r})
        time.sleep(600)
    """

    async def has_seen() -> bool:
        return (tmp_path / "seen").exists()

    supervise([part("reader", code, ready=has_seen)], settings)

    assert (tmp_path / "seen").read_text() == f"9876|True|{tmp_path}|"


def test_parts_end_when_their_supervisor_is_killed_outright(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.running.supervising", str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as supervisor:
        try:
            assert supervisor.stdout is not None
            while supervisor.stdout.readline() != "started\n":
                assert supervisor.poll() is None
            wait_until(lambda: pids(tmp_path, "pid"))
            assert lives(pids(tmp_path, "pid")[0])
        finally:
            supervisor.send_signal(signal.SIGKILL)

    wait_until(lambda: not lives(pids(tmp_path, "pid")[0]), 5)


async def _never() -> bool:
    return False


# -- before starting ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "setting"), [("gateway", "JIESU_PORT"), ("rasa", "JIESU_RASA_PORT")])
def test_a_port_in_use_is_named_with_its_setting(name: str, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(SettingsError) as error:
            check_ports([Part(name, 0, [], _never, port)], "127.0.0.1")

    assert str(error.value) == f"{setting}={port}: another program is listening there"


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost", "::1", "::"])
def test_free_ports_are_free_on_every_kind_of_address(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    check_ports([Part("redis", 0, [], _never), Part("gateway", 1, [], _never, port)], host)
    check_ports([Part("actions", 0, [], _never, port)], host)


def test_a_data_folder_belongs_to_one_system_at_a_time(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(CannotStart, match="in use by another"), only_one(tmp_path):
        pass

    with only_one(tmp_path):
        pass


def test_what_is_configured_elsewhere_is_not_started(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    here = Settings(_env_file=None, data_dir=tmp_path / "here")
    elsewhere = Settings(
        _env_file=None,
        data_dir=tmp_path,
        redis_url="redis://cache",
        rasa_url="http://rasa",
        dispatch_url="https://backend/v2",
    )

    assert [one.name for one in parts(here)] == ["redis", "department", "actions", "rasa", "worker", "gateway"]
    assert [one.name for one in parts(elsewhere)] == ["actions", "worker", "gateway"]


def test_no_secret_of_the_department_stands_on_a_command_line(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)

    department = next(one for one in parts(settings) if one.name == "department")

    for name in ("dispatch_api_key", "hook_secret"):
        assert settings.secrets[name] not in " ".join(department.command)


def test_a_url_is_shown_without_its_password() -> None:
    assert host_of("postgresql+psycopg://user:secret@db:5432/jiesu") == "db:5432"
