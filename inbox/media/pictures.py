"""Pictures that strangers sent: how large they are, and a small one to show in their place.

Every byte of them is hostile until decoded: formats are a short list, sizes are looked at before a pixel is read, and whatever
a decoder raises only means that there is no small picture. Pillow is loaded with the first picture, in the process that needs it.
"""

import contextlib
import io
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

EDGE = 480
"""Pixels of the longer side of a thumbnail: twice what the thread shows, for dense screens."""
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "AVIF")
LARGEST = 40_000_000
"""Pixels that are decoded at most: 160 MB while it lasts."""
LARGEST_JPEG = 120_000_000
"""JPEG can be decoded at an eighth of its size."""
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)
"""EXIF orientations in which the sides are swapped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """`width` and `height` as it is seen, upright; None where it cannot be read. `thumbnail`: WebP without any metadata."""

    width: int | None = None
    height: int | None = None
    thumbnail: bytes | None = None


def look(path: Path) -> Picture:
    """What there is to know of a picture. Raises nothing: what cannot be read is a file like any other."""
    size: tuple[int, int] | None = None
    # Everything, because decoders fed with broken bytes raise everything: ValueError, SyntaxError, struct.error, MemoryError ...
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of broken EXIF blocks, on stderr
        with _pillow().open(path, formats=FORMATS) as image:
            size = _upright(image)
            return Picture(width=size[0], height=size[1], thumbnail=_thumbnail(image))
    return Picture(width=size[0], height=size[1]) if size else Picture()


@cache
def _pillow() -> Any:
    """Pillow's `Image` with the readers of our formats, and its own limit lifted: ours is looked at before a pixel is decoded."""
    from PIL import AvifImagePlugin, BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

    Image.MAX_IMAGE_PIXELS = None
    return Image


def _upright(image: Any) -> tuple[int, int]:
    width, height = image.size
    turned = False
    with contextlib.suppress(Exception):  # a broken EXIF block says nothing about the picture
        turned = image.getexif().get(_ORIENTATION) in _TURNED
    return (height, width) if turned else (width, height)


def _thumbnail(image: Any) -> bytes | None:
    pixels = image.width * image.height
    if pixels > (LARGEST_JPEG if image.format in ("JPEG", "MPO") else LARGEST):
        return None
    from PIL import ImageOps

    image.draft("RGB", (EDGE, EDGE))  # only JPEG heeds this
    small = image.convert("RGBA" if image.has_transparency_data else "RGB") if image.mode != "RGB" else image
    small.thumbnail((EDGE, EDGE))
    with contextlib.suppress(Exception):
        small = ImageOps.exif_transpose(small)
    clean = _pillow().new(small.mode, small.size)  # pixels only: place, camera and owner stay behind
    clean.paste(small)
    out = io.BytesIO()
    clean.save(out, "WEBP", quality=78, method=4)
    return out.getvalue()
