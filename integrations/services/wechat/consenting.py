"""Subscription notices: what citizens agreed to, when it is worth asking them, and what a notice says.

A consent for once is used before the notice is sent, so that it is never used twice, and given back only when WeChat
surely did not take the notice. Everything works without any consent: what cannot be delivered is told with the
citizen's next message.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from integrations.services.errors import TryLater
from integrations.services.ports import Complaints, Conversations, Limiter
from integrations.services.records import Bubble, Complaint, Line, Sender
from integrations.services.speech import Speech
from integrations.services.wechat import notice_texts
from integrations.services.wechat.ports import WechatPushes
from integrations.services.wechat.records import Push, Reader
from kb import ticket_number
from kb.lifecycle import StatusChange
from kb.wechat.notices import Notices
from kb.wechat.pushes import PushKind

log = logging.getLogger(__name__)

FOR_LONG = -1
# Who was asked, or said no, is left alone for so long.
ASKED_AGAIN, REFUSED_AGAIN = timedelta(days=30), timedelta(days=365)
# The citizen does not want the notice; from memory, as is what else may stand there.
REFUSED = 43101
_ACCEPTED, _NOT_DIGIT = "accept", re.compile(r"\D")


class Store(Protocol):
    """What is needed of a transaction."""

    @property
    def conversations(self) -> Conversations: ...
    @property
    def complaints(self) -> Complaints: ...
    @property
    def wechat(self) -> WechatPushes: ...


@dataclass(frozen=True, slots=True)
class Notice:
    """A subscription notice that is ready to go. `long`: its consent is not used up by it."""

    template_id: str
    data: Mapping[str, str] = field(repr=False)
    page: str
    long: bool = False


@dataclass(frozen=True, kw_only=True)
class Consenting:
    """The use case. `told` makes the bubble of a move, by which a line is known to be about it (`Notifying.bubble`)."""

    notices: Notices
    speech: Speech
    limiter: Limiter
    public_url: str
    told: Callable[[Complaint, StatusChange], Bubble | None]

    @property
    def template_ids(self) -> tuple[str, ...]:
        """The templates for which consent may be asked; none where the city sends no notices."""
        return self.notices.ids

    def heard(self, tx: Store, push: Push, now: datetime) -> None:
        """Keep what an answer of the citizen, a change of it, or news of a notice that was sent says."""
        for one in push.consents if push.kind is PushKind.CONSENT else ():
            template = self.notices.template(one.template_id)
            if template is None:
                continue
            if one.answer.strip().lower() == _ACCEPTED:
                # the settings page says that it stands, not that there is one more
                if template.long or not _changed(push):
                    tx.wechat.consent(push.openid, template.id, FOR_LONG if template.long else 1, at=now)
            else:
                self._taken_back(tx, push.openid, template.id, now)
        for sent in push.sent if push.kind is PushKind.NOTICE_SENT else ():
            if sent.error:
                log.warning("a subscription notice was not delivered: code=%s template=%s", sent.error, _short(sent))
            if sent.error == REFUSED and self.notices.template(sent.template_id):
                self._taken_back(tx, push.openid, sent.template_id, now)

    def offer(self, tx: Store, openid: str) -> bool:
        """Whether to ask the citizen for consent now; a yes counts as asked.

        Not where there is nothing to ask for or no page to ask on, where a consent stands, within 30 days after the
        last time, and within a year after a no. When that cannot be looked up they are not asked.
        """
        if not (self.notices.ids and self.public_url):
            return False
        standing = tx.wechat.consents(openid)
        if any(standing.get(one) for one in self.notices.ids):
            return False
        try:
            if self._marked("refused", openid) or self._marked("asked", openid):
                return False
            self.limiter.mark(_key("asked", openid), seconds=int(ASKED_AGAIN.total_seconds()))
        except TryLater:
            return False
        return True

    def notice(self, tx: Store, reader: Reader, line: Line) -> Notice | None:
        """The notice that tells of this line; None where it tells of no ticket of theirs, or no consent stands.

        Whether it was told of before is the caller's to know (`Reader.noticed_seq`).
        """
        card = line.bubble.card or {}
        if line.sender is not Sender.NOTICE or card.get("kind") != "notice":
            return None
        complaint = self._complaint(tx, reader, str(card.get("number") or ""))
        if complaint is None:
            return None
        text = line.bubble.text
        change = next((one for one in reversed(complaint.history) if self._is_about(complaint, one, text)), None)
        news = notice_texts.news_of(change)
        template = self.notices.by_news.get(news) if news else None
        if template is None or not tx.wechat.consents(reader.openid).get(template.id):
            return None
        data = template.filled(notice_texts.values(self.speech, complaint, change, line.at))
        if data is None:
            log.warning("a subscription notice has an empty field: notice=%s", news)
            return None
        return Notice(template.id, data, f"{self.public_url.rstrip('/')}/" if self.public_url else "", template.long)

    def use(self, tx: Store, openid: str, notice: Notice) -> bool:
        """Use the consent, before the notice is sent. False where none stands any more: nothing may be sent."""
        return tx.wechat.use_consent(openid, notice.template_id)

    def give_back(self, tx: Store, openid: str, notice: Notice, now: datetime) -> None:
        """WeChat surely did not take the notice: a consent for once may be used another time."""
        if not notice.long:
            tx.wechat.consent(openid, notice.template_id, 1, at=now)

    def gone(self, tx: Store, openid: str, notice: Notice, now: datetime) -> None:
        """WeChat said that the citizen does not want this notice any more (ConsentGone)."""
        self._taken_back(tx, openid, notice.template_id, now)

    # -- details ---------------------------------------------------------------------------------------------

    def _complaint(self, tx: Store, reader: Reader, shown: str) -> Complaint | None:
        """The ticket of a card, if it is this citizen's."""
        number = _NOT_DIGIT.sub("", shown)
        complaint = tx.complaints.by_number(number) if ticket_number.is_valid(number) else None
        conversation = tx.conversations.get(reader.conversation_id)
        if complaint is None or conversation is None or complaint.citizen_id != conversation.citizen_id:
            return None
        return complaint

    def _is_about(self, complaint: Complaint, change: StatusChange, text: str) -> bool:
        bubble = self.told(complaint, change)
        return bubble is not None and bubble.text == text

    def _taken_back(self, tx: Store, openid: str, template_id: str, now: datetime) -> None:
        tx.wechat.consent(openid, template_id, 0, at=now)
        try:
            self.limiter.mark(_key("refused", openid), seconds=int(REFUSED_AGAIN.total_seconds()))
        except TryLater:
            log.warning("a refusal of notices could not be marked: they may be asked again after 30 days")

    def _marked(self, what: str, openid: str) -> bool:
        """Raises TryLater when the marks do not answer."""
        self.limiter.ping()
        try:
            self.limiter.seen(_key(what, openid))
        except TryLater:
            return False
        return True


def _key(what: str, openid: str) -> str:
    """Under which it is marked, without the openid."""
    return f"wechat-notices-{what}:{hashlib.sha256(openid.encode()).hexdigest()[:32]}"


def _changed(push: Push) -> bool:
    return push.event.lower() == "subscribe_msg_change_event"


def _short(sent: object) -> str:
    return str(getattr(sent, "template_id", ""))[:8]
