"""What the hook gets to see, over a real socket."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from integrations.demo_dispatch.app import create_app
from integrations.demo_dispatch.clock import CITY_TIME
from integrations.demo_dispatch.delivery import Patience
from integrations.demo_dispatch.settings import Hook as HookSettings
from integrations.demo_dispatch.settings import Settings

from .conftest import ALL_CHECKS, KEY, Citizen, Hook, serving, wait_until
from .test_pictures import a_photo

SECRET = "hook-secret"
HURRIED = Patience(first=0.05, longest=0.1, poll=0.02)


def settings_for(folder: Path, url: str) -> Settings:
    return Settings(folder / "d.db", KEY, hook=HookSettings(url, SECRET))


def undelivered(citizen: Citizen) -> int:
    return int(citizen.client.get("/health").json()["undelivered_events"])


def bodies(hook: Hook) -> list[dict[str, object]]:
    return [json.loads(body) for _, body in hook.taken]


def test_every_step_reaches_the_hook_signed_and_in_order(tmp_path: Path, hook: Hook) -> None:
    with serving(create_app(settings_for(tmp_path, hook.url), patience=HURRIED)) as citizen:
        number = citizen.file()
        citizen.step(number, "accepted")
        citizen.step(number, "assigned", "二班")
        citizen.step(number, "closed", "已修复")
        wait_until(lambda: len(hook.taken) == 3)
        wait_until(lambda: undelivered(citizen) == 0)

    told = [(b["sequence"], b["event"], b["unit"], b["note"]) for b in bodies(hook)]
    assert told == [
        (1, "accepted", None, None),
        (2, "assigned", "二班", None),
        (3, "closed", "二班", "已修复"),
    ]
    assert {name: value for name, value in bodies(hook)[2].items() if name not in ("event_id", "at")} == {
        "service_request_id": number,
        "sequence": 3,
        "event": "closed",
        "unit": "二班",
        "note": "已修复",
        "due_at": None,
        "photos": [],
        "solved": None,
        "by": None,
    }
    assert {b["service_request_id"] for b in bodies(hook)} == {number}
    assert len({b["event_id"] for b in bodies(hook)}) == 3
    for headers, body in hook.taken:
        signed = headers["x-dispatch-timestamp"].encode() + b"." + body
        digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        assert headers["x-dispatch-signature"] == f"sha256={digest}"
        assert headers["content-type"].startswith("application/json")


def test_an_event_comes_again_until_it_is_taken(tmp_path: Path, hook: Hook) -> None:
    hook.answers = [500, 404, 302, 503]
    with serving(create_app(settings_for(tmp_path, hook.url), patience=HURRIED)) as citizen:
        number = citizen.file()
        citizen.step(number, "accepted")
        citizen.step(number, "returned", "不归我们")
        wait_until(lambda: len(hook.taken) == 2)

    assert [b["event"] for b in bodies(hook)] == ["accepted", "returned"]
    assert len(hook.tried) == 6


def test_an_event_is_not_even_tried_before_the_one_ahead_of_it_is_taken(tmp_path: Path, hook: Hook) -> None:
    with serving(create_app(Settings(tmp_path / "d.db", KEY))) as citizen:
        number = citizen.file()
        citizen.step(number, "accepted")
        citizen.step(number, "returned", "不归我们")
    hook.answers = [500, 500]

    with serving(create_app(settings_for(tmp_path, hook.url), patience=HURRIED)):
        wait_until(lambda: len(hook.taken) == 2)

    assert hook.tried == [1, 1, 1, 2]


def test_one_stuck_request_does_not_hold_back_another(tmp_path: Path, hook: Hook) -> None:
    hook.answers = [500]
    patience = Patience(first=60, poll=0.02)
    with serving(create_app(settings_for(tmp_path, hook.url), patience=patience)) as citizen:
        stuck, other = citizen.file(), citizen.file()
        citizen.step(stuck, "accepted")
        wait_until(lambda: len(hook.tried) == 1)
        citizen.step(other, "accepted")
        wait_until(lambda: len(hook.taken) == 1)

    assert [b["service_request_id"] for b in bodies(hook)] == [other]


def test_events_that_were_not_delivered_survive_a_restart(tmp_path: Path, hook: Hook) -> None:
    nobody = settings_for(tmp_path, "http://127.0.0.1:9/closed")
    with serving(create_app(nobody, patience=HURRIED)) as citizen:
        number = citizen.file()
        citizen.step(number, "accepted")
        citizen.step(number, "assigned", "二班")
        assert undelivered(citizen) == 2

    with serving(create_app(settings_for(tmp_path, hook.url), patience=HURRIED)) as citizen:
        wait_until(lambda: undelivered(citizen) == 0)
        assert citizen.states(number) == ["accepted", "assigned"]

    assert [b["event"] for b in bodies(hook)] == ["accepted", "assigned"]


def test_the_hook_and_a_reader_are_told_the_same(tmp_path: Path, hook: Hook) -> None:
    settings = replace(settings_for(tmp_path, hook.url), own_url="http://department.example/department")
    with serving(create_app(settings, patience=HURRIED)) as citizen:
        number = citizen.file()
        citizen.step(number, "accepted")
        citizen.step(number, "extended", "等材料", due=f"{datetime.now(CITY_TIME) + timedelta(days=3):%Y-%m-%dT%H:%M}")
        citizen.step(number, "assigned", "二班")
        citizen.step(number, "co_assigned", "道路一班")
        citizen.step(number, "answered", "已到场", photos=[a_photo()])
        citizen.step(number, "closed", "已修复", clerk="王敏")
        citizen.tell(number, "recheck")
        citizen.step(number, "rechecked", "不亮", clerk="李强", solved="no", checks=ALL_CHECKS)
        wait_until(lambda: undelivered(citizen) == 0)
        history = citizen.history(number)

    told = [{k: v for k, v in b.items() if k not in ("event_id", "service_request_id")} for b in bodies(hook)]
    assert told == history
    assert [one["event"] for one in history] == [
        "accepted", "extended", "assigned", "co_assigned", "answered", "closed", "rechecked",
    ]  # fmt: skip
    (photo,) = history[4]["photos"]
    assert photo.startswith("http://department.example/department/photos/")
    assert (history[6]["solved"], history[6]["by"]) == (False, "李强")


def test_words_of_citizens_are_told_to_nobody(tmp_path: Path, hook: Hook) -> None:
    with serving(create_app(settings_for(tmp_path, hook.url), patience=HURRIED)) as citizen:
        number = citizen.file()
        for kind in ("urge", "supplement", "withdraw"):
            citizen.tell(number, kind, key=kind)
        citizen.step(number, "accepted")
        wait_until(lambda: len(hook.taken) == 1)

    assert [b["event"] for b in bodies(hook)] == ["accepted"]


# -- faults on the way to the hook -------------------------------------------------------------------------------


@contextmanager
def unreliable(folder: Path, hook: Hook, **order: int) -> Iterator[Citizen]:
    settings = replace(settings_for(folder, hook.url), faults=True)
    with serving(create_app(settings, patience=HURRIED)) as citizen:
        citizen.client.post("/_faults", json=order).raise_for_status()
        yield citizen


def test_an_event_may_be_ordered_to_come_three_times(tmp_path: Path, hook: Hook) -> None:
    with unreliable(tmp_path, hook, duplicate_hooks=3) as citizen:
        number = citizen.file()
        citizen.step(number, "accepted")
        citizen.step(number, "returned", "不归我们")
        wait_until(lambda: undelivered(citizen) == 0)

    assert hook.tried == [1, 1, 1, 2]
    assert len({b["event_id"] for b in bodies(hook)}) == 2


def test_an_event_that_came_twice_may_be_taken_the_second_time(tmp_path: Path, hook: Hook) -> None:
    hook.answers = [500]
    with unreliable(tmp_path, hook, duplicate_hooks=2) as citizen:
        citizen.step(citizen.file(), "accepted")
        wait_until(lambda: undelivered(citizen) == 0)

    assert hook.tried == [1, 1]


def test_events_may_be_ordered_to_come_backwards_and_those_not_taken_come_again(tmp_path: Path, hook: Hook) -> None:
    hook.answers = [409, 409, 204]
    with unreliable(tmp_path, hook, reorder_hooks=3) as citizen:
        number = citizen.file()
        citizen.step(number, "accepted")
        citizen.step(number, "assigned", "二班")
        assert hook.tried == []
        citizen.step(number, "closed", "已修复")
        wait_until(lambda: undelivered(citizen) == 0)

    assert hook.tried == [3, 2, 1, 2, 3]


def test_an_event_may_be_ordered_to_get_lost(tmp_path: Path, hook: Hook) -> None:
    with unreliable(tmp_path, hook, lose_hooks=1) as citizen:
        number = citizen.file()
        citizen.step(number, "accepted")
        wait_until(lambda: undelivered(citizen) == 0)
        citizen.step(number, "assigned", "二班")
        wait_until(lambda: len(hook.taken) == 1)
        assert citizen.states(number) == ["accepted", "assigned"]

    assert hook.tried == [2]


def test_the_wait_doubles_up_to_a_minute() -> None:
    waits = [Patience().after(attempts) for attempts in range(1, 9)]

    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    assert Patience().after(100_000) == 60
