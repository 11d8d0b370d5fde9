"""A citizen's messages: stored before anything else, answered once, in the order in which they came."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from integrations.services.caring import CARD, Caring
from integrations.services.errors import Rejected, TryLater
from integrations.services.gathering import Gathering, asks, beside, in_thread
from integrations.services.linking import Linking
from integrations.services.listening import Listening
from integrations.services.media import sent_with, shown_together
from integrations.services.media_records import Medium
from integrations.services.ports import Clock, Listener, Transaction, Turns, UnitOfWork
from integrations.services.queueing import Busy, Queue
from integrations.services.records import Bubble, Conversation, Hearing, Line, Said, Sender
from integrations.services.speech import Speech
from kb.bursts import together
from kb.normalising import plain, sign_meaning
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

# Most lines of one conversation that may wait for their answers; beyond them nothing more is taken in for now.
MOST_WAITING = 20
# The channel whose page may speak another language.
PAGE = "web"
# The id of the notice in another language begins so; no front end can send such an id.
LANGUAGE_MARK = "language:"
# How far back the citizen's own words are looked for, to tell how long they were silent.
LOOK_BACK = 12

Kept = Callable[[Transaction, str, datetime], Sequence[Bubble]]
"""What was kept for the citizen of a conversation until they speak again; telling it marks it told."""


Person = Callable[[Transaction, Conversation, Sequence[Line], datetime], Sequence[Bubble] | None]
"""Asked before Rasa: what is answered to the lines of a turn that are for a person, often nothing; None: go on."""


class _AnsweredAlready(Exception):
    """Another process was first: nothing of this try may stay."""


def nobody_else(
    _tx: Transaction, _conversation: Conversation, _lines: Sequence[Line], _now: datetime
) -> Sequence[Bubble] | None:
    """No person takes part."""
    return None


def nothing_kept(_tx: Transaction, _conversation_id: str, _now: datetime) -> Sequence[Bubble]:
    """No notices wait for anybody."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Conversing:
    """The use case behind every channel."""

    unit_of_work: UnitOfWork
    reading: UnitOfWork
    listener: Listener
    turns: Turns
    speech: Speech
    clock: Clock
    gathering: Gathering
    queue: Queue
    linking: Linking
    listening: Listening
    most_waiting: int = MOST_WAITING
    kept: Kept = field(default=nothing_kept)
    person: Person = field(default=nobody_else)
    caring: Caring | None = None

    def make_ready(self) -> None:
        """Read what hearing needs, so that the first citizen does not wait for it."""
        plain("路燈")
        self.gathering.make_ready()

    # -- taking in -------------------------------------------------------------------------------------------

    def open(self, channel: str, address: str) -> Conversation:
        """The conversation of this address, made on first use with a greeting."""
        with self.unit_of_work() as tx:
            return self.open_in(tx, channel, address)

    def open_in(self, tx: Transaction, channel: str, address: str) -> Conversation:
        """The same in a transaction of the caller's."""
        conversation = tx.conversations.open(channel=channel, address=address, now=self.clock())
        if not tx.conversations.lines(conversation.id, limit=1):
            greeting = self.greeting().as_json()
            tx.conversations.append(conversation.id, sender=Sender.ASSISTANT, body=greeting, at=self.clock())
        return conversation

    def note_language(self, conversation: Conversation, language: str) -> None:
        """Say once, in the language in which the page speaks to them, that Chinese is understood best."""
        key = f"chat.page_in_{language.lower().replace('-', '_')}"
        if not self.speech.words.has(key) or conversation.channel != PAGE:
            return
        mark = LANGUAGE_MARK + language
        with self.unit_of_work() as tx:
            if not tx.conversations.find(conversation.id, mark):
                said = self.speech.say(key).as_json()
                now = self.clock()
                tx.conversations.append(conversation.id, sender=Sender.NOTICE, body=said, at=now, client_id=mark)

    def greeting(self) -> Bubble:
        """What is said first."""
        return self.speech.say(
            "chat.welcome",
            self.speech.option("chat.menu_report", intent="start_report"),
            self.speech.option("chat.menu_progress", intent="check_progress"),
            self.speech.option("chat.menu_person", intent="ask_person"),
        )

    def accept(self, conversation_id: str, client_id: str, said: Said, media: Sequence[Medium] = ()) -> Line:
        """Store a message, with the pictures or the recording in it; one with a known `client_id` is not stored again.

        A number or a title that matches a button of the last answer becomes that button. Raises Rejected when it is
        unusable, Busy when no more is taken in for now; nothing is stored then, and it may be sent again.
        """
        with self.unit_of_work() as tx:
            return self.take_in(tx, conversation_id, client_id, said, media)

    def take_in(
        self,
        tx: Transaction,
        conversation_id: str,
        client_id: str,
        said: Said,
        media: Sequence[Medium] = (),
        *,
        new: bool = False,
    ) -> Line:
        """The same in a transaction of the caller's, who may know that the message is `new`: it is not looked for."""
        text = clean(said.text)
        if len(text) > MAX_CHARACTERS:
            raise Rejected(self.speech.words.say("chat.too_long", limit=MAX_CHARACTERS))
        if not (text or said.payload or said.location or media):
            raise Rejected(self.speech.words.say("chat.empty"))
        if not new and (known := tx.conversations.find(conversation_id, client_id)):
            return known
        self._make_room(tx, conversation_id, text)
        body: dict[str, object] = {"text": text, **sent_with(said, self.speech.words)}
        offer = tx.conversations.last_offer(conversation_id)
        if said.payload:
            body["payload"] = said.payload
        elif said.location:
            body |= {"location": said.location, "shown": self.speech.pin_sent(said.location)}
        elif offer and not media and (payload := _chosen(text, offer.bubble)):
            body["payload"] = payload
        line = tx.conversations.append(
            conversation_id,
            sender=Sender.CITIZEN,
            body=body,
            at=self.clock(),
            client_id=client_id,
            state=Hearing.PENDING,
            new=new,
        )
        for medium in media if line.body is body else ():  # not when another process has stored it meanwhile
            tx.media.add(medium)
        return line if "payload" in body else self._comforted(tx, conversation_id, line)

    def _comforted(self, tx: Transaction, conversation_id: str, line: Line) -> Line:
        """Distress is answered together with its being stored; where nothing else is said, that is the whole answer."""
        care = self.caring.at_once(tx, conversation_id, line.said.text, self.clock()) if self.caring else None
        if care is None:
            return line
        body = care.bubble.as_json()
        tx.conversations.append(conversation_id, sender=Sender.ASSISTANT, body=body, at=self.clock(), answers=line.seq)
        if not care.whole:
            return line
        tx.conversations.settle(conversation_id, [line.seq], Hearing.ANSWERED)
        return replace(line, state=Hearing.ANSWERED)

    def _make_room(self, tx: Transaction, conversation_id: str, text: str) -> None:
        """Words of danger are always taken in."""
        try:
            self.queue.check()
            if len(tx.conversations.pending(conversation_id)) >= self.most_waiting:
                raise Busy("too many messages of this conversation wait", after=self.queue.patience)
        except Busy:
            if not self.gathering.urgent(text):
                raise

    def please_wait(self, conversation_id: str) -> None:
        """Say once for each wait that the answer takes longer."""
        with self.unit_of_work() as tx:
            if waiting := tx.conversations.pending(conversation_id):
                tx.conversations.append(
                    conversation_id,
                    sender=Sender.ASSISTANT,
                    body=self.speech.say("chat.please_wait").as_json(),
                    at=self.clock(),
                    client_id=f"wait:{waiting[0].seq}",  # no front end can send such an id
                )

    def option(self, conversation_id: str, seq: int, number: int) -> Said:
        """What tapping button `number` (from 1) of line `seq` says. Raises Rejected when there is no such button."""
        with self.reading() as tx:
            return self.option_in(tx, conversation_id, seq, number)

    def option_in(self, tx: Transaction, conversation_id: str, seq: int, number: int) -> Said:
        """The same in a transaction of the caller's."""
        line = tx.conversations.line(conversation_id, seq) if 0 < seq <= MOST_LINES else None
        options = line.bubble.options if line and line.sender is not Sender.CITIZEN else ()
        if not 1 <= number <= len(options):
            raise Rejected(self.speech.words.say("chat.no_such_button"))
        return Said(options[number - 1].title, options[number - 1].payload)

    def history(self, conversation_id: str, after: int = 0) -> Sequence[Line]:
        """The lines after number `after`, in order, at most 200."""
        with self.reading() as tx:
            return tx.conversations.lines(conversation_id, after=after)

    def latest(self, conversation_id: str) -> int:
        """The number of the last line; 0 when there is none."""
        with self.reading() as tx:
            return tx.conversations.last_seq(conversation_id)

    def is_pending(self, conversation_id: str, seq: int | None = None) -> bool:
        """Whether an answer is still being worked on: to line `seq`, or to any."""
        with self.reading() as tx:
            return any(seq in (None, line.seq) for line in tx.conversations.pending(conversation_id))

    # -- answering -------------------------------------------------------------------------------------------

    async def drive(self, conversation: Conversation) -> None:
        """Answer every pending line of the conversation, oldest first, those that belong together at once.

        Raises TryLater.
        """
        with self.queue.entered():
            async with self.turns.turn(conversation.id, patience=PATIENCE_SECONDS):
                more = True
                while more:  # whoever says something meanwhile drives it themselves
                    found = await self.gathering.turn(conversation.id)
                    if found.lines:
                        async with self.queue.heard():
                            await self._hear(conversation, found.lines)
                    more = found.more

    def stale(self) -> Sequence[Conversation]:
        """Conversations with a line that has waited for too long: its gateway died, or Rasa was away."""
        with self.reading() as tx:
            ids = tx.conversations.waiting(before=self.clock() - STALE_AFTER)
            return [found for one in ids if (found := tx.conversations.get(one, following=False))]

    async def _hear(self, conversation: Conversation, lines: Sequence[Line]) -> None:
        """One turn. Lines that were tried before may have been heard to the end: look before hearing them again."""
        message_id = f"{conversation.id}:{lines[-1].seq}"
        if lines[-1].said.voice and not lines[-1].said.text:
            heard = await beside(partial(self.listening.hear, conversation, lines[-1], self.person))
            if heard is None:
                return
            lines = [heard]
        begun = await in_thread(partial(self._attempt, conversation, lines))
        if begun is None:
            return
        tries, said = begun
        if said is None:
            await in_thread(partial(self._settle, conversation.id, lines, [self.speech.say("chat.only_signs")]))
            return
        if said.payload is None and self.linking.concerns(said.text):
            await in_thread(partial(self._link, conversation, lines, said.text))
            return
        try:
            answer = await self.listener.heard(conversation, message_id) if tries > 1 else None
            if answer is None and tries > 1 and await in_thread(partial(self._passed_on, conversation, lines)):
                return
            if answer is None:
                answer = await self.listener.hear(conversation, said, message_id)
        except TryLater:
            if tries < TRIES:
                raise
            await in_thread(partial(self._give_up, conversation.id, lines))
            return
        await in_thread(partial(self._settle, conversation.id, lines, answer))

    def _attempt(self, conversation: Conversation, lines: Sequence[Line]) -> tuple[int, Said | None] | None:
        """How often these lines have been tried, and what they say together; None for nothing but signs.

        Nothing at all where they are for a person, or have been answered: that is done then.
        """
        conversation_id = conversation.id
        with suppress(_AnsweredAlready), self.unit_of_work() as tx:
            tries = tx.conversations.attempt(conversation_id, [line.seq for line in lines])
            # what was tried before may have been heard: that is looked for first
            if tries == 1 and self._to_person(tx, conversation, lines):
                return None
            before = tx.conversations.before(conversation_id, lines[0].seq, limit=LOOK_BACK)
            former = next((line.at for line in before if line.sender is Sender.CITIZEN), None)
            silent = (lines[0].at - former).total_seconds() / 3600 if former else 0.0
            last = lines[-1].said
            if last.photos:
                return tries, shown_together(lines, silent)
            if last.payload or last.location:
                return tries, Said(_neutral(last.text), last.payload, last.location, silent_hours=silent)
            text = together([line.said.text for line in lines])
            if says_something(text):
                heard = plain(text)
                meant = _neutral(heard.text) if heard.text != text else None
                return tries, Said(_neutral(text), heard=meant, language=heard.language, silent_hours=silent)
            meaning = sign_meaning(text) if asks(tx, conversation_id, lines[0].seq) else None
            return tries, Said(text, heard=meaning, silent_hours=silent) if meaning else None
        return None

    def _passed_on(self, conversation: Conversation, lines: Sequence[Line]) -> bool:
        """Whether these lines need no hearing: they are for a person, or were answered in the meantime."""
        with suppress(_AnsweredAlready), self.unit_of_work() as tx:
            return self._to_person(tx, conversation, lines)
        return True

    def _to_person(self, tx: Transaction, conversation: Conversation, lines: Sequence[Line]) -> bool:
        """Settle what a person hears, with phones left whole for them."""
        answer = self.person(tx, conversation, lines, self.clock())
        if answer is None:
            return False
        if not tx.conversations.settle(conversation.id, [line.seq for line in lines], Hearing.ANSWERED, keep=True):
            raise _AnsweredAlready
        for bubble in answer:
            tx.conversations.append(
                conversation.id,
                sender=Sender.ASSISTANT,
                body=bubble.as_json(),
                at=self.clock(),
                answers=lines[-1].seq,
            )
        return True

    def _settle(self, conversation_id: str, lines: Sequence[Line], answer: list[Bubble]) -> None:
        with self.unit_of_work() as tx:
            self._answer(tx, conversation_id, lines, answer)

    def _link(self, conversation: Conversation, lines: Sequence[Line], text: str) -> None:
        """In one transaction: a code is used up only together with the answer that says so."""
        with self.unit_of_work() as tx:
            self._answer(tx, conversation.id, lines, [self.linking.answer(tx, conversation, text)])

    def _answer(self, tx: Transaction, conversation_id: str, lines: Sequence[Line], answer: list[Bubble]) -> None:
        conversations, last = tx.conversations, lines[-1].seq
        if not conversations.settle(conversation_id, [line.seq for line in lines], Hearing.ANSWERED):
            return  # answered by another process in the meantime
        # Before the answer, whose buttons a number that is typed next must mean. Danger to life is answered first.
        grave = any((bubble.card or {}).get("kind") in ("danger", CARD) for bubble in answer)
        if not grave and not (self.caring and any(self.caring.urgent(line.said.text) for line in lines)):
            for bubble in self.kept(tx, conversation_id, self.clock()):
                conversations.append(
                    conversation_id, sender=Sender.NOTICE, body=bubble.as_json(), at=self.clock(), answers=last
                )
        for bubble in answer:
            conversations.append(
                conversation_id, sender=Sender.ASSISTANT, body=bubble.as_json(), at=self.clock(), answers=last
            )

    def _give_up(self, conversation_id: str, lines: Sequence[Line]) -> None:
        with self.unit_of_work() as tx:
            if tx.conversations.settle(conversation_id, [line.seq for line in lines], Hearing.FAILED):
                sorry = self.speech.say("chat.gave_up", self.speech.option("chat.menu_person", intent="ask_person"))
                tx.conversations.append(
                    conversation_id,
                    sender=Sender.ASSISTANT,
                    body=sorry.as_json(),
                    at=self.clock(),
                    answers=lines[-1].seq,
                )


def _neutral(text: str) -> str:
    """Rasa takes any text that begins with '/' for a command: from a citizen it is only a sign."""
    return "／" + text[1:] if text.startswith("/") else text


def _chosen(text: str, offer: Bubble) -> str | None:
    """The payload of the button that the citizen named by number or by its whole title."""
    plain_text = _plain(text)
    for number, option in enumerate(offer.options, 1):
        if plain_text in (str(number), _plain(option.title)):
            return option.payload
    return None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip(" .。、!！")
