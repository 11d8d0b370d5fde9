"""Settings that cannot be used are named with key and value; secrets are made once."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from integrations.settings import Secrets, Settings, SettingsError, load, make_folder
from tests.conftest import PROJECT


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("JIESU_") and not name.startswith("JIESU_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JIESU_PORT", "eighty"),
        ("JIESU_PORT", "0"),
        ("JIESU_PORT", "70000"),
        ("JIESU_RASA_PORT", "-1"),
        ("JIESU_DISPATCH_POLL_SECONDS", "0"),
        ("JIESU_DISPATCH_POLL_SECONDS", "often"),
        ("JIESU_COOKIE_SECURE", "perhaps"),
        ("JIESU_LOG_LEVEL", "LOUD"),
        ("JIESU_DATABASE_URL", "nonsense"),
        ("JIESU_DATABASE_URL", "mysql://x/y"),
        ("JIESU_REDIS_URL", "nonsense"),
        ("JIESU_RASA_URL", "ftp://rasa"),
        ("JIESU_DISPATCH_URL", "backend/v2"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as error:
        load()

    assert str(error.value).startswith(f"{name}={value!r}")


def test_settings_come_from_the_environment_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("JIESU_PORT=9001\nJIESU_RASA_PORT=9002\n", encoding="utf-8")
    monkeypatch.setenv("JIESU_PORT", "9003")

    settings = load()

    assert (settings.port, settings.rasa_port) == (9003, 9002)


def test_everything_has_a_default_inside_the_data_folder(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path)

    assert settings.sql_url == f"sqlite:///{tmp_path / 'jiesu.db'}"
    assert settings.redis.startswith(f"unix://{tmp_path}")
    assert settings.dispatch == f"http://127.0.0.1:{settings.department_port}/open311/v2"


def test_what_is_elsewhere_is_taken_from_its_url() -> None:
    settings = load(
        database_url="postgresql+psycopg://db/jiesu",
        redis_url="redis://cache",
        rasa_url="http://rasa:5005",
        dispatch_url="https://backend/v2",
    )

    assert (settings.sql_url, settings.redis) == ("postgresql+psycopg://db/jiesu", "redis://cache")
    assert (settings.rasas, settings.dispatch) == (("http://rasa:5005",), "https://backend/v2")


def test_a_long_data_folder_still_has_a_socket_that_fits(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)

    assert len(str(load(data_dir=deep).redis_socket)) <= 100
    assert load(data_dir=deep).redis_socket != load(data_dir=tmp_path / ("y" * 120)).redis_socket


@pytest.mark.parametrize("folder", ["file/inside", "/proc/nowhere/at/all"])
def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    wanted = tmp_path / folder

    with pytest.raises(SettingsError) as error:
        make_folder(wanted)

    assert str(error.value).startswith(f"JIESU_DATA_DIR={wanted}: cannot be written")


# -- secrets -----------------------------------------------------------------------------------------------------


def test_secrets_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    first, second = load(data_dir=tmp_path).secrets, load(data_dir=tmp_path).secrets

    assert [first[name] for name in Secrets.NAMES] == [second[name] for name in Secrets.NAMES]
    assert len({first[name] for name in Secrets.NAMES}) == len(Secrets.NAMES)
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_a_secret_that_is_set_goes_before_the_kept_one(tmp_path: Path) -> None:
    kept = load(data_dir=tmp_path).secrets

    given = load(data_dir=tmp_path, hook_secret="given").secrets

    assert given["hook_secret"] == "given"
    assert given["session_secret"] == kept["session_secret"]


def test_several_processes_that_start_at_once_agree_on_the_secrets(tmp_path: Path) -> None:
    code = (
        "import sys, time; from integrations.settings import load;"
        "time.sleep(max(0, float(sys.argv[2]) - time.time()));"
        "s = load(data_dir=sys.argv[1]).secrets; print(s['hook_secret'], s['session_secret'])"
    )
    start = time.time() + 2.0
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), str(start)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(5)
    ]
    said = {process.communicate(timeout=30)[0] for process in processes}

    assert len(said) == 1
    assert said != {""}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secrets.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"hook_secret": "x"}', "\x00"])
def test_a_file_of_secrets_that_cannot_be_used_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "secrets.json").write_text(content, encoding="utf-8")

    with pytest.raises(SettingsError) as error:
        _ = load(data_dir=tmp_path).secrets

    assert "secrets.json" in str(error.value)


def test_secrets_are_never_shown_with_the_settings(tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path,
        hook_secret="very-secret",
        database_url="postgresql+psycopg://user:hidden@db/jiesu",
    )

    assert "very-secret" not in repr(settings)
    assert "hidden" not in repr(settings)


def test_a_file_of_secrets_is_plain_json(tmp_path: Path) -> None:
    _ = load(data_dir=tmp_path).secrets

    assert set(json.loads((tmp_path / "secrets.json").read_text(encoding="utf-8"))) == set(Secrets.NAMES)
