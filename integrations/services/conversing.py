"""A citizen's messages: stored before anything else, answered once, in the order in which they came."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import anyio.to_thread

from integrations.services.errors import Rejected, TryLater
from integrations.services.ports import Clock, Listener, Transaction, Turns, UnitOfWork
from integrations.services.records import Bubble, Conversation, Hearing, Line, Said, Sender
from integrations.services.speech import Speech
from kb.text import clean, says_something

MAX_CHARACTERS = 2_000
# What the database can count to.
MOST_LINES = 2**31 - 1
# After so many tries a line is given up with an apology and a way on; at one try every few seconds, some minutes.
TRIES = 20
# How long a message's sender waits for the turns before it.
PATIENCE_SECONDS = 20.0
# A pending line that nobody has worked on for so long is taken up by the gateway's sweep.
STALE_AFTER = timedelta(seconds=5)

T = TypeVar("T")

Kept = Callable[[Transaction, str, datetime], Sequence[Bubble]]
"""What was kept for the citizen of a conversation until they speak again; telling it marks it told."""


def nothing_kept(_tx: Transaction, _conversation_id: str, _now: datetime) -> Sequence[Bubble]:
    """No notices wait for anybody."""
    return ()


async def _in_thread(work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work)


@dataclass(frozen=True, kw_only=True)
class Conversing:
    """The use case behind every channel."""

    unit_of_work: UnitOfWork
    listener: Listener
    turns: Turns
    speech: Speech
    clock: Clock
    kept: Kept = field(default=nothing_kept)

    # -- taking in -------------------------------------------------------------------------------------------

    def open(self, channel: str, address: str) -> Conversation:
        """The conversation of this address, made on first use with a greeting."""
        with self.unit_of_work() as tx:
            conversation = tx.conversations.open(channel=channel, address=address, now=self.clock())
            if not tx.conversations.lines(conversation.id, limit=1):
                greeting = self.speech.say(
                    "chat.welcome",
                    self.speech.option("chat.menu_report", intent="start_report"),
                    self.speech.option("chat.menu_progress", intent="check_progress"),
                    self.speech.option("chat.menu_person", intent="ask_person"),
                )
                tx.conversations.append(
                    conversation.id, sender=Sender.ASSISTANT, body=greeting.as_json(), at=self.clock()
                )
            return conversation

    def accept(self, conversation_id: str, client_id: str, said: Said) -> Line:
        """Store a message; one with a known `client_id` is not stored again. Raises Rejected when it is unusable.

        A number or a title that matches a button of the last answer becomes that button.
        """
        text = clean(said.text)
        if len(text) > MAX_CHARACTERS:
            raise Rejected(self.speech.words.say("chat.too_long", limit=MAX_CHARACTERS))
        if not (text or said.payload or said.location):
            raise Rejected(self.speech.words.say("chat.empty"))
        with self.unit_of_work() as tx:
            if known := tx.conversations.find(conversation_id, client_id):
                return known
            body: dict[str, object] = {"text": text}
            offer = tx.conversations.last_offer(conversation_id)
            if said.payload:
                body["payload"] = said.payload
            elif said.location:
                body["location"] = said.location
            elif offer and (payload := _chosen(text, offer.bubble)):
                body["payload"] = payload
            line = tx.conversations.append(
                conversation_id,
                sender=Sender.CITIZEN,
                body=body,
                at=self.clock(),
                client_id=client_id,
                state=Hearing.PENDING,
            )
            if not says_something(text) and not (said.payload or said.location or body.get("payload")):
                self._answer(tx, conversation_id, line, [self.speech.say("chat.only_signs")])
            return line

    def option(self, conversation_id: str, seq: int, number: int) -> Said:
        """What tapping button `number` (from 1) of line `seq` says. Raises Rejected when there is no such button."""
        line = None
        if 0 < seq <= MOST_LINES:
            with self.unit_of_work() as tx:
                line = tx.conversations.line(conversation_id, seq)
        options = line.bubble.options if line and line.sender is not Sender.CITIZEN else ()
        if not 1 <= number <= len(options):
            raise Rejected(self.speech.words.say("chat.no_such_button"))
        return Said(options[number - 1].title, options[number - 1].payload)

    def history(self, conversation_id: str, after: int = 0) -> Sequence[Line]:
        """The lines after number `after`, in order, at most 200."""
        with self.unit_of_work() as tx:
            return tx.conversations.lines(conversation_id, after=after)

    def latest(self, conversation_id: str) -> int:
        """The number of the last line; 0 when there is none."""
        with self.unit_of_work() as tx:
            return tx.conversations.last_seq(conversation_id)

    def is_pending(self, conversation_id: str, seq: int | None = None) -> bool:
        """Whether an answer is still being worked on: to line `seq`, or to any."""
        with self.unit_of_work() as tx:
            return any(seq in (None, line.seq) for line in tx.conversations.pending(conversation_id))

    # -- answering -------------------------------------------------------------------------------------------

    async def drive(self, conversation: Conversation) -> None:
        """Answer every pending line of the conversation, oldest first. Raises TryLater."""
        async with self.turns.turn(conversation.id, patience=PATIENCE_SECONDS):
            for line in await _in_thread(partial(self._pending, conversation.id)):
                await self._hear(conversation, line)

    def stale(self) -> Sequence[Conversation]:
        """Conversations with a line that has waited for too long: its gateway died, or Rasa was away."""
        with self.unit_of_work() as tx:
            ids = tx.conversations.waiting(before=self.clock() - STALE_AFTER)
            return [found for one in ids if (found := tx.conversations.get(one))]

    def _pending(self, conversation_id: str) -> Sequence[Line]:
        with self.unit_of_work() as tx:
            return tx.conversations.pending(conversation_id)

    async def _hear(self, conversation: Conversation, line: Line) -> None:
        """One turn. A line that was tried before may have been heard to the end: look before hearing it again."""
        message_id = f"{conversation.id}:{line.seq}"
        tries = await _in_thread(partial(self._attempt, conversation.id, line))
        try:
            answer = await self.listener.heard(conversation, message_id) if tries > 1 else None
            if answer is None:
                answer = await self.listener.hear(conversation, _neutral(line.said), message_id)
        except TryLater:
            if tries < TRIES:
                raise
            await _in_thread(partial(self._give_up, conversation.id, line))
            return
        await _in_thread(partial(self._settle, conversation.id, line, answer))

    def _attempt(self, conversation_id: str, line: Line) -> int:
        with self.unit_of_work() as tx:
            return tx.conversations.attempt(conversation_id, line.seq)

    def _settle(self, conversation_id: str, line: Line, answer: list[Bubble]) -> None:
        with self.unit_of_work() as tx:
            self._answer(tx, conversation_id, line, answer)

    def _answer(self, tx: Transaction, conversation_id: str, line: Line, answer: list[Bubble]) -> None:
        conversations = tx.conversations
        if not conversations.settle(conversation_id, line.seq, Hearing.ANSWERED):
            return  # answered by another process in the meantime
        # Before the answer, whose buttons a number that is typed next must mean. Danger to life is answered first.
        if not any((bubble.card or {}).get("kind") == "danger" for bubble in answer):
            for bubble in self.kept(tx, conversation_id, self.clock()):
                conversations.append(
                    conversation_id, sender=Sender.NOTICE, body=bubble.as_json(), at=self.clock(), answers=line.seq
                )
        for bubble in answer:
            conversations.append(
                conversation_id, sender=Sender.ASSISTANT, body=bubble.as_json(), at=self.clock(), answers=line.seq
            )

    def _give_up(self, conversation_id: str, line: Line) -> None:
        with self.unit_of_work() as tx:
            if tx.conversations.settle(conversation_id, line.seq, Hearing.FAILED):
                sorry = self.speech.say("chat.gave_up", self.speech.option("chat.menu_person", intent="ask_person"))
                tx.conversations.append(
                    conversation_id, sender=Sender.ASSISTANT, body=sorry.as_json(), at=self.clock(), answers=line.seq
                )


def _neutral(said: Said) -> Said:
    """Rasa takes any text that begins with '/' for a command: from a citizen it is only a sign."""
    if said.text.startswith("/"):
        return replace(said, text="／" + said.text[1:])
    return said


def _chosen(text: str, offer: Bubble) -> str | None:
    """The payload of the button that the citizen named by number or by its whole title."""
    plain = _plain(text)
    for number, option in enumerate(offer.options, 1):
        if plain in (str(number), _plain(option.title)):
            return option.payload
    return None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip(" .。、!！")
