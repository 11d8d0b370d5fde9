"""The menu's file: what does not fit is refused with line and value, and a tap is understood by its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb import words
from kb.content_files import ContentError
from kb.wechat import menu


def written(folder: Path, text: str) -> Path:
    path = folder / "menu.yml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("buttons: []\n", r"menu.yml:1: buttons: "),
        ("buttons:\n  - name: 反映\n", r"menu.yml:2: buttons.0: .*one thing.*none \(the button '反映'\)"),
        ("buttons:\n  - name: 反映\n    say: start_report\n    photo: true\n", r"menu.yml:2: .*say and photo"),
        ("buttons:\n  - name: 反映\n    say: nonsense\n", r"menu.yml:2: buttons.0.say: .*'nonsense'"),
        ("buttons:\n  - name: 我要反映吗\n    say: urge\n", r"menu.yml:2: .*'我要反映吗' is longer than 4 hanzi"),
        (
            "buttons:\n  - name: 更多\n    below:\n      - name: 我要反映城市问题\n        say: urge\n",
            r"menu.yml:4: buttons.0.below.0: .*'我要反映城市问题' is longer than 7 hanzi",
        ),
        (
            "buttons:\n  - name: 更多\n    say: urge\n    below:\n      - name: 催\n        say: urge\n",
            r"menu.yml:2: .*by itself",
        ),
        ("buttons:\n  - name: 更多\n    below: []\n", r"menu.yml:2: buttons.0.below"),
        ("buttons:\n" + "  - name: 催\n    say: urge\n" * 4, r"menu.yml:\d: buttons: "),
        (
            "buttons:\n  - name: 更多\n    below:\n" + "      - name: 催\n        say: urge\n" * 6,
            r"menu.yml:2: buttons.0.below: ",
        ),
        (f"buttons:\n  - name: 催\n    words: {'催' * 41}\n", r"menu.yml:2: .*128 bytes"),
        ("buttons:\n  - name: 网页\n    page: javascript:alert(1)\n", r"menu.yml:2: buttons.0.page"),
        ("buttons:\n  - name: 网页\n    page: 'https://a.example/{openid}'\n", r"menu.yml:2: .*no gap but"),
        ("buttons:\n  - name: 催\n    say: urge\n    extra: 1\n", r"menu.yml:2: buttons.0.extra"),
    ],
)
def test_what_wechat_would_refuse_or_cut_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ContentError, match=said):
        menu.load(written(tmp_path, text))


def test_an_address_without_our_own_is_not_made(tmp_path: Path) -> None:
    read = menu.load(written(tmp_path, "buttons:\n  - name: 网页\n    page: '{public_url}/x'\n"))
    with pytest.raises(menu.NoAddress, match="JIESU_PUBLIC_URL"):
        read.as_json("")
    assert read.as_json("https://city.example/") == {
        "button": [{"type": "view", "name": "网页", "url": "https://city.example/x"}]
    }


def test_an_address_that_is_too_long_is_refused_once_it_is_filled(tmp_path: Path) -> None:
    read = menu.load(written(tmp_path, "buttons:\n  - name: 网页\n    page: '{public_url}/x'\n"))
    with pytest.raises(ContentError, match="1024 bytes"):
        read.as_json("https://city.example/" + "x" * 1010)


@pytest.mark.parametrize("key", ["", "say:", "say:restart", "say:session_start", "words:", "words: ", "place", "V1001"])
def test_a_key_that_is_not_ours_says_nothing(key: str) -> None:
    assert menu.meaning(key) == (None, None)


def test_the_menu_that_ships_fits_and_every_tap_of_it_means_something() -> None:
    made = menu.shipped().as_json("https://city.example")
    clicks = [one["key"] for one in menu.flat(made) if one.get("type") == "click"]
    assert len(clicks) >= 4
    assert all(any(menu.meaning(key)) for key in clicks)
    assert {one["type"] for one in menu.flat(made) if "type" in one} >= {
        "click",
        "location_select",
        "pic_photo_or_album",
    }


def test_every_intent_has_words_for_its_title() -> None:
    sentences = words.load()
    assert all(sentences.has(key) for key in menu.INTENTS.values())
