"""Pictures and recordings for tests, and a transcriber with a memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import ExifTags, Image

VOICE = b"\x1aE\xdf\xa3 recorded"


def photo(colour: str = "red", *, lat: float | None = None, lon: float | None = None, taken: str = "") -> bytes:
    """A JPEG; whole degrees and minutes only."""
    notes = Image.Exif()
    if taken:
        notes.get_ifd(ExifTags.IFD.Exif)[36867] = taken
    if lat is not None and lon is not None:
        parts = {2: (int(lat), round(lat % 1 * 60, 4), 0.0), 4: (int(lon), round(lon % 1 * 60, 4), 0.0)}
        notes.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 3: "E", **parts})
    target = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(target, "JPEG", exif=notes.tobytes())
    return target.getvalue()


class FakeTranscriber:
    """The `Transcriber` port: says what it is told to, or raises it."""

    def __init__(self, *answers: str | Exception, before: Callable[[], Any] = lambda: None) -> None:
        self.answers = list(answers)
        self.heard: list[tuple[bytes, str]] = []
        self.before = before

    def transcribe(self, sound: bytes, content_type: str) -> str:
        self.heard.append((sound, content_type))
        self.before()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer
