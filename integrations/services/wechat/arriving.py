"""A push arrives: it is kept, known again, and becomes a line of the citizen's conversation; in one transaction.

What every kind means is a table below. A push that came before is not taken twice: it is answered as before.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from integrations.services.conversing import Conversing
from integrations.services.errors import Rejected, TryLater
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.queueing import Busy
from integrations.services.records import Conversation, Said
from integrations.services.wechat.records import Push, Reader, Stage, StoredPush
from integrations.services.wechat.telling import Telling
from kb.wechat.pushes import PushKind, opens
from kb.wechat.quota import Budget
from kb.words import Words

log = logging.getLogger(__name__)

CHANNEL = "wechat"
# After so long somebody looks whether the answer is still to be told; a passive reply is out by then.
LOOK_AFTER = timedelta(seconds=6)
# Who was asked to send any word for an answer that is ready says no more than this.
ANY_WORD = 4

_MENU_ID = re.compile(r"(\d{1,9})\.(\d{1,3})")


@dataclass(frozen=True, slots=True)
class Arrival:
    """What has become of a push. `reply` is set where its answer is known already, "" for none."""

    push: StoredPush
    new: bool
    reply: str | None = field(default=None, repr=False)
    conversation: Conversation | None = None


class Fate:
    """Whether a push is kept or was given up: one of both, once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.kept, self.given_up = False, False

    def keep(self) -> bool:
        """It is kept from now on; False where the citizen was told that it is not."""
        with self._lock:
            self.kept = not self.given_up
            return self.kept

    def give_up(self) -> bool:
        """The citizen is told to send it again; False where it is kept."""
        with self._lock:
            self.given_up = not self.kept
            return self.given_up

    def lost(self) -> None:
        """What should have been kept was not."""
        with self._lock:
            self.kept = False


class GivenUp(TryLater):
    """The citizen was told to send it again: it is not kept."""


class Consents(Protocol):
    """Hears what citizens say to subscription notices."""

    def heard(self, tx: Transaction, push: Push, now: datetime) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Arriving:
    """The use case. `said_of` gives title and payload of a key of the account's menu."""

    unit_of_work: UnitOfWork
    reading: UnitOfWork
    conversing: Conversing
    clock: Clock
    words: Words
    telling: Telling
    said_of: Callable[[str], tuple[str, str] | None]
    consents: Consents

    def is_known(self, push: Push) -> bool:
        """Whether this push was kept before; waits for no writer."""
        with self.reading() as tx:
            return tx.wechat.find(push.key) is not None

    def arrive(self, push: Push, fate: Fate | None = None) -> Arrival:
        """Take it in, unless it was given up. Raises TryLater, and nothing is kept then: it will be pushed again."""
        fate = fate or Fate()
        try:
            with self.unit_of_work() as tx:
                arrival = self._take(tx, push)
                if arrival is None:  # it came before
                    arrival = self._known(tx, tx.wechat.again(push.key), push)
                if not fate.keep():
                    raise GivenUp(f"push {push.key} was given up")
            return arrival
        except TryLater:
            fate.lost()
            raise
        except Busy as busy:
            log.warning("shed: push=%s %s", push.key, busy)
            stored = StoredPush(push.key, push.openid, push.kind, Stage.DONE, self.clock())
            return Arrival(stored, new=True, reply=self.words.say("wechat.shed"))

    def _known(self, tx: Transaction, known: StoredPush | None, push: Push) -> Arrival:
        if known is None:
            raise LookupError(f"push {push.key} is neither new nor known")
        conversation = tx.conversations.get(known.conversation_id, following=False) if known.conversation_id else None
        reply = known.reply if known.reply is not None else "" if known.stage is Stage.DONE else None
        return Arrival(known, new=False, reply=reply, conversation=conversation)

    def _take(self, tx: Transaction, push: Push) -> Arrival | None:
        now = self.clock()
        fetch = _media_of(push)
        stored = tx.wechat.add(push, stage=Stage.FETCH if fetch else Stage.TAKEN, at=now, fetch=fetch)
        if stored is None:
            return None
        match push.kind:
            case PushKind.SILENT | PushKind.NOTICE_SENT | PushKind.CONSENT | PushKind.UNFOLLOW:
                return self._only_noted(tx, push, stored, now)
        conversation, reader = self._reader(tx, push, now)
        stored = replace(stored, conversation_id=conversation.id)
        if fetch:
            tx.wechat.became(push.key, conversation.id, None, stage=Stage.FETCH, fetch=fetch)
            return Arrival(stored, new=True, conversation=conversation)
        said = self._said(tx, push, conversation, reader)
        if isinstance(said, str):
            return self._answered(tx, push, stored, said, conversation)
        if said is None:  # what waits is the answer
            tx.wechat.became(push.key, conversation.id, None, stage=Stage.TAKEN)
            return Arrival(stored, new=True, conversation=conversation)
        try:
            line = self.conversing.take_in(tx, conversation.id, push.key, said, new=True)
        except Busy:
            raise
        except Rejected as refused:
            return self._answered(tx, push, stored, str(refused), conversation)
        tx.wechat.became(push.key, conversation.id, line.seq, stage=Stage.TAKEN)
        return Arrival(replace(stored, seq=line.seq), new=True, conversation=conversation)

    def _answered(
        self, tx: Transaction, push: Push, stored: StoredPush, reply: str, conversation: Conversation
    ) -> Arrival:
        tx.wechat.became(push.key, conversation.id, None, stage=Stage.TAKEN)
        tx.wechat.hand(push.key, reply, at=self.clock())
        return Arrival(stored, new=True, reply=reply, conversation=conversation)

    def _only_noted(self, tx: Transaction, push: Push, stored: StoredPush, now: datetime) -> Arrival:
        if push.kind is PushKind.UNFOLLOW:
            reader = tx.wechat.reader(push.openid, lock=True)
            if reader:
                tx.wechat.keep_reader(replace(reader, follows=False, budget=Budget(), due_at=None))
        elif push.kind is not PushKind.SILENT:
            self.consents.heard(tx, push, now)
        elif opens(push.kind, event=push.event) is not opens(PushKind.SILENT):
            reader = tx.wechat.reader(push.openid, lock=True)
            if reader:
                budget = reader.budget.opened(opens(push.kind, event=push.event), now)
                tx.wechat.keep_reader(replace(reader, budget=budget, due_at=now + LOOK_AFTER))
        tx.wechat.done([push.key])
        return Arrival(replace(stored, stage=Stage.DONE), new=True, reply="")

    def _reader(self, tx: Transaction, push: Push, now: datetime) -> tuple[Conversation, Reader]:
        """The citizen's conversation and what is known of telling them something; they are here now."""
        reader = tx.wechat.reader(push.openid, lock=True)
        if reader is None:
            conversation = self.conversing.open_in(tx, CHANNEL, push.openid)
            # the greeting is for who follows; who says something is answered
            last = tx.conversations.last_seq(conversation.id)
            reader = Reader(
                push.openid, conversation.id, 0 if push.kind is PushKind.FOLLOW and last == 1 else last, Budget()
            )
        else:
            conversation = tx.conversations.open(channel=CHANNEL, address=push.openid, now=now)
            reader = self.telling.followed(tx, reader, conversation.id)
        caused = min(now, push.at) if now - push.at < timedelta(hours=1) else now
        kind = opens(push.kind, menu_id=push.menu_id, event=push.event)
        reader = replace(
            reader,
            budget=reader.budget.opened(kind, caused),
            follows=True,
            reachable=True,
            tries=0,
            due_at=now + LOOK_AFTER,
        )
        tx.wechat.keep_reader(reader)
        return conversation, reader

    def _said(self, tx: Transaction, push: Push, conversation: Conversation, reader: Reader) -> Said | str | None:
        """What the push says, or the words that answer it at once; None where what waits is the answer."""
        match push.kind:
            case PushKind.TEXT | PushKind.LINK:
                return self._words(tx, push, conversation, reader)
            case PushKind.LOCATION:
                pin = {"lat": push.lat, "lon": push.lon, "crs": "GCJ-02", "label": push.label[:100]}
                return Said(location=pin)
            case PushKind.CLICK:
                meant = self.said_of(push.event_key)
                if meant:
                    return Said(meant[0], meant[1] or None)
                return Said(push.text) if push.text else self.words.say("wechat.other")
            case PushKind.FOLLOW | PushKind.SCAN:
                return None if reader.told_seq == 0 else self.words.say("wechat.welcome_back")
            case PushKind.UNSUPPORTED:
                return self.words.say("wechat.sticker")
            case PushKind.VIDEO:
                return self.words.say("wechat.video")
        return self.words.say("wechat.other")

    def _words(self, tx: Transaction, push: Push, conversation: Conversation, reader: Reader) -> Said | None:
        if found := _MENU_ID.fullmatch(push.menu_id):
            try:
                return self.conversing.option_in(tx, conversation.id, int(found[1]), int(found[2]))
            except Rejected:
                return Said(push.text)  # the choice is of another conversation: its words are heard
        if reader.asked_to_fetch:
            tx.wechat.keep_reader(replace(reader, asked_to_fetch=False))
            if len(push.text.strip()) <= ANY_WORD:
                return None
        return Said(push.text)


def _media_of(push: Push) -> dict[str, str] | None:
    """Where the picture or recording of a push is to be had."""
    match push.kind:
        case PushKind.IMAGE:
            found = {"media_id": push.media_id, "picture_url": push.picture_url}
        case PushKind.VOICE:
            found = {"media_id": push.voice_id or push.media_id, "other_id": push.media_id}
        case _:
            return None
    return {name: value for name, value in found.items() if value}
