"""A clerk's pictures: only real ones, written anew.

A picture is decoded and encoded again, so that nothing of the file that came survives: no place or time that the
camera noted, no second file hidden behind the first, nothing that is no picture.
"""

import io
import threading
import warnings
from collections.abc import Sequence

from PIL import Image, ImageOps

from integrations.demo_dispatch.casework import MoveRefused

FORMATS = ("JPEG", "PNG", "WEBP")
MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")
MOST = 3
"""Pictures of one step."""

LARGEST_BYTES = 8 * 1024 * 1024
LARGEST_PIXELS = 50_000_000
LONGEST_SIDE = 1600
QUALITY = 82

_one_at_a_time = threading.Lock()
"""A large picture takes some 150 MB while it is decoded."""


class PictureRefused(MoveRefused):
    """A file that is not taken; ``reason`` is "kind", "large" or "many", ``name`` the file's."""

    def __init__(self, reason: str, name: str = "") -> None:
        super().__init__(f"a picture is refused: {reason}")
        self.reason = reason
        self.name = name


def written_anew(files: Sequence[tuple[str, bytes]]) -> tuple[bytes, ...]:
    """JPEGs of at most 1,600 pixels a side, upright, without metadata, from the files' names and contents.

    Raises PictureRefused.
    """
    if len(files) > MOST:
        raise PictureRefused("many")
    return tuple(_jpeg(name, content) for name, content in files)


def _jpeg(name: str, content: bytes) -> bytes:
    if len(content) > LARGEST_BYTES:
        raise PictureRefused("large", name)
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # we have a limit of our own
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                if picture.width * picture.height > LARGEST_PIXELS:
                    raise PictureRefused("large", name)
                picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is read small
                upright = ImageOps.exif_transpose(picture)
                upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
                return _encoded(upright)
        except PictureRefused:
            raise
        except Image.DecompressionBombError as error:
            raise PictureRefused("large", name) from error
        except Exception as error:  # a broken file raises nearly anything from the depths of the decoders
            raise PictureRefused("kind", name) from error


def _encoded(picture: Image.Image) -> bytes:
    """What is transparent becomes white."""
    clear = picture.convert("RGBA")
    paper = Image.new("RGB", clear.size, "white")
    paper.paste(clear, mask=clear.getchannel("A"))
    target = io.BytesIO()
    paper.save(target, "JPEG", quality=QUALITY, optimize=True)
    return target.getvalue()
