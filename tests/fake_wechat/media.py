"""Pictures and recordings that citizens sent: kept for three days."""

from __future__ import annotations

import secrets
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fake_wechat import laws

if TYPE_CHECKING:
    from tests.fake_wechat.world import FakeWechat


@dataclass(frozen=True, slots=True)
class Medium:
    data: bytes
    kind: str
    until: float


class Media:
    """By media id and, for pictures, by an address of their own."""

    def __init__(self, world: FakeWechat) -> None:
        self.world = world
        self._kept: dict[str, Medium] = {}
        self._pictures: dict[str, str] = {}

    def keep(self, data: bytes, kind: str) -> tuple[str, str]:
        """Its media id and its address."""
        media_id, name = secrets.token_urlsafe(48), secrets.token_hex(32)
        self._kept[media_id] = Medium(data, kind, self.world.clock.now() + laws.MEDIA_LIVES)
        self._pictures[name] = media_id
        return media_id, f"{self.world.url}/mmbiz_{kind.rpartition('/')[2]}/{name}/0"

    def get(self, media_id: str) -> Medium:
        """Raises Refused: 41006 without an id, 40007 where it is unknown or too old."""
        if not media_id:
            raise laws.Refused(41006)
        found = self._kept.get(media_id)
        if found is None or found.until <= self.world.clock.now():
            raise laws.Refused(40007)
        return found

    def picture(self, name: str) -> Medium | None:
        """By the address of a push; None where there is none any more."""
        found = self._kept.get(self._pictures.get(name, ""))
        return found if found and found.until > self.world.clock.now() else None

    def forget(self, media_id: str) -> None:
        """Gone before its time."""
        self._kept.pop(media_id, None)


def sample_picture(width: int = 64, height: int = 48) -> bytes:
    """A small PNG that every decoder takes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + bytes(part for x in range(width) for part in (x * 3, y * 4, 120)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
