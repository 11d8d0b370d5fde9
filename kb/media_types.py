"""What a file is, by how its content begins: never by its name, nor by what its sender says."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a citizen can send beside words."""

    PHOTO = "photo"
    VOICE = "voice"


# By the first bytes: the kind, the type under which it is kept, and how such a file's name ends.
_BEGINS = (
    (b"\xff\xd8\xff", Kind.PHOTO, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", Kind.PHOTO, "image/png"),
    (b"\x1aE\xdf\xa3", Kind.VOICE, "audio/webm"),
    (b"OggS", Kind.VOICE, "audio/ogg"),
    (b"ID3", Kind.VOICE, "audio/mpeg"),
    (b"#!AMR", Kind.VOICE, "audio/amr"),
    # Recordings of WeChat's, whatever their name says.
    (b"#!SILK", Kind.VOICE, "audio/silk"),
    (b"\x02#!SILK", Kind.VOICE, "audio/silk"),
    (b"fLaC", Kind.VOICE, "audio/flac"),
)
ENDINGS = {
    "audio/webm": "webm",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/amr": "amr",
    "audio/silk": "silk",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
}
# Of the family of MP4: still pictures, which no browser sends where it is asked for a photo.
_STILL = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif")


def type_of(content: bytes) -> tuple[Kind, str] | None:
    """Kind and media type; None for everything that is neither a picture nor a recording that we know."""
    for begins, kind, name in _BEGINS:
        if content.startswith(begins):
            return kind, name
    if content[:4] == b"RIFF":
        riff = {b"WEBP": (Kind.PHOTO, "image/webp"), b"WAVE": (Kind.VOICE, "audio/wav")}
        return riff.get(content[8:12])
    if content[4:8] == b"ftyp":
        return None if content[8:12] in _STILL else (Kind.VOICE, "audio/mp4")
    if len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0:
        # no layer at all: AAC; else MPEG audio
        return Kind.VOICE, "audio/aac" if content[1] & 0x06 == 0 else "audio/mpeg"
    return None
