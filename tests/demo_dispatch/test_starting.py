"""Options, the errors they can have, and the process itself."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from integrations.demo_dispatch.server import main, with_own_url
from integrations.demo_dispatch.settings import BadSettings, Hook, Settings, read_settings
from integrations.demo_dispatch.store import Store, StoreUnusable

from .conftest import Citizen
from .test_pictures import a_photo

PROJECT = Path(__file__).parents[2]


def test_the_command_line_goes_before_the_environment(tmp_path: Path) -> None:
    environment = {
        "JIESU_DEMO_DATA": str(tmp_path / "d.db"),
        "JIESU_DEMO_API_KEY": "from-environment",
        "JIESU_DEMO_PORT": "9000",
        "JIESU_DEMO_HOOK_URL": "http://127.0.0.1:8000/hooks/dispatch",
        "JIESU_DEMO_HOOK_SECRET": "s",
        "JIESU_DEMO_PUBLIC_BASE": "/department/",
        "JIESU_DEMO_FAULTS": "1",
        "JIESU_DEMO_OWN_URL": "http://d.example/d/",
        "JIESU_DEMO_JURISDICTION": "qingdao",
        "JIESU_DEMO_TOKEN_SECONDS": "2.5",
    }

    settings = read_settings(["--port", "9001"], environment)

    assert settings.port == 9001
    assert settings.api_key == "from-environment"
    assert settings.hook == Hook("http://127.0.0.1:8000/hooks/dispatch", "s")
    assert settings.public_base == "/department"
    assert (settings.own_url, settings.jurisdiction, settings.token_seconds) == ("http://d.example/d", "qingdao", 2.5)
    assert settings.faults is True
    assert "from-environment" not in repr(settings)


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--port", "eighty", "--port 'eighty' is not a number from 0 to 65535."),
        ("--port", "70000", "--port '70000' is not a number from 0 to 65535."),
        ("--data", "/nowhere/d.db", "the folder '/nowhere' does not exist."),
        ("--data", "/", "is a folder, but a file is needed."),
        ("--api-key", "", "--api-key (or JIESU_DEMO_API_KEY) is needed and was not given."),
        ("--hook-url", "ftp://x", "--hook-url 'ftp://x' is not an http or https address."),
        ("--hook-url", "http://127.0.0.1/", "--hook-url needs --hook-secret"),
        ("--public-base", "department", "--public-base 'department' is not a path"),
        ("--own-url", "department", "--own-url 'department' is not an http or https address."),
        ("--own-url", "http://x/?a=1", "--own-url 'http://x/?a=1' is not an http or https address."),
        ("--token-seconds", "soon", "--token-seconds 'soon' is not a number of seconds"),
        ("--token-seconds", "-1", "--token-seconds '-1' is not a number of seconds"),
    ],
)
def test_a_bad_option_is_named_with_its_value(tmp_path: Path, option: str, value: str, complaint: str) -> None:
    good = {"--data": str(tmp_path / "d.db"), "--api-key": "k"}
    arguments = [f"{name}={text}" for name, text in (good | {option: value}).items()]

    with pytest.raises(BadSettings) as error:
        read_settings(arguments, {})

    assert complaint in str(error.value)


def test_a_bad_switch_is_named_with_its_value(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="JIESU_DEMO_FAULTS='yes'"):
        read_settings(["--data", str(tmp_path / "d.db"), "--api-key", "k"], {"JIESU_DEMO_FAULTS": "yes"})


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    path.write_text("我不是数据库" * 100, encoding="utf-8")

    with pytest.raises(StoreUnusable, match="can't be used as a database"):
        Store(path)


def test_a_database_of_another_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")

    with pytest.raises(StoreUnusable, match="version 99"):
        Store(path)


def test_a_taken_port_is_told_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        data = str(tmp_path / "d.db")
        assert main(["--port", port, "--data", data, "--api-key", "k"]) == 2

    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"--port {port} can't be listened on" in error


def _answered_with_a_picture(citizen: Citizen) -> str:
    number = citizen.file(api_key="k")
    citizen.step(number, "accepted")
    citizen.step(number, "assigned", "二班")
    citizen.step(number, "answered", "已到场", photos=[a_photo()])
    return number


@pytest.mark.parametrize(
    ("host", "own_url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8311/department"),
        ("0.0.0.0", "http://127.0.0.1:8311/department"),
        ("::1", "http://[::1]:8311/department"),
        ("department.example", "http://department.example:8311/department"),
    ],
)
def test_pictures_are_fetched_where_the_department_listens(tmp_path: Path, host: str, own_url: str) -> None:
    settings = Settings(tmp_path / "d.db", "k", host=host, public_base="/department")

    assert with_own_url(settings, 8311).own_url == own_url
    named = Settings(tmp_path / "d.db", "k", host=host, own_url="https://d.example")
    assert with_own_url(named, 8311).own_url == "https://d.example"


def test_the_command_starts_serves_and_stops_on_a_signal(tmp_path: Path) -> None:
    environment = os.environ | {"JIESU_DEMO_API_KEY": "k", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "integrations.demo_dispatch", "--port", "0", "--faults"]
    with subprocess.Popen(
        [*command, "--data", str(tmp_path / "d.db")],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().removeprefix("demo dispatch: ").strip()
            with httpx.Client(base_url=url, trust_env=False, transport=httpx.HTTPTransport(retries=3)) as client:
                assert client.get("health").json()["status"] == "ok"
                citizen = Citizen(client)
                client.base_url = httpx.URL(url.rstrip("/"))
                number = _answered_with_a_picture(citizen)
                (photo,) = citizen.history(number)[-1]["photos"]
                assert photo.startswith(f"{url}photos/")
                assert client.get(photo).headers["content-type"] == "image/jpeg"
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=5)
        finally:
            process.kill()
    assert process.returncode in (0, -signal.SIGTERM)
