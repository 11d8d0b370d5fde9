"""A recording becomes words before it is heard, where the city has a service for that; else we ask for typed words.

The recording has been stored before. Whatever becomes of it here, it stays, and goes with the ticket.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from integrations.services.caring import Caring
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.media_ports import Transcriber
from integrations.services.media_records import Medium
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Bubble, Conversation, Hearing, Line, Sender
from integrations.services.speech import Speech
from kb.text import clean, mask_numbers, says_something, shortened

log = logging.getLogger(__name__)

# As much of a recording's words as of a typed message.
LONGEST = 2_000
# So much of it is shown back.
SHOWN = 200
# So many recordings are with the service at a time: one that hangs must not keep everybody else waiting.
AT_ONCE = 4
# After a time-out nobody else is kept waiting for it for so long, in seconds.
REST_SECONDS = 20.0
ROOM_SECONDS = 3.0

Person = Callable[[Transaction, Conversation, Sequence[Line], datetime], Sequence[Bubble] | None]
"""Asked first where nothing was understood: what is answered to lines that are for a person; None: we answer."""


@dataclass(frozen=True, kw_only=True)
class Listening:
    """The use case. Without `transcriber` no words are ever made."""

    unit_of_work: UnitOfWork
    speech: Speech
    clock: Clock
    transcriber: Transcriber | None = None
    caring: Caring | None = None
    rest_seconds: float = REST_SECONDS
    _room: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE), repr=False)
    _rests: list[float] = field(default_factory=lambda: [0.0], repr=False)

    def hear(self, conversation: Conversation, line: Line, person: Person) -> Line | None:
        """The line with its words, shown back to the citizen; None when the line has been answered here already."""
        with self.unit_of_work() as tx:
            medium = tx.media.get(line.said.voice or "")
        words, why = self._words(medium) if medium else ("", "attached.not_heard")
        with self.unit_of_work() as tx:
            if not words:
                self._ask_to_type(tx, conversation, line, why, person)
                return None
            now = self.clock()
            heard = tx.conversations.reword(conversation.id, line.seq, words)
            if medium:
                tx.media.heard(medium.id, mask_numbers(words))
            if heard is None or heard.state is not Hearing.PENDING:
                return None  # answered by another process in the meantime
            shown = self.speech.say("attached.heard", words=shortened(mask_numbers(" ".join(words.split())), SHOWN))
            self._say(tx, conversation.id, line, shown, now, once="heard")
            return heard if self._comforted(tx, conversation.id, heard, now) is None else None

    def again(self, *, limit: int = 100) -> tuple[int, int]:
        """Make words of recordings that have none yet, for staff: how many were heard, and how many are left.

        Raises NeedsPerson where there is no service. The citizens are told nothing: they have typed long ago.
        """
        if self.transcriber is None:
            raise NeedsPerson("no service makes words of recordings: set JIESU_TRANSCRIBE_URL")
        with self.unit_of_work() as tx:
            waiting = tx.media.unheard(limit=limit)
        heard = 0
        for one in waiting:
            with self.unit_of_work() as tx:
                medium = tx.media.get(one)
            if medium is None:
                continue
            try:
                words = clean(self.transcriber.transcribe(medium.body, medium.content_type))[:LONGEST]
            except Rejected:
                continue
            with self.unit_of_work() as tx:
                tx.media.heard(one, mask_numbers(words))
            heard += 1
        with self.unit_of_work() as tx:
            return heard, len(tx.media.unheard(limit=limit))

    def _words(self, medium: Medium) -> tuple[str, str]:
        """The words, "" for none, and what is said in that case."""
        if self.transcriber is None:
            return "", "attached.type_please"
        if time.monotonic() < self._rests[0] or not self._room.acquire(timeout=ROOM_SECONDS):
            return "", "attached.late"
        try:
            words = clean(self.transcriber.transcribe(medium.body, medium.content_type))[:LONGEST]
        except (TryLater, NeedsPerson) as away:
            self._rests[0] = time.monotonic() + self.rest_seconds
            log.warning("a recording was not heard: medium=%s %s", medium.id, away)
            return "", "attached.late"
        except Rejected as refused:
            log.warning("a recording was not heard: medium=%s %s", medium.id, refused)
            return "", "attached.not_heard"
        finally:
            self._room.release()
        return (words, "") if says_something(words) else ("", "attached.not_heard")

    def _ask_to_type(self, tx: Transaction, conversation: Conversation, line: Line, why: str, person: Person) -> None:
        """Unless it is for a clerk, who can play it."""
        answer = person(tx, conversation, [line], self.clock())
        if not tx.conversations.settle(conversation.id, [line.seq], Hearing.ANSWERED, keep=True):
            return
        if answer is None:
            if why == "attached.type_please" and tx.media.voices(conversation.id) > 1:
                why = "attached.type_please_again"
            answer = [self.speech.say(why)]
        for bubble in answer:
            self._say(tx, conversation.id, line, bubble, self.clock())

    def _comforted(self, tx: Transaction, conversation_id: str, line: Line, now: datetime) -> Line | None:
        """Distress is answered as soon as its words are known; the line where that was the whole answer."""
        care = self.caring.at_once(tx, conversation_id, line.said.text, now) if self.caring else None
        if care is None:
            return None
        self._say(tx, conversation_id, line, care.bubble, now)
        if not care.whole:
            return None
        tx.conversations.settle(conversation_id, [line.seq], Hearing.ANSWERED)
        return replace(line, state=Hearing.ANSWERED)

    def _say(
        self, tx: Transaction, conversation_id: str, line: Line, bubble: Bubble, now: datetime, *, once: str = ""
    ) -> None:
        tx.conversations.append(
            conversation_id,
            sender=Sender.ASSISTANT,
            body=bubble.as_json(),
            at=now,
            client_id=f"{once}:{line.seq}" if once else None,  # no front end can send such an id
            answers=line.seq,
        )
