"""Pictures written anew by Pillow, so that nothing of the file that came survives.

No place or time that the camera noted, no second file hidden behind the first, nothing that is no picture. Place and
time are read before, for the complaint.
"""

from __future__ import annotations

import io
import threading
import warnings
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image, ImageOps

from integrations.services.media_ports import NotAPicture
from integrations.services.media_records import Developed
from kb import photo_facts
from kb.photo_facts import PhotoFacts

FORMATS = ("JPEG", "PNG", "WEBP")
LARGEST_PIXELS = 50_000_000
LONGEST_SIDE = 1600
QUALITY = 82
# As large as a list shows it, on a phone of two points for each pixel.
SMALL_SIDE, SMALL_QUALITY = 320, 75

# A large picture takes some 150 MB while it is decoded.
_one_at_a_time = threading.Lock()


def develop(content: bytes, now: datetime) -> Developed:
    """A JPEG of at most 1,600 pixels a side, upright, without notes; and the notes. Raises NotAPicture."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # we have a limit of our own
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                if picture.width * picture.height > LARGEST_PIXELS:
                    raise NotAPicture(large=True)
                facts = _facts(picture, now)
                picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is read small
                return Developed(_encoded(_upright(picture)), facts)
        except NotAPicture:
            raise
        except Image.DecompressionBombError as bomb:
            raise NotAPicture(large=True) from bomb
        except Exception as broken:  # nearly anything comes from the depths of the decoders
            raise NotAPicture(large=False) from broken


def reduce(jpeg: bytes) -> bytes:
    """A small copy of a picture that was written anew here."""
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as picture:
        picture.draft("RGB", (SMALL_SIDE, SMALL_SIDE))
        picture.thumbnail((SMALL_SIDE, SMALL_SIDE))
        target = io.BytesIO()
        picture.save(target, "JPEG", quality=SMALL_QUALITY, optimize=True)
        return target.getvalue()


def _facts(picture: Image.Image, now: datetime) -> PhotoFacts:
    """Broken notes are no notes: the picture itself may be fine."""
    try:
        notes = picture.getexif()
        exposure: dict[int, Any] = dict(notes.get_ifd(ExifTags.IFD.Exif))
        position: dict[int, Any] = dict(notes.get_ifd(ExifTags.IFD.GPSInfo))
        return photo_facts.read(exposure, position, now)
    except Exception:  # noqa: BLE001 - nearly anything comes out of broken notes
        return PhotoFacts()


def _upright(picture: Image.Image) -> Image.Image:
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # noqa: BLE001 - with broken notes it stays as it lies
        return picture


def _encoded(picture: Image.Image) -> bytes:
    """What is transparent becomes white."""
    clear = picture.convert("RGBA")
    paper = Image.new("RGB", clear.size, "white")
    paper.paste(clear, mask=clear.getchannel("A"))
    target = io.BytesIO()
    paper.save(target, "JPEG", quality=QUALITY, optimize=True)
    return target.getvalue()
