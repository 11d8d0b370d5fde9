"""A picture or a recording of a push is fetched from WeChat and taken in as if it had been sent to us."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.media import Receiving
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.queueing import Busy
from integrations.services.records import Bubble, Sender
from integrations.services.wechat.errors import MediaGone, MediaTooLarge
from integrations.services.wechat.ports import WechatApi
from integrations.services.wechat.records import Stage, StoredPush
from kb.wechat.pushes import PushKind
from kb.words import Words

log = logging.getLogger(__name__)

# Longer than fetching by every way takes.
LEASE = timedelta(seconds=60)
# WeChat keeps media for three days; nobody waits so long for a picture to be taken in.
GIVE_UP_AFTER = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class Fetching:
    """The use case."""

    unit_of_work: UnitOfWork
    api: Callable[[], WechatApi]
    receiving: Receiving
    clock: Clock
    words: Words

    def fetch(self, key: str) -> None:
        """Fetch what this push brought and take it in, once, whoever calls. Raises TryLater, NeedsPerson: later."""
        now = self.clock()
        with self.unit_of_work() as tx:
            push = tx.wechat.claim_fetch(key, at=now, until=now + LEASE)
        if push is None:
            return
        try:
            content = self._content(push)
            line = self.receiving.take(push.conversation_id, push.key, [content])
        except MediaGone:
            self._lost(push)
        except MediaTooLarge:
            name = "attached.photo_large" if push.kind is PushKind.IMAGE else "attached.voice_large"
            self._say(push, self.words.say(name))
        except (TryLater, NeedsPerson, Busy):
            if now - push.at >= GIVE_UP_AFTER:
                self._lost(push)
                return
            with self.unit_of_work() as tx:
                tx.wechat.free_fetch(key)
            raise
        except Rejected as refused:
            self._say(push, str(refused))
        else:
            with self.unit_of_work() as tx:
                tx.wechat.became(key, push.conversation_id, line.seq, stage=Stage.TAKEN)

    def _content(self, push: StoredPush) -> bytes:
        """By its media id; where that fails, a picture by its address and a recording in its other form."""
        at = push.fetch or {}
        try:
            return self.api().media(at.get("media_id", ""))
        except (TryLater, NeedsPerson, MediaGone):
            if at.get("picture_url"):
                return self.api().picture(at["picture_url"])
            if at.get("other_id", at.get("media_id")) != at.get("media_id"):
                return self.api().media(at["other_id"])
            raise

    def _lost(self, push: StoredPush) -> None:
        lost = "wechat.picture_lost" if push.kind is PushKind.IMAGE else "wechat.voice_lost"
        log.warning("media lost: push=%s", push.key)
        self._say(push, self.words.say(lost))

    def _say(self, push: StoredPush, text: str) -> None:
        with self.unit_of_work() as tx:
            tx.wechat.became(push.key, push.conversation_id, None, stage=Stage.TAKEN)
            self._append(tx, push, text)

    def _append(self, tx: Transaction, push: StoredPush, text: str) -> None:
        tx.conversations.append(
            push.conversation_id,
            sender=Sender.ASSISTANT,
            body=Bubble(text).as_json(),
            at=self.clock(),
            client_id=f"fetched:{push.key}",  # no front end can send such an id
        )
