"""Pictures and sounds for tests, made on the spot: small, of every format, and some that lie."""

import io
import struct
import wave
from typing import Any

from PIL import Image


def picture(form: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", color: Any = "red", **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, color).save(out, form, **more)
    return out.getvalue()


def photo(orientation: int, size: tuple[int, int] = (60, 40)) -> bytes:
    """A camera's JPEG: left half blue, right half red, with its orientation and the place it was taken at."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "CameraMaker"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (59.0, 56.0, 19.0)
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is this large."""
    png = bytearray(picture("PNG"))
    png[16:24] = struct.pack(">II", width, height)
    import zlib

    png[29:33] = struct.pack(">I", zlib.crc32(bytes(png[12:29])))
    return bytes(png)


def wav(seconds: float) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * int(8000 * seconds))
    return out.getvalue()


def _page(position: int, body: bytes) -> bytes:
    return b"OggS\0\0" + struct.pack("<qIIIBB", position, 1, 0, 0, 1, len(body)) + body


def opus(seconds: float, skipped: int = 312) -> bytes:
    """A voice note: the two header pages and one page of sound."""
    head = b"OpusHead\x01\x01" + struct.pack("<HIhB", skipped, 48_000, 0, 0)
    return _page(0, head) + _page(0, b"OpusTags" + b"\0" * 8) + _page(int(seconds * 48_000) + skipped, b"sound")


def vorbis(seconds: float) -> bytes:
    return _page(0, b"\x01vorbis" + struct.pack("<IBI", 0, 1, 44_100) + b"\0" * 14) + _page(int(seconds * 44_100), b"sound")


def mp3(frames: int, *, xing: bool = False, tagged: bool = False) -> bytes:
    """MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes a frame, 1152 samples each."""
    frame = b"\xff\xfb\x90\x00" + b"\0" * 413
    first = frame[:36] + b"Xing" + struct.pack(">II", 1, frames) + frame[48:]
    tag = b"ID3\x04\0\0" + bytes([0, 0, 1, 0]) + b"\0" * 128
    body = first + frame if xing else frame * frames
    return (tag if tagged else b"") + body


def flac(seconds: int) -> bytes:
    packed = 44_100 << 44 | 1 << 41 | 15 << 36 | 44_100 * seconds
    return b"fLaC\x80\0\0\x22" + b"\0" * 10 + packed.to_bytes(8, "big") + b"\0" * 16


def amr(frames: int) -> bytes:
    return b"#!AMR\n" + (b"\x3c" + b"\0" * 31) * frames


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, name) + body


def mp4(seconds: float, size: tuple[int, int] | None = None, *, turned: bool = False, brand: bytes = b"isom") -> bytes:
    """Headers of a film (or, without a size, of a sound), behind the bytes as phones write it."""
    mvhd = box(b"mvhd", b"\0" * 12 + struct.pack(">II", 1000, int(seconds * 1000)) + b"\0" * 80)
    matrix = struct.pack(
        ">9i", *((0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30) if turned else (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30))
    )
    width, height = size or (0, 0)
    track = box(b"tkhd", b"\0" * 40 + matrix + struct.pack(">II", width << 16, height << 16))
    moov = box(b"moov", mvhd + box(b"trak", track))
    return box(b"ftyp", brand + b"\0\0\2\0" + brand) + box(b"mdat", b"\0" * 100) + moov
