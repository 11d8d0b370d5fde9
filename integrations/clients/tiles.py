"""The city's own map tiles: one PMTiles file, of which browsers ask for parts.

PMTiles (version 3) is one archive of all tiles with its directory at the beginning; what is where is worked out by the
browser. Here only its head is read, to know whether it is one and what it holds.
"""

from __future__ import annotations

import hashlib
import logging
import os
import struct
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

_HEAD = 127
_PICTURES = {2: "png", 3: "jpg", 4: "webp", 5: "avif"}
# After the magic and eleven numbers of eight bytes: clustered, two ways of packing, kind, least and deepest zoom.
_AT_CLUSTERED = 96


class TilesError(ValueError):
    """The file cannot be used: the message says why."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """One archive as it stands now. `tag` changes when the file does."""

    path: Path
    size: int
    tag: str
    min_zoom: int
    max_zoom: int

    def part(self, start: int, length: int) -> bytes:
        """So many bytes from `start` on, fewer at the end."""
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(length)


def read(path: Path) -> Tiles:
    """The archive at the path. Raises TilesError for a file that is no PMTiles of pictures, or is not there."""
    try:
        with path.open("rb") as file:
            head, about = file.read(_HEAD), os.fstat(file.fileno())
    except OSError as missing:
        raise TilesError(f"{path}: cannot be read ({missing.strerror})") from missing
    if len(head) < _HEAD or head[:7] != b"PMTiles" or head[7] != 3:
        raise TilesError(f"{path}: is no PMTiles of version 3")
    _clustered, _internal, _packing, kind, low, high = struct.unpack_from("6B", head, _AT_CLUSTERED)
    if kind not in _PICTURES:
        raise TilesError(f"{path}: holds no pictures; vector tiles have to be rendered first")
    tag = hashlib.sha256(head + f"{about.st_size}:{about.st_mtime_ns}".encode()).hexdigest()[:16]
    return Tiles(path, about.st_size, tag, low, high)


class CityTiles:
    """The city's archive, looked at anew when the file changes; None where there is none or it cannot be used."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: tuple[str, Tiles | None] = ("", None)

    def now(self) -> Tiles | None:
        """The archive as it stands."""
        if self._path is None:
            return None
        try:
            about = self._path.stat()
            stamp = f"{about.st_size}:{about.st_mtime_ns}:{about.st_ino}"
        except OSError as missing:
            stamp = str(missing.strerror)
        if stamp != self._seen[0]:
            self._seen = (stamp, self._look(self._path))
        return self._seen[1]

    def _look(self, path: Path) -> Tiles | None:
        try:
            return read(path)
        except TilesError as wrong:
            log.error("the map is shown without tiles: %s", wrong)
            return None
