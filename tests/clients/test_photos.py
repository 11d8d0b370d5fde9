"""Pictures are written anew: nothing but what is to be seen survives, and what was noted is read before."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import ExifTags, Image

from integrations.clients.photos import LONGEST_SIDE, develop
from integrations.services.media_ports import NotAPicture
from kb.photo_facts import PhotoFacts

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def picture(size: tuple[int, int] = (40, 20), form: str = "JPEG", mode: str = "RGB", **save: Any) -> bytes:
    target = io.BytesIO()
    made = Image.new(mode, size, "red" if mode != "L" else 90)
    made.save(target, form, **save)
    return target.getvalue()


def noted(orientation: int = 1) -> bytes:
    notes = Image.Exif()
    notes[ExifTags.Base.Orientation] = orientation
    notes[ExifTags.Base.Make] = "SecretCamera"
    notes.get_ifd(ExifTags.IFD.Exif)[36867] = "2026:11:21 09:30:00"
    notes.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (36.0, 6.0, 0.0), 3: "E", 4: (120.0, 24.0, 0.0)})
    return picture(exif=notes.tobytes())


def seen(jpeg: bytes) -> Image.Image:
    made = Image.open(io.BytesIO(jpeg))
    assert made.format == "JPEG"
    return made


def test_place_and_time_are_read_and_gone() -> None:
    made = develop(noted(), NOW)
    assert (made.facts.lat, made.facts.lon) == (36.1, 120.4)
    assert made.facts.taken_at == datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
    assert not seen(made.jpeg).getexif()
    assert b"SecretCamera" not in made.jpeg and b"2026:11:21" not in made.jpeg


def test_a_picture_that_lies_is_put_upright() -> None:
    assert seen(develop(noted(orientation=6), NOW).jpeg).size == (20, 40)


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (9000, 10)])
def test_a_large_picture_becomes_small(size: tuple[int, int]) -> None:
    assert max(seen(develop(picture(size), NOW).jpeg).size) == LONGEST_SIDE


@pytest.mark.parametrize(
    "content",
    [picture(form="PNG"), picture(form="PNG", mode="RGBA"), picture(form="WEBP"), picture(mode="CMYK"),
     picture(form="PNG", mode="L"), picture(form="PNG", mode="1")],
)  # fmt: skip
def test_every_kind_becomes_a_jpeg(content: bytes) -> None:
    made = develop(content, NOW)
    assert seen(made.jpeg).mode == "RGB"
    assert made.facts == PhotoFacts()


def test_what_hangs_behind_the_picture_is_gone() -> None:
    assert b"<script>" not in develop(picture() + b"<script>alert(1)</script>", NOW).jpeg


def test_broken_notes_do_not_cost_the_picture() -> None:
    broken = noted()
    at = broken.index(b"Exif\0\0") + 14
    made = develop(broken[:at] + b"\xff" * 40 + broken[at + 40 :], NOW)
    assert seen(made.jpeg).size in ((40, 20), (20, 40))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(side: int) -> bytes:
    """A PNG that says it is large; its few bytes would unfold to all of that."""
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + _chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + _chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [7_100, 20_000, 60_000])
def test_a_picture_that_would_unfold_too_far_is_not_unfolded(side: int) -> None:
    with pytest.raises(NotAPicture) as error:
        develop(bomb(side), NOW)
    assert error.value.large


@pytest.mark.parametrize(
    "content", [b"", b"x", picture()[:200], b"<svg/>", picture(form="GIF", mode="P"), b"\xff\xd8\xff" + b"\0" * 500]
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(NotAPicture) as error:
        develop(content, NOW)
    assert not error.value.large
