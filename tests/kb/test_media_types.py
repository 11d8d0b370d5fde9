"""What a file is, by its content."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.media_types import ENDINGS, Kind, type_of

KNOWN = {
    b"\xff\xd8\xff\xe0JFIF": (Kind.PHOTO, "image/jpeg"),
    b"\x89PNG\r\n\x1a\n....": (Kind.PHOTO, "image/png"),
    b"RIFF\0\0\0\0WEBPVP8 ": (Kind.PHOTO, "image/webp"),
    b"RIFF\0\0\0\0WAVEfmt ": (Kind.VOICE, "audio/wav"),
    b"\x1aE\xdf\xa3....": (Kind.VOICE, "audio/webm"),
    b"OggS\0\x02": (Kind.VOICE, "audio/ogg"),
    b"ID3\x04": (Kind.VOICE, "audio/mpeg"),
    b"\xff\xfb\x90\0": (Kind.VOICE, "audio/mpeg"),
    b"\xff\xf1\x50\x80": (Kind.VOICE, "audio/aac"),
    b"\0\0\0\x20ftypM4A ": (Kind.VOICE, "audio/mp4"),
    b"#!AMR\n": (Kind.VOICE, "audio/amr"),
    b"fLaC\0": (Kind.VOICE, "audio/flac"),
}
UNKNOWN = [b"", b"\xff", b"<svg/>", b"%PDF-1.7", b"PK\x03\x04", b"MZ", b"GIF89a", b"RIFF\0\0\0\0AVI ", b"<html>",
           b"\0\0\0\x18ftypheic", b"\0\0\0\x18ftypavif"]  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), KNOWN.items())
def test_what_we_take(content: bytes, expected: tuple[Kind, str]) -> None:
    assert type_of(content) == expected
    assert expected[0] is Kind.PHOTO or expected[1] in ENDINGS


@pytest.mark.parametrize("content", UNKNOWN)
def test_what_we_do_not_take(content: bytes) -> None:
    assert type_of(content) is None


@given(st.binary(max_size=64))
def test_anything_is_told_without_an_error(content: bytes) -> None:
    found = type_of(content)
    assert found is None or found[1].startswith("image/" if found[0] is Kind.PHOTO else "audio/")
