"""Twins of what lies outside: small classes with a memory. The contract tests in `tests/clients` hold them to it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.services.casework import DepartmentUpdate
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.records import (
    Bubble,
    Complaint,
    Conversation,
    Geocoded,
    Related,
    Said,
    Told,
    UpdateKind,
    WhenUnsure,
)
from kb.deadlines import CITY_TIME
from kb.request_types import RequestType
from kb.request_types import Verdict as RequestVerdict
from kb.verdict import Ranked, Verdict, decide

SATURDAY = datetime(2026, 11, 21, 10, 0, tzinfo=CITY_TIME).astimezone(UTC)


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = SATURDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class MemoryTurns:
    """The `Turns` port in one process; `lease_runs_out` is what happens to a holder that died."""

    def __init__(self) -> None:
        self.away = False
        self._holders: dict[str, object] = {}

    @asynccontextmanager
    async def turn(self, conversation_id: str, *, patience: float) -> AsyncIterator[None]:
        if self.away:
            raise TryLater("the turns are away")
        mine, until = object(), time.monotonic() + patience
        while self._holders.setdefault(conversation_id, mine) is not mine:
            if time.monotonic() >= until:
                raise TryLater("the messages before this one are not answered yet")
            await asyncio.sleep(0.005)
        try:
            yield
        finally:
            if self._holders.get(conversation_id) is mine:
                del self._holders[conversation_id]

    def lease_runs_out(self, conversation_id: str) -> None:
        self._holders.pop(conversation_id, None)


class MemoryLimiter:
    """The `Limiter` port with the clock it is given."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.away = False
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[datetime, int]] = {}
        self._marks: dict[str, datetime] = {}

    def allow(self, key: str, *, times: int, seconds: int) -> bool:
        self.ping()
        with self._lock:
            until, count = self._counts.get(key, (self._clock(), 0))
            if until <= self._clock():
                until, count = self._clock() + timedelta(seconds=seconds), 0
            self._counts[key] = (until, count + 1)
            return count + 1 <= times

    def mark(self, key: str, *, seconds: int) -> None:
        self.ping()
        self._marks[key] = self._clock() + timedelta(seconds=seconds)

    def seen(self, key: str) -> None:
        self.ping()
        if key not in self._marks or self._marks[key] <= self._clock():
            raise TryLater(f"no sign of life from the {key}")

    def ping(self) -> None:
        if self.away:
            raise TryLater("the limiter is away")


class FakeListener:
    """The `Listener` port: answers by `answers`, remembers what it heard, fails as often as it is told to."""

    def __init__(self, answers: Callable[[Said], list[Bubble]] | None = None) -> None:
        self.answers = answers or (lambda said: [Bubble(f"听到了：{said.text}")])
        self.said: list[Said] = []
        self.message_ids: list[str] = []
        self.seconds = 0.0
        self.away = False
        self.at_once: dict[str, int] = {}
        self.most_at_once = 0
        self._deaf, self._mute = 0, 0
        self._broken: list[Exception] = []
        self._memory: dict[str, list[Bubble]] = {}

    def fail(self, times: int = 1) -> None:
        """The next `times` messages are not heard at all."""
        self._deaf += times

    def lose_answers(self, times: int = 1) -> None:
        """The next `times` messages are heard, but nobody learns the answer."""
        self._mute += times

    def break_with(self, error: Exception) -> None:
        """The next message meets a fault that nobody foresaw."""
        self._broken.append(error)

    @property
    def texts(self) -> list[str]:
        return [said.text for said in self.said]

    async def hear(self, conversation: Conversation, said: Said, message_id: str) -> list[Bubble]:
        if self._broken:
            raise self._broken.pop()
        if self.away or self._deaf:
            self._deaf = max(0, self._deaf - 1)
            raise TryLater("nobody listens")
        self.at_once[conversation.id] = self.at_once.get(conversation.id, 0) + 1
        self.most_at_once = max(self.most_at_once, self.at_once[conversation.id])
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.at_once[conversation.id] -= 1
        self.said.append(said)
        self.message_ids.append(message_id)
        self._memory[message_id] = self.answers(said)
        if self._mute:
            self._mute -= 1
            raise TryLater("the answer was lost")
        return self._memory[message_id]

    async def heard(self, conversation: Conversation, message_id: str) -> list[Bubble] | None:
        if self.away:
            raise TryLater("nobody listens")
        return self._memory.get(message_id)

    async def ping(self) -> None:
        if self.away:
            raise TryLater("nobody listens")


@dataclass
class FiledRequest:
    """A request in the fake department."""

    complaint: Complaint
    phone: str | None
    related: Related = field(default_factory=Related)
    updates: list[DepartmentUpdate] = field(default_factory=list)
    unit: str | None = None


class FakeDispatcher:
    """The `Dispatcher` port: a department in memory. Like a real one it files the same thing twice when told twice."""

    def __init__(self) -> None:
        self.requests: dict[str, FiledRequest] = {}
        self.notes: dict[str, FiledRequest] = {}
        self.posts: list[str] = []
        self.looked_for: list[str] = []
        self.away = False
        self.ping_seconds = 0.0
        self.copies: dict[str, FiledRequest] = {}
        self.told: list[tuple[str, Told]] = []
        self.units: tuple[str, ...] = ()
        self.unsure = WhenUnsure.SEND
        self.files_again = False
        self.tells_by_request = False
        self.before_filing: Callable[[], None] = lambda: None
        self.marked_again: list[str] = []
        self.shows = True
        self.tokens: dict[str, str] = {}
        self._polls_until_number = 0
        self._filed = 0
        self._told_by_request: dict[tuple[str, str], str] = {}
        self._faults: list[Exception] = []
        self._mute = 0

    def be_away(self, times: int = 1) -> None:
        """The next `times` requests are not answered and not stored, which nobody can know."""
        self._faults += [TryLater("the department does not answer")] * times

    def give_token(self, polls: int = 1) -> None:
        """The next request gets a token, and its number only when it is asked for the so-manieth time."""
        self._polls_until_number = polls

    def be_down(self, times: int = 1) -> None:
        """The next `times` requests do not even reach it."""
        self._faults += [TryLater("no connection to the department", unheard=True)] * times

    def lose_everything(self, *, count_on: bool = True) -> None:
        """It comes back without its data, and may give its numbers a second time."""
        self.requests.clear()
        self._filed = self._filed if count_on else 0

    def recover(self) -> None:
        """From now on it does what it should."""
        self.away, self._mute = False, 0
        self._faults.clear()

    def ask_to_wait(self, seconds: float) -> None:
        """The next request is answered 'too many, come back in so many seconds'."""
        self._faults.append(TryLater("the department answered 429", after=seconds))

    def refuse(self, reason: str = "no such service") -> None:
        """The next request is refused for good."""
        self._faults.append(NeedsPerson(f"the department refused: {reason}"))

    def lose_answers(self, times: int = 1) -> None:
        """The next `times` requests are stored, but the sender does not learn of it."""
        self._mute += times

    def do(
        self, request_id: str, event: str, *, unit: str | None = None, note: str | None = None, **more: Any
    ) -> DepartmentUpdate:
        """The department does something; `more` as in `DepartmentUpdate`."""
        updates = self.requests[request_id].updates
        at = SATURDAY + timedelta(hours=len(updates) + 1)
        updates.append(DepartmentUpdate(len(updates) + 1, event, at, unit, note, **more))
        return updates[-1]

    def numbers_of(self, complaint: Complaint) -> list[str]:
        return [number for number, one in self.requests.items() if one.complaint.number == complaint.number]

    def file(self, complaint: Complaint, *, phone: str | None, related: Related | None = None, **how: object) -> str:
        self.before_filing()
        self.posts.append(complaint.number)
        if how.get("again"):
            self.marked_again.append(complaint.number)
        number = f"DC-{self._filed + 1:04}"
        if not self._polls_until_number:
            return self._keep(self.requests, number, FiledRequest(complaint, phone, related or Related()))
        self.tokens[f"T-{number}"] = self._keep(
            self.requests, number, FiledRequest(complaint, phone, related or Related())
        )
        how["on_token"](f"T-{number}")  # type: ignore[operator]
        if not (found := self.number_of(f"T-{number}")):
            raise TryLater("no number for the token yet")
        return found

    def join(self, complaint: Complaint, *, phone: str | None, related: Related, **how: object) -> str | None:
        number = f"DC-{len(self.notes) + 1:04}-again"
        return self._keep(self.notes, number, FiledRequest(complaint, phone, related))

    def co_units(self, complaint: Complaint) -> Sequence[str]:
        return self.units

    def copy(self, complaint: Complaint, request_id: str, *, unit: str, mark: str, **how: object) -> str:
        number = f"{request_id}-{mark}"
        return self._keep(self.copies, number, FiledRequest(complaint, None, Related(incident=request_id), unit=unit))

    def _keep(self, kept: dict[str, FiledRequest], number: str, request: FiledRequest) -> str:
        self._meet_a_fault()
        self._filed += kept is self.requests
        kept[number] = request
        self._lose_the_answer()
        return number

    def _meet_a_fault(self) -> None:
        if self.away:
            raise TryLater("the department does not answer")
        if self._faults:
            raise self._faults.pop(0)

    def _lose_the_answer(self) -> None:
        if self._mute:
            self._mute -= 1
            raise TryLater("the answer was lost")

    def update(self, complaint: Complaint, request_id: str, told: Told, *, mark: str = "", **how: object) -> str | None:
        self._meet_a_fault()
        if any(told.key == known.key and told.kind != known.kind for _, known in self.told):
            raise NeedsPerson(f"the department refused: {told.key} stands for something else already")
        if all(told.key != known.key or request_id != about for about, known in self.told):
            self.told.append((request_id, told))
        if not self.tells_by_request:
            self._lose_the_answer()
            return None
        number = f"{request_id}-told-{len(self._told_by_request) + 1}"
        self._told_by_request[complaint.number, mark] = number
        if told.kind is UpdateKind.RECHECK:
            self.requests[number] = FiledRequest(complaint, None)
        self._lose_the_answer()
        return number

    def when_unsure(self, mark: str = "") -> WhenUnsure:
        return self.unsure

    def number_of(self, token: str) -> str | None:
        self.ping()
        if token not in self.tokens:
            raise Rejected(f"the department does not know {token}")
        self._polls_until_number = max(0, self._polls_until_number - 1)
        return None if self._polls_until_number else self.tokens[token]

    def notes_of(self, complaint: Complaint) -> list[str]:
        """What was told of this complaint's joining."""
        return [number for number, one in self.notes.items() if one.complaint.number == complaint.number]

    def find(self, complaint: Complaint, *, mark: str = "", **how: object) -> str | None:
        self.looked_for.append(complaint.number + mark)
        self.ping()
        if not self.shows:
            return None
        if mark.startswith("U"):
            return self._told_by_request.get((complaint.number, mark))
        if mark:
            return next((number for number in self.copies if number.endswith(mark)), None)
        return next(iter([*self.numbers_of(complaint), *self.notes_of(complaint)]), None)

    def updates(self, request_id: str) -> Sequence[DepartmentUpdate]:
        self.ping()
        if request_id not in self.requests:
            raise Rejected(f"the department does not know {request_id}")
        return list(self.requests[request_id].updates)

    def ping(self) -> None:
        time.sleep(self.ping_seconds)
        if self.away:
            raise TryLater("the department does not answer")


class FakeGeocoder:
    """The `Geocoder` port: a map service that knows the addresses it was told of, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self._known: list[tuple[str, Geocoded]] = []
        self._faults: list[Exception] = []

    def knows(self, words: str, lat: float, lon: float, *, district: str | None = None, sure: float = 0.9) -> None:
        """Every address with these words is at that WGS-84 point."""
        self._known.append((words, Geocoded(lat, lon, district, None, None, "门牌号", sure, "地图")))

    def fail(self, *faults: Exception) -> None:
        """The next questions meet these faults, one each."""
        self._faults += faults

    def find(self, address: str, *, district: str | None) -> Geocoded | None:
        self.asked.append((address, district))
        self.ping()
        return next((found for words, found in self._known if words in address), None)

    def name(self, point: tuple[float, float]) -> Geocoded | None:
        self.ping()
        return next((found for _, found in self._known if (found.lat, found.lon) == point), None)

    def left(self) -> int:
        return 5000 - len(self.asked)

    def ping(self) -> None:
        if self._faults:
            raise self._faults.pop(0)


class FakeClassifier:
    """What `kb.classifier` does, by a table: the first key word in the text gives the ranking."""

    TABLE: Mapping[str, tuple[tuple[str, float], ...]] = {
        "燃气味": (("110101", 0.97), ("110102", 0.01)),
        "暖气": (("210101", 0.9), ("210102", 0.05)),
        "摆摊": (("620101", 0.9), ("310101", 0.05)),
        "落叶": (("310102", 0.9), ("310101", 0.05)),
        "说不准": (("410101", 0.35), ("310101", 0.3)),
        "哪盏灯": (("410101", 0.35), ("410102", 0.3)),
        "路灯": (("410102", 0.9), ("410101", 0.05)),
        "垃圾": (("310101", 0.9), ("620101", 0.05)),
    }
    UNKNOWN = (("310101", 0.2), ("410101", 0.1))

    def rank_all(self, texts: Sequence[str]) -> list[tuple[Ranked, ...]]:
        return [self.judge(text).ranking for text in texts]

    def judge(self, text: str) -> Verdict:
        ranking = next((row for word, row in self.TABLE.items() if word in text), self.UNKNOWN)
        return decide(tuple(Ranked(code, chance) for code, chance in ranking))


class FakeRequestTypes:
    """What `kb.request_type_model` does, by two words."""

    def judge(self, text: str) -> RequestVerdict:
        if "建议" in text:
            return RequestVerdict(RequestType.SUGGESTION, 0.9)
        return RequestVerdict(RequestType.QUESTION if text.endswith("吗？") else RequestType.COMPLAINT, 0.9)


class MemoryNews:
    """The `News` port in one process; `away` as when Redis is."""

    def __init__(self) -> None:
        self.away = False
        self._heard: list[tuple[asyncio.AbstractEventLoop, asyncio.Queue[frozenset[str]]]] = []

    def tell(self, conversations: Collection[str]) -> None:
        if self.away or not conversations:
            return
        for loop, queue in list(self._heard):
            with suppress(RuntimeError):  # its loop is closed
                loop.call_soon_threadsafe(queue.put_nowait, frozenset(conversations))

    async def listen(self) -> AsyncIterator[frozenset[str]]:
        if self.away:
            raise TryLater("the news is away")
        queue: asyncio.Queue[frozenset[str]] = asyncio.Queue()
        mine = (asyncio.get_running_loop(), queue)
        self._heard.append(mine)
        try:
            yield frozenset()
            while True:
                yield await queue.get()
        finally:
            self._heard.remove(mine)
