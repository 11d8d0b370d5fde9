"""Addresses of pictures and recordings for whoever deals with the ticket: signed, and good for a time only."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from integrations.services.ports import Clock, Transaction
from integrations.services.records import Complaint
from kb.media_types import Kind

PATH = "/media/"
GOOD_FOR = timedelta(days=180)


@dataclass(frozen=True, kw_only=True)
class MediaLinks:
    """Makes and reads them. `key` signs; `base` is the gateway as the department reaches it, "": there are none."""

    key: Callable[[], str] = field(repr=False)
    base: str
    clock: Clock

    def url(self, medium_id: str) -> str | None:
        """None where the gateway has no public address."""
        if not self.base:
            return None
        until = int((self.clock() + GOOD_FOR).timestamp())
        return f"{self.base.rstrip('/')}{PATH}{medium_id}.{until:x}.{self._sign(medium_id, until)}"

    def read(self, token: str) -> str | None:
        """The id of what a token of ours shows; None when it is forged or its time is over."""
        medium_id, _, rest = token.partition(".")
        said, _, signature = rest.partition(".")
        if not (medium_id.isascii() and medium_id.isalnum() and 0 < len(said) <= 12 and signature.isascii()):
            return None
        try:
            until = int(said, 16)
        except ValueError:
            return None
        if not hmac.compare_digest(signature, self._sign(medium_id, until)):
            return None
        return medium_id if self.clock().timestamp() <= until else None

    def until(self, token: str) -> datetime:
        """Until when a token that was read is good."""
        return datetime.fromtimestamp(int(token.split(".")[1], 16), tz=self.clock().tzinfo)

    def with_media(self, tx: Transaction, complaint: Complaint) -> Complaint:
        """The complaint with what goes with it: how many pictures and recordings, and their addresses."""
        found = tx.media.of_complaint(complaint.id)
        links = tuple(link for one, _ in found if (link := self.url(one)))
        photos = sum(kind is Kind.PHOTO for _, kind in found)
        return replace(complaint, photos=photos, voices=len(found) - photos, media=links)

    def _sign(self, medium_id: str, until: int) -> str:
        said = f"media:{medium_id}:{until}".encode()
        return hmac.new(self.key().encode(), said, hashlib.sha256).hexdigest()[:40]
