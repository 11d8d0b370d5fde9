"""The emulator as a program of its own: the page, the door for other processes, help, and what it prints."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fake_wechat import TEMPLATES, FakeWechat
from tests.fake_wechat.__main__ import made, options

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fake() -> Iterator[FakeWechat]:
    with FakeWechat(hook=lambda _method, query, _body: query.get("echostr", "success"), patience=2.0) as running:
        yield running


def post(fake: FakeWechat, path: str, content: Any = None) -> Any:
    answer = httpx.post(f"{fake.url}/__control/{path}", json=content or {}, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()


def state(fake: FakeWechat) -> Any:
    return httpx.get(f"{fake.url}/__control/state", timeout=20).json()


class Seen(HTMLParser):
    """Ids and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            if name in ("src", "href") and value:
                self.addresses.append(value)


def test_the_page_stands_alone_and_has_every_part_that_its_script_wants(fake: FakeWechat) -> None:
    page = httpx.get(fake.url).text
    seen = Seen()
    seen.feed(page)
    assert [one for one in seen.addresses if not one.startswith("data:")] == []
    assert set(re.findall(r'\$\("(\w+)"\)', page)) <= seen.ids


def test_a_wrong_act_is_said_to_be_wrong_and_pushes_nothing(fake: FakeWechat) -> None:
    openid = post(fake, "citizens", {"name": "李", "follows": False})["openid"]
    acts = {"say": {"text": "好"}, "fly": {}, "tap": {"entry": 4}, "pin": {"lat": "x"}, "picture": {"data": "?"}}
    for act, content in acts.items():
        answer = httpx.post(f"{fake.url}/__control/citizens/{openid}/{act}", json=content)
        assert answer.status_code == 400, act
    assert httpx.post(f"{fake.url}/__control/citizens/nobody/say", json={"text": "好"}).status_code == 404
    assert fake.pushes.log == []


def test_everything_that_a_finger_does_can_be_done_from_another_process(fake: FakeWechat) -> None:
    openid = post(fake, "citizens", {"name": "李", "follows": False})["openid"]
    data = base64.b64encode(b"\xff\xd8").decode()
    acts: list[tuple[str, dict[str, Any]]] = [
        ("follow", {"scene": "poster"}),
        ("say", {"text": "路灯不亮"}),
        ("picture", {"data": data}),
        ("voice", {"data": data, "wide": data}),
        ("pin", {"lat": 30.2, "lon": 120.1, "label": "文三路"}),
        ("link", {"title": "一", "url": "https://a.example/"}),
        ("sticker", {}),
        ("video", {}),
        ("menu", {"key": "report"}),
        ("scan", {"scene": "poster"}),
        ("location", {"lat": 30.2, "lon": 120.1}),
        ("consent", {"template_id": TEMPLATES[0].id}),
        ("change", {"template_id": TEMPLATES[0].id, "accept": False}),
        ("unfollow", {}),
    ]
    for act, content in acts:
        done = post(fake, f"citizens/{openid}/{act}", {**content, "wait": True})
        assert done["result"] == "nothing", act
    names = [one["name"] for one in state(fake)["pushes"]]
    assert names[:5] == ["subscribe", "text", "image", "voice", "location"]
    assert len(names) == len(acts)
    assert names[-1] == "unsubscribe"


def test_the_page_reads_quota_clock_calls_and_bubbles(fake: FakeWechat) -> None:
    phone = fake.citizen("王")
    post(fake, f"citizens/{phone.openid}/say", {"text": "在吗", "wait": True})
    httpx.get(f"{fake.url}/cgi-bin/menu/get")
    found = state(fake)
    me = found["citizens"][0]
    assert (me["name"], me["left"], me["entries"][0]["text"]) == ("王", 5, "在吗")
    assert [(one["path"], one["code"]) for one in found["calls"]] == [("/cgi-bin/menu/get", 41001)]
    post(fake, "clock", {"advance": 48 * 3600})
    assert state(fake)["citizens"][0]["left"] == 0
    assert state(fake)["now"] - found["now"] == pytest.approx(48 * 3600, abs=1)


def test_faults_are_ordered_from_another_process(fake: FakeWechat) -> None:
    phone = fake.citizen()
    post(fake, "faults", {"path": "/cgi-bin/menu/get", "kind": 45009})
    assert httpx.get(f"{fake.url}/cgi-bin/menu/get").json()["errcode"] == 45009
    post(fake, "pushes", {"kind": "dropped"})
    fake.pushes.apart = 0.0
    assert post(fake, f"citizens/{phone.openid}/say", {"text": "一", "wait": True})["outcomes"] == ["lost", "nothing"]
    post(fake, "pushes", {"chances": {"dropped": 1.0}})
    post(fake, "pushes", {"clear": True})
    assert post(fake, f"citizens/{phone.openid}/say", {"text": "二", "wait": True})["outcomes"] == ["nothing"]
    assert post(fake, "check") == {"ok": True}


def test_the_stand_in_of_the_script_for_pages_is_served(fake: FakeWechat) -> None:
    script = httpx.get(fake.environment()["JIESU_WECHAT_SCRIPT_URL"])
    assert "window.wx" in script.text
    answer = httpx.get(f"{fake.url}/open/js/config.js", params={"callback": "c1", "signature": "x"})
    assert answer.text == 'wx._answer("c1", false);'
    uploaded = httpx.get(f"{fake.url}/open/js/upload.js", params={"callback": "c2"}).text
    media_id = re.fullmatch(r'wx\._answer\("c2", "(.+)"\);', uploaded)
    assert media_id
    assert fake.media.get(media_id[1]).data.startswith(b"\x89PNG")
    assert httpx.get(f"{fake.url}/open/js/config.js", params={"callback": "alert(1)//"}).text == ""


def test_options_become_the_account_they_name() -> None:
    fake = made(options().parse_args(["--mode", "plain", "--unverified", "--citizens", "3", "--ip-list", "a,b"]))
    assert (fake.account.mode, fake.account.verified, fake.account.ip_list) == ("plain", False, ("a", "b"))
    assert len(fake.citizens) == 3
    assert fake.environment()["JIESU_WECHAT_VERIFIED"] == "false"


def test_help_names_every_option_with_its_meaning() -> None:
    shown = options().format_help()
    for action in options()._actions:
        assert action.help, action.dest
        assert any(name in shown for name in action.option_strings)


def test_the_program_prints_the_settings_of_a_gateway_and_opens_the_page() -> None:
    command = [sys.executable, "-m", "tests.fake_wechat", "--port", "0", "--mode", "compatible"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    watch = threading.Timer(60, process.kill)
    watch.start()
    try:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith("Ctrl+C"):
                break
        settings = dict(one.removeprefix("export ").split("=", 1) for one in lines if one.startswith("export "))
        assert settings["JIESU_WECHAT_MODE"] == "compatible"
        assert "微信公众号模拟器" in httpx.get(settings["JIESU_WECHAT_URL"], timeout=20).text
        found = httpx.get(f"{settings['JIESU_WECHAT_URL']}/__control/state", timeout=20).json()
        assert len(found["citizens"]) == 2
        assert abs(found["now"] - time.time()) < 60
    finally:
        watch.cancel()
        process.terminate()
        process.wait(20)


def test_the_emulator_knows_nothing_of_what_it_tests() -> None:
    for path in (ROOT / "tests/fake_wechat").glob("*.py"):
        found = re.findall(r"^\s*(?:from|import)\s+(integrations|kb|actions)\b", path.read_text("utf-8"), re.M)
        assert found == [], path.name
