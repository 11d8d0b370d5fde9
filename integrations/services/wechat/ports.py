"""What the WeChat use cases need from outside, as protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from integrations.services.wechat.records import Push, Reader, Stage, StoredPush


class WechatApi(Protocol):
    """WeChat's API. Every method may raise TryLater, NeedsPerson and what `errors` names.

    A TryLater whose `unheard` is true says that WeChat surely did not take it.
    """

    def send_text(self, openid: str, text: str) -> None:
        """A customer service message of at most 2,048 bytes."""

    def typing(self, openid: str) -> None:
        """Show that somebody is typing. Never worth a second try."""

    def send_notice(self, openid: str, template_id: str, data: Mapping[str, str], *, page: str = "") -> None:
        """A subscription notice. `data` are field names and values; `page` is opened by a tap."""

    def media(self, media_id: str) -> bytes:
        """A picture or recording that a citizen sent. Raises MediaGone, MediaTooLarge."""

    def picture(self, url: str) -> bytes:
        """The same picture by the address that stood in the push. Raises MediaGone, MediaTooLarge."""

    def openid_of(self, code: str) -> str:
        """Who signed in with this code. Raises CodeUsed."""

    def jsapi_ticket(self) -> str:
        """The ticket that signs pages for the JS-SDK."""

    def make_menu(self, menu: Mapping[str, Any]) -> None: ...

    def menu(self) -> dict[str, Any] | None:
        """The menu as WeChat has it now; None where there is none."""

    def delete_menu(self) -> None: ...

    def ping(self) -> None:
        """Ask for a token. Raises TryLater or NeedsPerson unless it is given."""


class WechatPushes(Protocol):
    """Pushes and readers in the store: `tx.wechat`."""

    def find(self, key: str) -> StoredPush | None: ...

    def add(
        self, push: Push, *, stage: Stage, at: datetime, fetch: Mapping[str, str] | None = None
    ) -> StoredPush | None:
        """Keep a push; None when one of that key is kept already."""

    def again(self, key: str) -> StoredPush | None:
        """Count one more time that this push came."""

    def became(
        self,
        key: str,
        conversation_id: str,
        seq: int | None,
        *,
        stage: Stage,
        fetch: Mapping[str, str] | None = None,
    ) -> None:
        """The push is this line of that conversation now; addresses of media that are not given are forgotten."""

    def hand(self, key: str, reply: str, *, at: datetime) -> bool:
        """Keep the passive reply of a push that has none yet. False where it has one."""

    def done(self, keys: Sequence[str]) -> None:
        """These replies went out, or none is to come."""

    def left_behind(self, *, handed_before: datetime, taken_before: datetime, limit: int) -> Sequence[StoredPush]:
        """Pushes that were handed a reply of which nobody knows whether it went out, or whose media nobody fetched."""

    def claim_fetch(self, key: str, *, at: datetime, until: datetime) -> StoredPush | None:
        """Take the fetching of this push's media; None when somebody has it, or it is fetched."""

    def reader(self, openid: str, *, lock: bool = False) -> Reader | None:
        """With `lock` nobody else changes the reader until the transaction ends."""

    def reader_of(self, conversation_id: str) -> Sequence[Reader]:
        """Everybody who reads this conversation on WeChat."""

    def keep_reader(self, reader: Reader) -> None:
        """Insert or change."""

    def due(self, *, now: datetime, limit: int) -> Sequence[str]:
        """Openids of readers for whom somebody has to look, the longest waiting first."""

    def lease(self, openid: str, *, holder: str, now: datetime, until: datetime) -> Reader | None:
        """Become the only one who tells this reader something; None while somebody else is."""

    def release(self, openid: str, *, holder: str) -> None: ...

    def wake(self, conversation_id: str, *, at: datetime) -> None:
        """There is something to tell to whoever reads this conversation on WeChat."""

    def free_fetch(self, key: str) -> None:
        """Somebody else may fetch this push's media now."""

    def forget(self, *, before: datetime) -> int:
        """Delete pushes that came before then; how many went."""

    def consents(self, openid: str) -> Mapping[str, int]:
        """Template ids for which the citizen's consent stands, and how often they may be used; -1: for long."""

    def consent(self, openid: str, template_id: str, times: int, *, at: datetime) -> None:
        """Add that many uses of a consent; -1: until it is taken back; 0: it is taken back."""

    def use_consent(self, openid: str, template_id: str) -> bool:
        """Use it once; False where none stands."""
