"""Files sent in pieces, so that a broken line costs one piece and not the whole picture."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from integrations.services.errors import Conflict, Rejected
from integrations.services.media import LARGEST, TooMany
from integrations.services.ports import Clock, Limiter, Transaction, UnitOfWork
from integrations.services.timer_records import TimerRow
from integrations.services.upload_records import Upload
from kb.words import Words

PIECE = 256 * 1024
"""The most bytes of one piece."""
# Smaller ones would only make rows; the last may be as small as it is.
SMALLEST_PIECE = 4 * 1024
KEPT = timedelta(hours=24)
# Files of one conversation on their way: twice a message's pictures.
MOST_UNFINISHED = 18
# The most bytes of one message, as when it comes in one piece.
MOST_TOGETHER = 3 * LARGEST
# Bytes on their way of the whole city.
MOST_PROMISED = 4 * 1024**3
# In a minute, of one conversation: files begun, pieces of files.
BEGUN, PIECES = 30, 900
EXPIRES = "upload_expires"


class Gone(Rejected):
    """There is no such upload, or not any more, or it is somebody else's."""


class Unfinished(Rejected):
    """Not all of it is here."""


class WrongOffset(Conflict):
    """The piece does not begin where the last one ended; `upload` says where that is."""

    def __init__(self, upload: Upload) -> None:
        super().__init__(f"{upload.received} bytes are here")
        self.upload = upload


class TooLarge(Rejected):
    """More than may be sent, or than was announced."""


@dataclass(frozen=True, kw_only=True)
class Uploading:
    """The use case; an upload is its conversation's own, and to anybody else as if it were not there."""

    unit_of_work: UnitOfWork
    limiter: Limiter
    words: Words
    clock: Clock
    new_id: Callable[[], str] = field(default=lambda: secrets.token_hex(16))

    def begin(self, conversation_id: str, length: int) -> Upload:
        """Announce a file of so many bytes. Raises Rejected, TooLarge, TooMany."""
        if length < 1:
            raise Rejected(self.words.say("attached.nothing"))
        if length > LARGEST:
            raise TooLarge(self.words.say("attached.photo_large"))
        if not self.limiter.allow(f"upload:{conversation_id}", times=BEGUN, seconds=60):
            raise TooMany(self.words.say("uploads.many"))
        upload = Upload(self.new_id(), conversation_id, length, 0, self.clock() + KEPT)
        with self.unit_of_work() as tx:
            full = tx.uploads.bytes_promised() + length > MOST_PROMISED
            if full or tx.uploads.count(conversation_id) >= MOST_UNFINISHED:
                raise TooMany(self.words.say("uploads.many"))
            tx.uploads.begin(upload)
            tx.timers.set(EXPIRES, upload.id, upload.until)
        return upload

    def look(self, conversation_id: str, upload_id: str) -> Upload:
        """How much of it is here. Raises Gone."""
        with self.unit_of_work() as tx:
            return self._own(tx, conversation_id, upload_id)

    def append(self, conversation_id: str, upload_id: str, offset: int, piece: bytes) -> Upload:
        """Add a piece that begins at `offset`. Raises Gone, WrongOffset, Rejected, TooLarge, TooMany."""
        if not self.limiter.allow(f"upload-piece:{conversation_id}", times=PIECES, seconds=60):
            raise TooMany(self.words.say("uploads.many"))
        with self.unit_of_work() as tx:
            upload = self._own(tx, conversation_id, upload_id)
            if offset != upload.received:
                raise WrongOffset(upload)
            rest = upload.length - upload.received
            if len(piece) > min(rest, PIECE):
                raise TooLarge(self.words.say("attached.photo_large"))
            if len(piece) < min(rest, SMALLEST_PIECE):
                raise Rejected(self.words.say("attached.nothing"))
            if piece and not tx.uploads.append(upload, piece):
                raise WrongOffset(self._own(tx, conversation_id, upload_id))
            return replace(upload, received=offset + len(piece))

    def contents(self, conversation_id: str, upload_ids: Sequence[str]) -> Sequence[bytes]:
        """The bytes of files that are whole. Raises Gone, Unfinished, TooLarge."""
        with self.unit_of_work() as tx:
            uploads = [self._own(tx, conversation_id, one) for one in upload_ids]
            if not all(one.whole for one in uploads):
                raise Unfinished(self.words.say("uploads.unfinished"))
            if sum(one.length for one in uploads) > MOST_TOGETHER:
                raise TooLarge(self.words.say("attached.photo_large"))
            bodies = tx.uploads.bodies(uploads)
        if any(len(body) < one.length for body, one in zip(bodies, uploads, strict=True)):
            raise Gone(self.words.say("uploads.gone"))  # another message has used it up since it was looked at
        return bodies

    def use_up(self, tx: Transaction, upload_ids: Sequence[str]) -> None:
        """In the transaction that stores what was made of them. Raises Gone when another message has them."""
        for one in upload_ids:
            tx.timers.cancel(EXPIRES, one)
            if not tx.uploads.delete(one):
                raise Gone(self.words.say("uploads.gone"))

    def expire(self, tx: Transaction, row: TimerRow, _now: datetime) -> None:
        """The timer's work: delete what nobody has used."""
        tx.uploads.delete(row.subject)

    def _own(self, tx: Transaction, conversation_id: str, upload_id: str) -> Upload:
        upload = tx.uploads.get(upload_id, conversation_id, self.clock())
        if upload is None:
            raise Gone(self.words.say("uploads.gone"))
        return upload
