"""What comes from WeChat and what is kept of it, as plain values. An openid is shown nowhere: no log, URL or export."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kb.wechat.pushes import PushKind
from kb.wechat.quota import Budget


@dataclass(frozen=True, slots=True)
class Consent:
    """What a citizen said to one subscription notice; `answer` in WeChat's own word (accept, reject, …)."""

    template_id: str
    answer: str
    scene: str = ""


@dataclass(frozen=True, slots=True)
class NoticeSent:
    """What WeChat says has become of a subscription notice; `error` is 0 where it was delivered."""

    template_id: str
    error: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Push:
    """One message or event, translated from WeChat's XML.

    `key` is the same however often it is pushed. `text` holds the words of a text, of a link (title, description,
    address) or of a tapped menu item. `at` is WeChat's CreateTime. `lat` and `lon` are GCJ-02 degrees. `voice_id` is
    the media id of the recording in 16 kHz where there is one, else in 8 kHz.
    """

    key: str
    kind: PushKind
    openid: str = field(repr=False)
    account: str
    at: datetime
    text: str = field(default="", repr=False)
    menu_id: str = ""
    event: str = ""
    event_key: str = ""
    media_id: str = ""
    voice_id: str = ""
    picture_url: str = field(default="", repr=False)
    lat: float | None = field(default=None, repr=False)
    lon: float | None = field(default=None, repr=False)
    label: str = field(default="", repr=False)
    consents: tuple[Consent, ...] = ()
    sent: tuple[NoticeSent, ...] = ()


class Stage(StrEnum):
    """Where a push stands."""

    # Its picture or recording is still to be fetched.
    FETCH = "fetch"
    # Its words are a line of the conversation, or it needs none; no passive reply was made yet.
    TAKEN = "taken"
    # A reply was made and handed to WeChat's connection; nobody has said yet that it went out.
    HANDED = "handed"
    # The reply went out, or none is to come by this way.
    DONE = "done"


@dataclass(frozen=True, slots=True)
class StoredPush:
    """A push as it is kept for a day, to know it again. `seq` is the line it became, `reply` what was answered."""

    key: str
    openid: str = field(repr=False)
    kind: PushKind
    stage: Stage
    at: datetime
    tries: int = 1
    conversation_id: str = ""
    seq: int | None = None
    reply: str | None = field(default=None, repr=False)
    handed_at: datetime | None = None
    fetch: dict[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reader:
    """One WeChat citizen as deliveries need them.

    Lines of their conversation up to `told_seq` have been told. `rest` are further parts of a long answer, told before
    what follows. `due_at`: when somebody has to look whether there is something to tell. `noticed_seq`: the last line
    of which a subscription notice told that it is there. Until `lease_until` somebody is telling them something.
    """

    openid: str = field(repr=False)
    conversation_id: str
    told_seq: int
    budget: Budget
    rest: tuple[str, ...] = field(default=(), repr=False)
    follows: bool = True
    reachable: bool = True
    asked_to_fetch: bool = False
    noticed_seq: int = 0
    due_at: datetime | None = None
    tries: int = 0
    lease_until: datetime | None = field(default=None, compare=False)

    def is_leased(self, now: datetime) -> bool:
        """Whether somebody is telling this reader something now; only true of a reader that was just read."""
        return self.lease_until is not None and self.lease_until > now
