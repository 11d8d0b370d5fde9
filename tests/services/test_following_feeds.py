"""A feed is taken in whole or not at all, by one process at a time, and what it lists no more is ended."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.clients.issue_feed import HttpIssueFeed
from integrations.running import doctor
from integrations.services.errors import Conflict, NeedsPerson, Rejected, ServiceError, TryLater
from integrations.services.following_feeds import LEASE_SECONDS, Followed, key_of
from integrations.services.issue_records import FeedState, Standing
from integrations.worker import Worker
from kb.content_files import ContentError
from tests.conftest import wait_until
from tests.fakes import FakeClock
from tests.services.test_informing import issue

URL = "https://city.example/issues?token=tk-3f9a0c"


def entry(issue_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": issue_id,
        "title": "换热站改造",
        "category": "2101",
        "starts": "2026-11-01",
        "ends": "2026-11-30",
        "lead_unit": "李沧区城市管理局",
        "say": "正在改造。",
        "source": "供热办通知",
        **changes,
    }


class City:
    """The server of the feed: an ETag for each content, 304 for who has it already; `answer` says otherwise."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = [entry("F-1"), entry("F-2")]
        self.answer: Callable[[httpx.Request], httpx.Response] | None = None
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.answer:
            return self.answer(request)
        body = json.dumps(self.entries).encode()
        etag = f'"{hash(body)}"'
        if request.headers.get("if-none-match") == etag:
            return httpx.Response(304)
        return httpx.Response(200, content=body, headers={"content-type": "application/json", "etag": etag})

    def says(self, content: bytes, status: int = 200, kind: str = "application/json") -> None:
        self.answer = lambda _: httpx.Response(status, content=content, headers={"content-type": kind})


@pytest.fixture
def city() -> City:
    return City()


@pytest.fixture
def services(services: Services, city: City) -> Services:
    feed = HttpIssueFeed(transport=httpx.MockTransport(city), sleep=lambda _: None)
    services.replacements |= {"known_issues": (), "issue_feed": feed}
    return services


def another(services: Services, **settings: Any) -> Services:
    """Another process over the same database."""
    changed = services.settings.model_copy(update=settings)
    return bootstrap.build(changed, **services.replacements)


def told(services: Services) -> list[str]:
    return [one.id for one in services.informing.in_force()]


def state(services: Services) -> FeedState:
    (only,) = services.following_feeds.states()
    return only


def everything(services: Services) -> list[Any]:
    return list(services.informing.listed())


# -- a broken feed changes nothing -------------------------------------------------------------------------------

HTML = b"<!doctype html><title>502</title>"
WRONG = [entry("F-1", say="新的。"), entry("F-9", category="9999")]
OF_HERE = [entry("F-1", say="新的。"), entry("OURS")]


@pytest.mark.parametrize(
    ("content", "status", "kind", "error", "said"),
    [
        (b"", 500, "text/html", TryLater, "answered 500"),
        (HTML, 200, "text/html", NeedsPerson, "answered with text/html"),
        (HTML, 200, "application/json", ContentError, "not JSON"),
        (json.dumps([entry("F-1", say="新的。")]).encode()[:-20], 200, "application/json", ContentError, "not JSON"),
        (b"", 200, "application/json", ContentError, "not JSON"),
        (b"{}", 200, "application/json", ContentError, "expected a list"),
        (b"", 301, "text/html", NeedsPerson, "redirect"),
        (json.dumps(WRONG).encode(), 200, "application/json", ContentError, "entry 2 (F-9): category"),
        (json.dumps(OF_HERE).encode(), 200, "application/json", Rejected, "in use here already: OURS"),
        (b"id,title\n", 200, "text/csv", ContentError, "no such column"),
        (b"", 200, "text/csv", ContentError, "empty"),
        (b"x" * 2_000_001, 200, "application/json", NeedsPerson, "more than"),
    ],
)
def test_a_broken_feed_changes_nothing_and_says_why(
    services: Services, city: City, content: bytes, status: int, kind: str, error: type[Exception], said: str
) -> None:
    services.informing.add(issue("OURS"))
    services.following_feeds.fetch(URL)
    before, good = everything(services), state(services)
    city.says(content, status, kind)

    with pytest.raises(error):
        services.following_feeds.fetch(URL)

    assert everything(services) == before
    now = state(services)
    assert now.problem is not None and said in now.problem and "tk-3f9a0c" not in now.problem
    assert (now.failures, now.claim, now.etag, now.fine_at) == (1, None, good.etag, good.fine_at)
    city.answer = None
    assert services.following_feeds.fetch(URL) == Followed("city.example", unchanged=True)
    assert state(services).problem is None and state(services).failures == 0


def test_after_failures_the_pauses_grow_until_the_usual_one(services: Services, city: City, clock: FakeClock) -> None:
    city.says(b"", 500)
    pauses = []
    for _ in range(8):
        with pytest.raises(TryLater):
            services.following_feeds.fetch(URL)
        pauses.append((state(services).next_at - clock.now).total_seconds())
    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]


def test_a_feed_that_a_person_must_mend_is_not_asked_at_once_again(
    services: Services, city: City, clock: FakeClock
) -> None:
    city.says(HTML, 200, "text/html")
    with pytest.raises(NeedsPerson):
        services.following_feeds.fetch(URL)
    assert state(services).next_at - clock.now == timedelta(seconds=900)


def test_a_time_that_the_server_names_is_kept(services: Services, city: City, clock: FakeClock) -> None:
    city.answer = lambda _: httpx.Response(503, headers={"retry-after": "600"})
    with pytest.raises(TryLater):
        services.following_feeds.fetch(URL)
    assert state(services).next_at - clock.now == timedelta(seconds=600)


def test_a_fault_of_our_own_gives_the_claim_up(services: Services, city: City) -> None:
    def fault(_request: httpx.Request) -> httpx.Response:
        raise RuntimeError("nobody foresaw this")

    city.answer = fault
    with pytest.raises(RuntimeError):
        services.following_feeds.fetch(URL)
    assert state(services).claim is None and state(services).failures == 1


# -- what a feed says --------------------------------------------------------------------------------------------


def test_entries_come_change_go_and_come_back(services: Services, city: City) -> None:
    assert services.following_feeds.fetch(URL) == Followed("city.example", added=2)
    assert told(services) == ["F-1", "F-2"]
    assert services.following_feeds.fetch(URL) == Followed("city.example", unchanged=True)

    city.entries = [
        entry("F-2", say="延期了。", ends="2026-12-05"),
        entry("F-3", starts="2026-12-01", ends="2026-12-02"),
    ]
    assert services.following_feeds.fetch(URL) == Followed("city.example", added=1, changed=1, gone=1)
    assert told(services) == ["F-2"]
    gone = services.informing.get("F-1")
    assert (gone.standing(services.informing.today()), gone.ended_by) == (Standing.ENDED, "feed")

    city.entries = [entry("F-1"), entry("F-2")]
    assert services.following_feeds.fetch(URL) == Followed("city.example", changed=2, gone=1)
    assert told(services) == ["F-1", "F-2"]

    city.entries = []
    assert services.following_feeds.fetch(URL) == Followed("city.example", gone=2)
    assert told(services) == []


def test_what_a_clerk_ended_stays_ended_whatever_the_feed_says(services: Services, city: City) -> None:
    services.following_feeds.fetch(URL)
    services.informing.end(["F-1"], why="不实")
    for entries in ([entry("F-1", say="又改了。")], [], [entry("F-1")]):
        city.entries = entries
        services.following_feeds.fetch(URL)
        assert "F-1" not in told(services)
    assert services.informing.get("F-1").ended_why == "不实"


def test_another_feed_and_our_own_entries_are_left_alone(services: Services, city: City) -> None:
    services.informing.add(issue("OURS"))
    services.following_feeds.fetch(URL)
    city.entries = [entry("G-1")]
    services.following_feeds.fetch("https://other.example/issues")
    assert told(services) == ["F-1", "F-2", "G-1", "OURS"]


def test_a_new_token_is_the_same_feed(services: Services, city: City) -> None:
    services.following_feeds.fetch(URL)
    city.entries = [entry("F-2")]
    assert services.following_feeds.fetch(URL.replace("tk-3f9a0c", "tk-new")) == Followed(
        "city.example", same=1, gone=1
    )
    assert key_of(URL) == key_of("https://me:x@city.example/issues") != key_of("https://city.example:8443/issues")


def test_a_feed_may_be_csv(services: Services, city: City) -> None:
    row = entry("C-1")
    city.says(f"{','.join(row)}\n{','.join(row.values())}\n".encode("gb18030"), kind="text/csv")
    assert services.following_feeds.fetch(URL) == Followed("city.example", added=1)
    assert services.informing.get("C-1").issue.title == "换热站改造"


# -- who fetches -------------------------------------------------------------------------------------------------


def test_of_two_workers_at_once_one_fetches(services: Services, city: City) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(_request: httpx.Request) -> httpx.Response:
        inside.set()
        assert go_on.wait(10)
        return httpx.Response(200, json=city.entries)

    city.answer = slow
    done: list[Followed | None] = []
    first = threading.Thread(target=lambda: done.append(services.following_feeds.fetch(URL, due_only=True)))
    first.start()
    assert inside.wait(10)
    try:
        assert another(services).following_feeds.fetch(URL, due_only=True) is None
        with pytest.raises(TryLater, match="another process"):
            another(services).following_feeds.fetch(URL)
    finally:
        go_on.set()
        first.join()
    assert done == [Followed("city.example", added=2)] and len(city.asked) == 1


def test_many_workers_that_begin_together_fetch_once(services: Services, city: City) -> None:
    barrier, done, errors = threading.Barrier(6), [], []

    def work() -> None:
        mine = another(services).following_feeds
        barrier.wait()
        try:
            done.append(mine.fetch(URL, due_only=True))
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is shown by the test
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == []
    assert [one for one in done if one] == [Followed("city.example", added=2)] and len(city.asked) == 1


def test_it_is_due_again_after_the_interval(services: Services, city: City, clock: FakeClock) -> None:
    services.following_feeds.fetch(URL, due_only=True)
    clock.move(seconds=899)
    assert services.following_feeds.fetch(URL, due_only=True) is None
    clock.move(seconds=1)
    assert services.following_feeds.fetch(URL, due_only=True) == Followed("city.example", unchanged=True)


def test_a_worker_that_died_while_fetching_is_replaced_and_comes_too_late(
    services: Services, city: City, clock: FakeClock
) -> None:
    other = another(services).following_feeds

    def stuck(_request: httpx.Request) -> httpx.Response:
        city.answer = None
        clock.move(seconds=LEASE_SECONDS - 1)
        assert other.fetch(URL, due_only=True) is None
        clock.move(seconds=2)
        assert other.fetch(URL, due_only=True) == Followed("city.example", added=2)
        return httpx.Response(200, json=[entry("OLD")], headers={"content-type": "application/json"})

    city.answer = stuck
    with pytest.raises(Conflict, match="took too long"):
        services.following_feeds.fetch(URL)
    assert told(services) == ["F-1", "F-2"]
    assert (state(services).failures, state(services).entries) == (0, 2)


# -- the worker and the doctor -----------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", [False, True])
def test_the_worker_fetches_the_feed_and_lives_on_when_it_is_broken(
    services: Services, city: City, broken: bool
) -> None:
    if broken:
        city.says(HTML, 200, "text/html")
    worker = Worker(another(services, issues_feed=URL))
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        wait_until(lambda: bool(services.following_feeds.states()) and state(services).claim is None)
        assert bool(state(services).problem) is broken
        assert thread.is_alive() and told(services) == ([] if broken else ["F-1", "F-2"])
    finally:
        worker.stop()
        thread.join(5)


def test_the_doctor_tells_how_the_feed_is(
    services: Services, city: City, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "now", clock)
    settings = services.settings.model_copy(update={"issues_feed": URL})

    def check() -> doctor.Check:
        found = {one.name: one for one in doctor._known_issues(settings)}
        assert "tk-3f9a0c" not in str(found)
        return found["feed of known issues"]

    assert (check().state, check().found) == ("warn", "city.example: not fetched yet")
    services.following_feeds.fetch(URL)
    assert check().state == "ok" and "2 entries" in check().found
    clock.move(seconds=3 * 900 + 61)
    assert check().state == "warn" and "nobody fetches it" in check().found
    city.says(HTML, 200, "text/html")
    for times, found_state in ((1, "warn"), (2, "warn"), (3, "bad")):
        with pytest.raises(ServiceError):
            services.following_feeds.fetch(URL)
        assert check().state == found_state, times
        assert "answered with text/html" in check().found
    monkeypatch.undo()
    plain = {one.name for one in doctor._known_issues(services.settings)}
    assert plain == {"known issues"}
