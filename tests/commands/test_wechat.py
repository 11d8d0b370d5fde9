"""`jiesu wechat`: what is missing is named, what WeChat refuses comes with what to do, and no secret is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from integrations.clients.wechat.codes import CODES, refusal
from integrations.commands import wechat
from integrations.running import wechat_checks
from integrations.running.wechat_checks import Account
from integrations.services.errors import NeedsPerson, ServiceError, TryLater
from integrations.services.wechat.menus import Menus
from integrations.settings import Settings
from tests.conftest import PROJECT
from tests.fakes import SATURDAY

SECRET, TOKEN, KEY = "5ec7e7" + "0" * 26, "TokenOfTheHook", "k" * 43
SET_UP = {
    "wechat_appid": "wx" + "a" * 16,
    "wechat_secret": SECRET,
    "wechat_token": TOKEN,
    "wechat_aes_key": KEY,
    "public_url": "https://city.example",
}
Run = Callable[..., Result]


@dataclass
class Alarm:
    code: int
    at: datetime = SATURDAY
    times: int = 3
    meaning: str = "the address is not in the IP list"


@dataclass
class FakeApi:
    """WeChat's API as far as the commands ask it."""

    refuses: ServiceError | None = None
    menu_kept: dict[str, Any] | None = None
    noted: list[Alarm] = field(default_factory=list)

    def _answer(self) -> None:
        if self.refuses:
            raise self.refuses

    def ping(self) -> None:
        self._answer()

    def callback_ips(self) -> list[str]:
        self._answer()
        return ["101.226.62.77", "101.226.62.78"]

    def make_menu(self, menu: dict[str, Any]) -> None:
        self._answer()
        self.menu_kept = menu

    def menu(self) -> dict[str, Any] | None:
        self._answer()
        return self.menu_kept

    def delete_menu(self) -> None:
        self._answer()
        self.menu_kept = None

    def alarms(self) -> list[Alarm]:
        return self.noted

    def clear_alarms(self) -> None:
        self.noted = []


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def run(settings: Settings, api: FakeApi) -> Run:
    def parts(chosen: Settings) -> Account:
        return Account(settings=chosen, api=api, menus=Menus(api=api, public_url=chosen.public_url))  # type: ignore[arg-type]

    def called(*arguments: str, **changed: Any) -> Result:
        app = typer.Typer()
        chosen = settings.model_copy(update={**SET_UP, **changed})
        wechat.add_to(app, parts=parts, load=lambda: chosen)
        app.callback()(lambda: None)
        return CliRunner().invoke(app, ["wechat", *arguments])

    return called


@pytest.mark.parametrize(
    "arguments",
    [["whoami"], ["menu", "push"], ["menu", "check"], ["menu", "show"], ["menu", "delete"], ["alarms", "list"]],
    ids=" ".join,
)
def test_without_an_account_every_command_names_the_settings_that_are_missing(run: Run, arguments: list[str]) -> None:
    result = run(*arguments, wechat_appid="", wechat_secret="")
    assert isinstance(result.exception, NeedsPerson)
    assert "JIESU_WECHAT_APPID, JIESU_WECHAT_SECRET not set" in str(result.exception)


def test_the_check_of_an_account_that_is_not_set_up_says_so_and_asks_nobody(run: Run, api: FakeApi) -> None:
    api.refuses = AssertionError("nobody is asked")  # type: ignore[assignment]
    result = run("check", wechat_appid="", wechat_token="")
    assert result.exit_code == 1
    assert "JIESU_WECHAT_APPID, JIESU_WECHAT_TOKEN" in result.output


@pytest.mark.parametrize(
    ("refused", "do"),
    [
        (refusal(40164), "IP list"),
        (NeedsPerson("WeChat refuses: 40164"), "IP list"),
        (NeedsPerson("40125: invalid appsecret"), "JIESU_WECHAT_SECRET"),
        (NeedsPerson("40013"), "JIESU_WECHAT_APPID"),
        (TryLater("WeChat did not answer in time"), "reachable"),
    ],
)
def test_a_token_that_is_refused_comes_with_what_to_do(run: Run, api: FakeApi, refused: ServiceError, do: str) -> None:
    api.refuses = refused
    result = run("check")
    assert do in next(line for line in result.output.splitlines() if "WeChat token" in line)
    assert "WeChat menu" not in result.output


@pytest.mark.parametrize(
    ("changed", "state", "said"),
    [
        ({"wechat_aes_key": "short"}, "bad", "43 letters and digits"),
        ({"wechat_aes_key": " ".join([KEY] * 3)}, "bad", "has 3 keys"),
        ({"wechat_aes_key": f"{KEY} {KEY}"}, "warn", "two keys"),
        ({"wechat_aes_key": "", "wechat_mode": "plain"}, "warn", "not sealed"),
        ({"wechat_token": "with blank"}, "bad", "JIESU_WECHAT_TOKEN does not look like one"),
        ({"wechat_appid": "gh_1"}, "warn", "JIESU_WECHAT_APPID does not look like one"),
        ({"public_url": ""}, "warn", "JIESU_PUBLIC_URL is not set"),
        ({"public_url": "http://city.example"}, "bad", "is not https"),
        ({"wechat_verified": False}, "ok", "passive replies only"),
    ],
    ids=str,
)
def test_a_setting_that_is_wrong_is_seen_without_asking_wechat(
    run: Run, changed: dict[str, Any], state: str, said: str
) -> None:
    lines = run("check", **changed).output.splitlines()
    assert any(line.startswith(state) and said in line for line in lines), lines


def test_a_file_of_notices_that_does_not_fit_is_named_with_its_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "notices.yml"
    path.write_text("notices:\n  closed:\n    template: x\n", encoding="utf-8")
    assert "notices.yml:3" in run("check", wechat_notices=path).output


def test_an_account_whose_gateway_is_not_running_is_told_so(run: Run) -> None:
    result = run("check")
    assert "our gateway does not answer" in result.output
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("answers", "state"),
    [(200, "ok"), (403, "bad"), (500, "bad")],
)
def test_the_hook_is_asked_as_wechats_console_asks(settings: Settings, api: FakeApi, answers: int, state: str) -> None:
    asked: list[dict[str, str]] = []

    def get(url: str, *, params: dict[str, str], timeout: float) -> httpx.Response:
        assert url.endswith("/wechat") and timeout <= 10
        asked.append(params)
        return httpx.Response(answers, text=params["echostr"])

    chosen = settings.model_copy(update=SET_UP)
    account = Account(settings=chosen, api=api, menus=Menus(api=api, public_url=chosen.public_url))  # type: ignore[arg-type]
    hook = [one for one in wechat_checks.examine(account, get=get) if one.name == "WeChat hook"]
    assert [one.state for one in hook] == [state]
    assert set(asked[0]) == {"signature", "timestamp", "nonce", "echostr"}
    assert len(asked[0]["signature"]) == 40


def test_a_menu_is_compared_pushed_shown_and_taken_away(run: Run) -> None:
    assert run("menu", "check").exit_code == 1
    assert run("menu", "push").exit_code == 0
    assert "WeChat has our menu" in run("menu", "check").output
    assert "start_report" in run("menu", "show").output
    assert run("menu", "delete").exit_code == 0
    assert "WeChat has no menu" in run("menu", "check").output


def test_a_menu_that_wechat_refuses_comes_with_what_to_do(run: Run, api: FakeApi) -> None:
    api.refuses = refusal(48001)
    result = run("menu", "push")
    assert isinstance(result.exception, NeedsPerson)
    assert "JIESU_WECHAT_VERIFIED=false" in str(result.exception)


def test_alarms_are_listed_shown_by_the_check_and_forgotten(run: Run, api: FakeApi) -> None:
    assert "there is no alarm" in run("alarms", "list").output
    api.noted = [Alarm(40164)]
    assert "40164" in run("alarms", "list").output
    assert "IP list" in next(line for line in run("check").output.splitlines() if "WeChat alarm" in line)
    run("alarms", "clear")
    assert api.noted == []


@pytest.mark.parametrize("command", ["whoami", "check"])
def test_no_secret_is_shown(run: Run, command: str) -> None:
    output = run(command).output
    assert "https://city.example/wechat" in output
    assert not [secret for secret in (SECRET, TOKEN, KEY) if secret in output]


@pytest.mark.parametrize("running", [True, False])
def test_the_doctor_says_nothing_of_an_account_that_nobody_wants(settings: Settings, running: bool) -> None:
    assert list(wechat_checks.for_doctor(settings, running=running)) == []


@pytest.mark.parametrize("running", [True, False])
def test_the_doctor_names_what_is_missing_of_an_account_that_is_half_set_up(settings: Settings, running: bool) -> None:
    half = settings.model_copy(update={"wechat_appid": SET_UP["wechat_appid"]})
    first, *_ = wechat_checks.for_doctor(half, running=running)
    assert first.state == "bad" and "JIESU_WECHAT_SECRET" in first.found


def test_every_code_is_explained_to_operators_as_the_program_means_it() -> None:
    text = (PROJECT / "docs/wechat.md").read_text(encoding="utf-8")
    rows = [f"| `{one.number}` | {one.meaning} | {one.action} | {one.todo} |" for one in CODES.values()]
    assert [row for row in rows if row not in text] == []
    assert sum(line.startswith("| `") and line[3:4] in "-0123456789" for line in text.splitlines()) == len(rows)
