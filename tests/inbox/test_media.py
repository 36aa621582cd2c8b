"""What a file really is, how large a picture, how long a sound; and that no stranger's file can break or betray anything."""

import io
import struct
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest
from PIL import Image

from inbox.files import Limits
from inbox.media import pictures, sound
from inbox.media.recognise import INLINE, kind_of, real_mime
from tests.inbox import media

HTML = b"<html><script>alert(1)</script>"
EXE = b"MZ\x90\x00" + b"\0" * 60


@pytest.mark.parametrize(
    ("content", "told", "name", "expected"),
    [
        pytest.param(media.picture("PNG"), "", "", "image/png", id="png"),
        pytest.param(media.picture("WEBP"), "image/jpeg", "", "image/webp", id="webp called jpeg"),
        pytest.param(media.picture("AVIF"), "", "", "image/avif", id="avif"),
        pytest.param(media.picture("GIF"), "text/html", "x.html", "image/gif", id="gif called html"),
        pytest.param(HTML, "image/png", "a.png", "application/octet-stream", id="html called png"),
        pytest.param(HTML, "", "voice.mp3", "application/octet-stream", id="html with a sound's name"),
        pytest.param(HTML, "text/html", "", "text/html", id="html"),
        pytest.param(EXE, "image/jpeg", "cat.jpg", "application/x-msdownload", id="program called jpeg"),
        pytest.param(b"\x7fELF\2\1\1" + b"\0" * 60, "", "", "application/x-executable", id="linux program"),
        pytest.param(b"\xcf\xfa\xed\xfe" + b"\0" * 60, "audio/ogg", "", "application/x-mach-binary", id="mac program"),
        pytest.param(media.opus(1), "audio/ogg; codecs=opus", "", "audio/ogg", id="voice note"),
        pytest.param(media.opus(1), "application/ogg", "", "audio/ogg", id="ogg by its old name"),
        pytest.param(media.mp4(1), "video/mp4", "", "video/mp4", id="film"),
        pytest.param(media.mp4(1), "audio/mp4", "", "audio/mp4", id="sound in a film's container"),
        pytest.param(media.wav(0.1), "audio/x-wav", "", "audio/wav", id="wav"),
        pytest.param(media.mp3(2), "", "", "audio/mpeg", id="mp3"),
        pytest.param(b"\xff\xfa\x90\x00" + b"\0" * 500, "audio/mpeg", "", "audio/mpeg", id="mp3 with checksums"),
        pytest.param(media.mp3(2, tagged=True), "application/octet-stream", "", "audio/mpeg", id="mp3 behind a tag"),
        pytest.param(b"\xff\xf1\x50\x80" + b"\0" * 60, "", "", "audio/aac", id="aac"),
        pytest.param(media.amr(3), "", "", "audio/amr", id="amr"),
        pytest.param(
            b"PK\x03\x04" + b"\0" * 60, "application/vnd.ms-excel", "", "application/vnd.ms-excel", id="archive of office"
        ),
        pytest.param(b"%PDF-1.7\n", "image/png", "", "application/pdf", id="pdf called png"),
        pytest.param(b"hello", "text/plain; charset=utf-8", "", "text/plain", id="text"),
        pytest.param(b"hello", "", "notes.txt", "text/plain", id="by name"),
        pytest.param(b"<svg/>", "image/svg+xml", "", "image/svg+xml", id="svg"),
        pytest.param(b"", "", "", "application/octet-stream", id="nothing"),
    ],
)
def test_a_type_is_what_the_bytes_say(content: bytes, told: str, name: str, expected: str) -> None:
    assert real_mime(content, told, name) == expected


def test_nothing_that_can_run_is_shown_in_place() -> None:
    assert not {mime for mime in INLINE if kind_of(mime) == "file" or "svg" in mime or "html" in mime or "xml" in mime}


@pytest.mark.parametrize(
    ("size", "mime", "words"),
    [
        (10, "image/png", ""),
        (2_000_000, "image/png", "The file is too large to keep: 1.9 MB, at most 1 MB are kept"),
        (10, "video/webm", "Files of this type are not kept: video/webm"),
        (10, "application/x-msdownload", "Files of this type are not kept: application/x-msdownload"),
    ],
)
def test_what_is_not_kept_is_said_in_words(size: int, mime: str, words: str) -> None:
    assert Limits(size=1024**2, refused=("application/x-msdownload", "video/*")).objection(size, mime) == words


def kept(folder: Path, content: bytes) -> Path:
    path = folder / "content"
    path.write_bytes(content)
    return path


def thumbnail(found: pictures.Picture) -> Image.Image:
    assert found.thumbnail is not None
    return Image.open(io.BytesIO(found.thumbnail))


FORMATS = [
    ("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "I;16"), ("PNG", "1"), ("GIF", "P"),
    ("WEBP", "RGBA"), ("BMP", "RGB"), ("AVIF", "RGB"), ("MPO", "RGB"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "mode"), FORMATS)
def test_every_format_gets_a_small_picture(tmp_path: Path, form: str, mode: str) -> None:
    found = pictures.look(kept(tmp_path, media.picture(form, (1200, 600), mode, 0)))
    assert (found.width, found.height) == (1200, 600)
    assert thumbnail(found).size == (480, 240) and thumbnail(found).format == "WEBP"


def test_what_is_see_through_stays_so(tmp_path: Path) -> None:
    small = thumbnail(pictures.look(kept(tmp_path, media.picture("PNG", (20, 20), "RGBA", (255, 0, 0, 0)))))
    assert small.mode == "RGBA" and small.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("orientation", "size", "blue"),
    [(1, (60, 40), (5, 20)), (3, (60, 40), (55, 20)), (6, (40, 60), (20, 5)), (8, (40, 60), (20, 55)), (2, (60, 40), (55, 20))],
)
def test_a_photo_stands_upright(tmp_path: Path, orientation: int, size: tuple[int, int], blue: tuple[int, int]) -> None:
    found = pictures.look(kept(tmp_path, media.photo(orientation)))
    small = thumbnail(found).convert("RGB")
    assert (found.width, found.height) == size == small.size
    red, _, at = small.getpixel(blue)  # type: ignore[misc]
    assert at > 150 > red, "the blue half is where a viewer would show it"


def test_a_small_picture_says_nothing_of_place_and_camera(tmp_path: Path) -> None:
    large = media.photo(6)
    assert b"CameraMaker" in large
    found = pictures.look(kept(tmp_path, large))
    assert found.thumbnail and b"CameraMaker" not in found.thumbnail and b"EXIF" not in found.thumbnail
    assert not thumbnail(found).getexif() and not {"exif", "icc_profile", "xmp"} & thumbnail(found).info.keys()


def test_an_animation_shows_its_first_moment(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (30, 30), color) for color in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=50)
    red, _, blue = thumbnail(pictures.look(kept(tmp_path, out.getvalue()))).convert("RGB").getpixel((9, 9))  # type: ignore[misc]
    assert red > 200 > blue


@pytest.mark.parametrize(
    ("content", "size"),
    [
        pytest.param(media.bomb(60_000, 60_000), (60_000, 60_000), id="a bomb"),
        pytest.param(media.bomb(2**31 - 1, 2**31 - 1), None, id="a bomb that no format allows"),
        pytest.param(media.picture("PNG", (300, 300))[:-60], (300, 300), id="cut off"),
        pytest.param(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 50, None, id="heic, which nothing here reads"),
        pytest.param(b"\x89PNG\r\n\x1a\n", None, id="only a beginning"),
        pytest.param(media.picture("TIFF"), None, id="tiff, not on the list"),
        pytest.param(HTML, None, id="no picture"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_a_picture_that_cannot_be_shown_breaks_nothing(tmp_path: Path, content: bytes, size: tuple[int, int] | None) -> None:
    found = pictures.look(kept(tmp_path, content))
    assert found.thumbnail is None
    assert size is None or (found.width, found.height) == size


def test_a_broken_orientation_costs_only_itself(tmp_path: Path) -> None:
    broken = media.picture("JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert thumbnail(pictures.look(kept(tmp_path, broken))).size == (60, 40)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(media.opus(3.5), (3.5, None, None), id="opus"),
        pytest.param(media.vorbis(2), (2.0, None, None), id="vorbis"),
        pytest.param(media.wav(1.25), (1.25, None, None), id="wav"),
        pytest.param(media.mp3(100), (2.61, None, None), id="mp3 of one bit rate"),
        pytest.param(media.mp3(1000, xing=True), (26.12, None, None), id="mp3 that counts its frames"),
        pytest.param(media.mp3(100, tagged=True), (2.61, None, None), id="mp3 behind a tag"),
        pytest.param(media.flac(4), (4.0, None, None), id="flac"),
        pytest.param(media.amr(50), (1.0, None, None), id="amr"),
        pytest.param(media.mp4(7.5), (7.5, None, None), id="sound as mp4"),
        pytest.param(media.mp4(2, (640, 360)), (2.0, 640, 360), id="film"),
        pytest.param(media.mp4(2, (640, 360), turned=True), (2.0, 360, 640), id="film held upright"),
        pytest.param(media.opus(3)[:40], (None, None, None), id="cut off"),
        pytest.param(b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 5, (None, None, None), id="wav without sound"),
        pytest.param(b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", 2**32 - 1), (None, None, None), id="wav that lies"),
        pytest.param(
            media.box(b"ftyp", b"isom" * 4) + struct.pack(">I4s", 4, b"moov") * 9, (None, None, None), id="box too small"
        ),
        pytest.param(media.mp4(10**6), (None, None, None), id="longer than anybody speaks"),
        pytest.param(b"", (None, None, None), id="nothing"),
    ],
)
def test_a_sound_says_how_long_it_is(
    tmp_path: Path, content: bytes, expected: tuple[float | None, int | None, int | None]
) -> None:
    found = sound.look(kept(tmp_path, content))
    assert (found.duration, found.width, found.height) == expected


_BEGINNINGS = [
    b"",
    b"OggS",
    b"RIFF\0\0\0\0WAVE",
    b"fLaC",
    b"#!AMR\n",
    b"\0\0\0\x08ftyp",
    b"ID3",
    b"\xff\xfb\x90\x00",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
]


@hypothesis.given(st.sampled_from(_BEGINNINGS), st.binary(max_size=300))
@hypothesis.settings(max_examples=150, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_no_bytes_break_a_reader(tmp_path: Path, beginning: bytes, rest: bytes) -> None:
    path = kept(tmp_path, beginning + rest)
    sound.look(path)
    pictures.look(path)
    real_mime(beginning + rest, "audio/mpeg", "x.mp3")
