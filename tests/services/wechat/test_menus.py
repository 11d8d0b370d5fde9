"""The menu: what a tap says, what is pushed, and what differs from what WeChat has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from integrations.services.errors import NeedsPerson, TryLater
from integrations.services.speech import payload
from integrations.services.wechat.menus import Menus, said_of
from kb.wechat import menu

CITY = "https://city.example"


class FakeApi:
    """WeChat's menu, with the fields that it adds by itself."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] | None = None
        self.away = False

    def make_menu(self, wanted: dict[str, Any]) -> None:
        if self.away:
            raise TryLater("WeChat does not answer")
        self.kept = {"menu": {"button": [{"sub_button": [], **top} for top in wanted["button"]], "menuid": 208}}

    def menu(self) -> dict[str, Any] | None:
        return self.kept

    def delete_menu(self) -> None:
        self.kept = None


def menus(api: FakeApi, folder: Path | None = None, text: str = "", public_url: str = CITY) -> Menus:
    if folder is None:
        return Menus(api=api, public_url=public_url)  # type: ignore[arg-type]
    path = folder / "menu.yml"
    path.write_text(text, encoding="utf-8")
    return Menus(api=api, public_url=public_url, file=lambda: menu.load(path))  # type: ignore[arg-type]


def test_without_the_address_of_our_pages_an_operator_hears_which_setting_is_missing(tmp_path: Path) -> None:
    made = menus(FakeApi(), tmp_path, "buttons:\n  - name: 网页\n    page: '{public_url}/'\n", public_url="")
    with pytest.raises(NeedsPerson, match="JIESU_PUBLIC_URL"):
        made.push()


def test_while_wechat_is_away_nothing_is_said_to_be_done() -> None:
    api = FakeApi()
    api.away = True
    with pytest.raises(TryLater):
        menus(api).push()


def test_what_was_pushed_is_what_wechat_has() -> None:
    api = FakeApi()
    made = menus(api)
    assert made.check() == ["WeChat has no menu"]
    made.push()
    assert made.check() == []
    made.delete()
    assert made.check() == ["WeChat has no menu"]


def test_every_difference_is_named(tmp_path: Path) -> None:
    api = FakeApi()
    menus(api, tmp_path, "buttons:\n  - name: 反映\n    say: start_report\n  - name: 催\n    say: urge\n").push()
    made = menus(api, tmp_path, "buttons:\n  - name: 我反映\n    say: start_report\n  - name: 催\n    say: withdraw\n")
    assert made.check() == [
        "button 1 is '我反映' here and '反映' on WeChat",
        "'催': key is 'say:withdraw' here and 'say:urge' on WeChat",
    ]
    made = menus(api, tmp_path, "buttons:\n  - name: 反映\n    say: start_report\n")
    assert made.check() == ["WeChat has one more button: '催'"]


@pytest.mark.parametrize(
    "key", ["", "place", "photo", "say:restart", 'say:inform{"phone":"1"}', "V1001_TODAY", "words:"]
)
def test_a_tap_that_is_none_of_ours_says_nothing(key: str) -> None:
    assert said_of(key) is None


@pytest.mark.parametrize("intent", sorted(menu.INTENTS))
def test_a_tap_is_a_title_and_what_rasa_gets(intent: str) -> None:
    said = said_of(f"say:{intent}")
    assert said is not None
    title, sent = said
    assert title and not title.startswith("/")
    assert sent == payload(intent)


def test_a_tap_on_words_is_the_same_as_typing_them() -> None:
    assert said_of("words:连接码") == ("连接码", "")


def test_a_tap_on_a_menu_that_was_changed_since_still_means_the_same(tmp_path: Path) -> None:
    made = menus(FakeApi(), tmp_path, "buttons:\n  - name: 反映\n    say: start_report\n")
    assert made.meaning("say:start_report") == ("反映", "/start_report")
    assert made.meaning("say:check_progress") == ("查进度", "/check_progress")
