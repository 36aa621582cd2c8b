"""How long a sound or film lasts, read from its headers: enough for a player, without a decoder.

Ogg (RFC 3533, 7845), WAV, MP3, FLAC, AMR (RFC 4867) and the MP4 family (ISO 14496-12), which also tells a film's size.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

LONGEST = 7 * 24 * 3600.0
_TAIL = 65_536
_BOXES = 10_000
"""Boxes and chunks that are looked at: a file of empty ones must not keep us."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sound:
    """`duration` in seconds; `width` and `height` of a film. None where the file does not say."""

    duration: float | None = None
    width: int | None = None
    height: int | None = None


def look(path: Path) -> Sound:
    """What the headers say. Raises nothing: what cannot be read is a file like any other."""
    try:
        with path.open("rb") as file:
            found = _read(file, path.stat().st_size)
    except (OSError, struct.error, ValueError, IndexError, ZeroDivisionError, OverflowError):
        return Sound()
    sane = found.duration is not None and 0 < found.duration <= LONGEST
    return Sound(duration=round(found.duration, 2) if sane and found.duration else None, width=found.width, height=found.height)


def _read(file: BinaryIO, size: int) -> Sound:
    head = file.read(64)
    if head[:4] == b"OggS":
        return Sound(duration=_ogg(file, size))
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return Sound(duration=_wav(file))
    if head[:4] == b"fLaC":
        return Sound(duration=_flac(head))
    if head[:5] == b"#!AMR":
        return Sound(duration=_amr(file, wide=head.startswith(b"#!AMR-WB\n")))
    if head[4:8] == b"ftyp":
        return _mp4(file, size)
    return Sound(duration=_mp3(file, size))


def _ogg(file: BinaryIO, size: int) -> float | None:
    """The last page counts the samples up to its end."""
    file.seek(0)
    first = file.read(512)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    last = tail.rfind(b"OggS")
    if last < 0:
        return None
    (position,) = struct.unpack_from("<q", tail, last + 6)
    if (opus := first.find(b"OpusHead")) >= 0:
        (skipped,) = struct.unpack_from("<H", first, opus + 10)
        return float(position - skipped) / 48_000
    if (vorbis := first.find(b"\x01vorbis")) >= 0:
        (rate,) = struct.unpack_from("<I", first, vorbis + 12)
        return float(position) / float(rate)
    return None


def _wav(file: BinaryIO) -> float | None:
    file.seek(12)
    rate = 0
    for _ in range(_BOXES):
        head = file.read(8)
        if len(head) < 8:
            return None
        name, length = struct.unpack("<4sI", head)
        if name == b"data" and rate:
            return float(length) / rate
        if name == b"fmt ":
            rate = int(struct.unpack_from("<I", file.read(min(length, 64)), 8)[0])
            file.seek(length - min(length, 64), 1)
            length = 0
        file.seek(length + length % 2, 1)
    return None


def _flac(head: bytes) -> float | None:
    packed = int.from_bytes(head[18:26], "big")
    rate, samples = packed >> 44, packed & ((1 << 36) - 1)
    return samples / rate if samples else None


_AMR = (13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1)
_AMR_WIDE = (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1)


def _amr(file: BinaryIO, *, wide: bool) -> float:
    """Frames of 20 ms; each names its size."""
    file.seek(9 if wide else 6)
    body, place, frames = file.read(8_000_000), 0, 0
    while place < len(body):
        place += (_AMR_WIDE if wide else _AMR)[body[place] >> 3 & 15]
        frames += 1
    return frames * 0.02


_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""By MPEG version bits: 3 is MPEG-1, 2 is MPEG-2, 0 is MPEG-2.5."""
_KILOBITS = {
    (True, 1): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (False, 1): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
}
"""By (MPEG-1, layer bits: 1 is layer III, 3 is layer I)."""


def _mp3(file: BinaryIO, size: int) -> float | None:
    """By the count of frames in a Xing or VBRI header, else by the first frame's bit rate."""
    start = _behind_tag(file)
    file.seek(start)
    frame = file.read(4096)
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xE0 != 0xE0:
        return None
    version, layer = frame[1] >> 3 & 3, frame[1] >> 1 & 3
    rate = _RATES[version][frame[2] >> 2 & 3] if version in _RATES else 0
    if not rate or not layer:
        return None
    samples = 384 if layer == 3 else 576 if version != 3 and layer == 1 else 1152
    if frames := _frames(frame):
        return frames * samples / rate
    bits = _KILOBITS[version == 3, layer][frame[2] >> 4] * 1000
    return (size - start) * 8 / bits if bits else None


def _behind_tag(file: BinaryIO) -> int:
    file.seek(0)
    head = file.read(10)
    if head[:3] != b"ID3":
        return 0
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    return length + 10


def _frames(frame: bytes) -> int:
    for mark, offset, flagged in ((b"Xing", 8, True), (b"Info", 8, True), (b"VBRI", 14, False)):
        at = frame.find(mark, 4, 200)
        if at >= 0 and (not flagged or frame[at + 7] & 1):
            return int(struct.unpack_from(">I", frame, at + offset)[0])
    return 0


def _mp4(file: BinaryIO, size: int) -> Sound:
    """moov/mvhd has the length, moov/trak/tkhd the size of the picture and how it is turned."""
    duration: float | None = None
    width = height = None
    for name, start, end in _boxes(file, 0, size, {b"moov", b"trak"}):
        file.seek(start)
        body = file.read(min(end - start, 120))
        wide = body[:1] == b"\x01"
        if name == b"mvhd":
            scale, length = struct.unpack_from(">IQ" if wide else ">II", body, 20 if wide else 12)
            duration = length / scale
        elif name == b"tkhd" and not width:
            at = 88 if wide else 76
            across, down = (value >> 16 for value in struct.unpack_from(">II", body, at))
            turned = struct.unpack_from(">i", body, at - 36)[0] == 0  # the matrix begins with 0: a quarter turn
            if across and down:
                width, height = (down, across) if turned else (across, down)
    return Sound(duration=duration, width=width, height=height)


def _boxes(file: BinaryIO, start: int, end: int, inside: set[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """(name, begin, end) of the boxes' contents, those of `inside` opened up."""
    ends, place = [end], start
    for _ in range(_BOXES):
        while ends and place + 8 > ends[-1]:
            place = ends.pop()
        if not ends:
            return
        file.seek(place)
        length, name = struct.unpack(">I4s", file.read(8))
        header = 8
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
            header = 16
        close = min(place + length, ends[-1]) if length else ends[-1]
        if close < place + header:
            return
        if name in inside:
            ends.append(close)
            place += header
            continue
        yield name, place + header, close
        place = close
