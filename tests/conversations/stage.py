"""Where conversations are played: a running system, its department's clerk, a person at its desk, and time that passes.

Several are played at the same time, for much of it is waiting: for what else is said, and for the department.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock

import httpx
from sqlalchemy import Engine, select, update

from integrations.services.errors import TryLater
from integrations.store import database
from integrations.store.handover_tables import handovers
from integrations.store.tables import lines
from tests.announcing import announce
from tests.conftest import Department, wait_until
from tests.conversations.dialog import Played, World, verify
from tests.conversations.script import Conversation
from tests.conversations.talking import Talker
from tests.system import RunningSystem

AT_ONCE = 3
CLERK = "王芳"
# Longer than a turn takes.
HANDED_OVER_SECONDS = 20.0


@dataclass
class Stage:
    """Plays conversations with a system that runs already."""

    system: RunningSystem
    _playing: dict[str, Future[Played]] = field(default_factory=dict)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE))
    _lock: Lock = field(default_factory=Lock)
    _token: str = ""
    _engine: Engine | None = None

    def begin(self, wanted: Sequence[Conversation]) -> None:
        """Begin to play these, in order."""
        for one in wanted:
            self._playing.setdefault(one.id, self._pool.submit(self._play, one))

    def played(self, conversation: Conversation) -> Played:
        """How it went, once it is over. Raises AssertionError where it did not go as written."""
        self.begin([conversation])
        return self._playing[conversation.id].result()

    def close(self) -> None:
        """Play no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._engine is not None:
            self._engine.dispose()

    def _play(self, conversation: Conversation) -> Played:
        if conversation.script.issue:
            with self._lock:
                announce(self.system, conversation.script.issue)
        talkers = Talker(self.system.url), Talker(self.system.url)
        try:
            return verify(conversation, *talkers, World(self.office, self.desk, self.silence))
        except TryLater as late:
            raise AssertionError(f"{conversation.id}: {late}") from late
        finally:
            for one in talkers:
                one.close()

    # -- others ----------------------------------------------------------------------------------------------

    def office(self, number: str, what: str, text: str) -> None:
        """The clerk of the demo department takes a step with that ticket, as soon as the worker has brought it.

        `closed` takes it over and gives it to a team first; `rechecked` and `reworked` are what a re-check comes to.
        """
        with httpx.Client(base_url=self.system.department, timeout=10, trust_env=False) as client:
            department = Department(self.system.department, client)
            wait_until(lambda: department.numbers_of(number), seconds=40)
            (request,) = department.numbers_of(number)
            if what in ("rechecked", "reworked"):
                wait_until(lambda: department.read(request)["status"] == "open", seconds=40)
                department.recheck(request, text, solved=what == "rechecked")
                return
            if what == "closed":
                department.step(request, "accepted")
                department.step(request, "assigned", "维修三班")
            department.step(request, what, text)

    def desk(self, conversation: str, act: str, text: str) -> None:
        """A person at the desk takes this conversation, says something, gives it back or ends it."""
        number = self._handover(conversation)
        body = {"id": uuid.uuid4().hex, "text": text} if act == "say" else None
        path = {"say": "messages", "give_back": "give-back"}.get(act, act)
        headers = {"Authorization": f"Bearer {self._clerks_token()}"}
        answer = httpx.post(
            f"{self.system.url}/api/staff/handovers/{number}/{path}",
            headers=headers,
            json=body,
            timeout=20,
            trust_env=False,
        )
        assert answer.is_success, f"{act} {number}: {answer.status_code} {answer.text}"

    def silence(self, conversation: str, hours: float) -> None:
        """Everything that was said so far was said so many hours earlier."""
        mine = lines.c.conversation_id == conversation
        with self._database().begin() as db:
            for line, at in db.execute(select(lines.c.id, lines.c.at).where(mine)).all():
                db.execute(update(lines).where(lines.c.id == line).values(at=at - timedelta(hours=hours)))

    def _handover(self, conversation: str) -> int:
        """The number of the conversation's latest hand-over; the list for clerks does not tell whose it is."""
        latest = (
            select(handovers.c.id)
            .where(handovers.c.conversation_id == conversation)
            .order_by(handovers.c.id.desc())
            .limit(1)
        )
        until = time.monotonic() + HANDED_OVER_SECONDS
        while time.monotonic() < until:
            with self._database().connect() as db:
                if found := db.execute(latest).scalar():
                    return int(found)
            time.sleep(0.2)
        raise AssertionError("nobody has been asked to take this conversation")

    def _clerks_token(self) -> str:
        with self._lock:
            if not self._token:
                self._token = self.system.jiesu("staff", "token", CLERK).split()[-1]
            return self._token

    def _database(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = database.connect(self._url())
            return self._engine

    def _url(self) -> str:
        url = os.environ.get("JIESU_DATABASE_URL") or f"sqlite:///{self.system.folder / 'jiesu.db'}"
        return url.replace("postgresql://", "postgresql+psycopg://", 1)
