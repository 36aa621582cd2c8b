"""Make a recording a voice note: Opus in Ogg, one channel. Needs PyAV (`av`), which brings FFmpeg's libraries with it."""

import importlib
import io
from functools import cache
from typing import Any

_RATE, _BITS_PER_SECOND = 48_000, 32_000
_LONGEST = 3600
"""Seconds of sound that are converted; nobody listens to more, and it costs a processor."""

_OTHER_CODECS = (b"\x01vorbis", b"Speex", b"FLAC", b"theora")


class CannotConvert(Exception):
    """This recording cannot be made a voice note; the message says what to do about it."""


def is_voice(content: bytes) -> bool:
    """Whether it is a voice note already: Ogg pages, the first of which opens a one-channel Opus stream (RFC 7845)."""
    return _opus_channels(content) == 1


def may_be_voice(content: bytes) -> bool:
    """Whether a phone may play it as one: Opus of any number of channels, or Ogg pages that do not say what they hold."""
    named = any(codec in content[:128] for codec in _OTHER_CODECS)
    return content.startswith(b"OggS") and (_opus_channels(content) > 0 or not named)


def _opus_channels(content: bytes) -> int:
    head = content[:128].find(b"OpusHead")
    return content[head + 9] if content.startswith(b"OggS") and 0 < head < len(content) - 9 else 0


def to_voice(content: bytes) -> bytes:
    """The recording as a voice note. Raises CannotConvert."""
    av = _library()
    try:
        return _converted(av, content)
    except (av.FFmpegError, ValueError, IndexError, OverflowError) as error:
        raise CannotConvert("the recording cannot be read; record it again, or send it as a file") from error


@cache
def _library() -> Any:
    """PyAV, or CannotConvert. `Any`: it is not there in every installation."""
    try:
        return importlib.import_module("av")
    except ImportError:
        raise CannotConvert(
            "this installation cannot convert recordings; send it as a file, or have PyAV installed (pip install av)"
        ) from None


def _converted(av: Any, content: bytes) -> bytes:
    made = io.BytesIO()
    with av.open(io.BytesIO(content)) as source, av.open(made, "w", format="ogg") as target:
        stream = target.add_stream("libopus", rate=_RATE, layout="mono")
        stream.bit_rate = _BITS_PER_SECOND
        resampler = av.AudioResampler(format="s16", layout="mono", rate=_RATE, frame_size=_RATE // 50)
        for frame in source.decode(audio=0):
            if frame.time is not None and frame.time > _LONGEST:
                raise ValueError("too long")
            for piece in resampler.resample(frame):
                target.mux(stream.encode(piece))
        for piece in resampler.resample(None):
            target.mux(stream.encode(piece))
        target.mux(stream.encode(None))
    return made.getvalue()
