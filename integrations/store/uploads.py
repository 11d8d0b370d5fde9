"""Files on their way in pieces: begun, added to, put together, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from integrations.services.upload_records import Upload
from integrations.store.table import Repository
from integrations.store.upload_tables import upload_pieces, uploads

_u, _p = uploads.c, upload_pieces.c


class UploadTable(Repository):
    """The `Uploads` port."""

    def begin(self, upload: Upload) -> None:
        self._db.execute(
            insert(uploads).values(
                id=upload.id,
                conversation_id=upload.conversation_id,
                length=upload.length,
                received=upload.received,
                until=upload.until,
            )
        )

    def get(self, upload_id: str, conversation_id: str, now: datetime) -> Upload | None:
        mine = (_u.id == upload_id, _u.conversation_id == conversation_id, _u.until > now)
        row = self._db.execute(select(uploads).where(*mine)).first()
        return Upload(row.id, row.conversation_id, row.length, row.received, row.until) if row else None

    def append(self, upload: Upload, piece: bytes) -> bool:
        as_read = (_u.id == upload.id, _u.received == upload.received)
        moved = update(uploads).where(*as_read).values(received=upload.received + len(piece))
        if not self._db.execute(moved).rowcount:
            return False
        self._db.execute(insert(upload_pieces).values(upload_id=upload.id, begins=upload.received, body=piece))
        return True

    def bodies(self, whole: Sequence[Upload]) -> Sequence[bytes]:
        return [self._body(one.id) for one in whole]

    def delete(self, upload_id: str) -> bool:
        self._db.execute(delete(upload_pieces).where(_p.upload_id == upload_id))
        return bool(self._db.execute(delete(uploads).where(_u.id == upload_id)).rowcount)

    def count(self, conversation_id: str) -> int:
        mine = select(func.count()).select_from(uploads).where(_u.conversation_id == conversation_id)
        return int(self._db.execute(mine).scalar_one())

    def bytes_promised(self) -> int:
        return int(self._db.execute(select(func.coalesce(func.sum(_u.length), 0))).scalar_one())

    def _body(self, upload_id: str) -> bytes:
        pieces = select(_p.body).where(_p.upload_id == upload_id).order_by(_p.begins)
        return b"".join(self._db.execute(pieces).scalars())


def delete_uploads_of(db: Connection, conversation_id: str) -> None:
    """Those of a conversation that is erased."""
    theirs = select(_u.id).where(_u.conversation_id == conversation_id)
    db.execute(delete(upload_pieces).where(_p.upload_id.in_(theirs)))
    db.execute(delete(uploads).where(_u.conversation_id == conversation_id))
