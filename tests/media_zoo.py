"""Makes videos that are odd or broken, each with what is to become of it: `python -m tests.media_zoo FOLDER`."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

WIDTH, HEIGHT, RATE = 64, 48, 25


@dataclass(frozen=True)
class Exhibit:
    """A file of the zoo."""

    name: str
    make: Callable[[Path], None]
    refused: str = ""
    """What the message says about it, a regular expression; empty where it becomes frames."""
    notes: tuple[str, ...] = ()
    """What is told about it, regular expressions in order."""
    upright: Callable[[np.ndarray], np.ndarray] = lambda stored: stored
    """A stored picture (H, W, 3) -> as it is shown."""
    size: tuple[int, int] = (WIDTH, HEIGHT)
    """Width and height of its frames, before they are turned."""
    tick: float = 0.0
    """Seconds between two frames where the container keeps no times; 0 where it does."""


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """The frame of that number, uint8 (H, W, 3): brighter to the right in red and downwards in green; blue tells the number."""
    red, green = np.linspace(0, 255, width), np.linspace(0, 255, height)
    layers = np.broadcast_arrays(red[None], green[:, None], np.array([[number * 53 % 256.0]]))
    return np.stack(layers, axis=-1).astype(np.uint8)


def encode(
    path: Path | io.BytesIO,
    pictures: Sequence[np.ndarray],
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    *,
    rate: int = RATE,
    stamps: Sequence[int] = (),
    gop: int = 12,
    b_frames: int = 2,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    form: str | None = None,
    prepare: Callable[[Any], None] = lambda stream: None,
) -> None:
    """Write a video.

    Args:
        path: where to; its ending names the container, unless `form` does.
        pictures: uint8 (H, W, 3) or (H, W, 4) each.
        stamps: when each is shown in milliseconds; by `rate` if empty.
        options: of the encoder.
        container: options of the container.
        prepare: called with the stream before anything is encoded.
    """
    target: Any = str(path) if isinstance(path, Path) else path
    with av.open(target, "w", format=form, options=container or {}) as file:
        stream: Any = file.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.gop_size = gop
        if codec in ("libx264", "mpeg4", "mpeg2video"):
            stream.codec_context.max_b_frames = b_frames
        if stamps:
            stream.codec_context.time_base = Fraction(1, 1000)
        prepare(stream)
        for number, one in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(one, format="rgba" if one.shape[2] == 4 else "rgb24")
            if stamps:
                frame.pts, frame.time_base = stamps[number], Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def drawn(count: int, width: int = WIDTH, height: int = HEIGHT) -> list[np.ndarray]:
    """The first so many pictures."""
    return [picture(number, width, height) for number in range(count)]


def plain(count: int = 100, **how: Any) -> Callable[[Path], None]:
    """A maker of so many pictures in the container that the file's ending names."""
    return lambda path: encode(path, drawn(count), **how)


def turned(degrees: float, hflip: bool = False, vflip: bool = False) -> Callable[[Path], None]:
    """A maker of a video whose display matrix turns it counter-clockwise, and then mirrors it."""
    return plain(50, prepare=lambda stream: stream.set_display_rotation(degrees, hflip=hflip, vflip=vflip))


def remux(source: Path | bytes, path: Path, stamps: Callable[[int], int], repeat: int = 1) -> None:
    """Write a video's packets, some of them several times over, with new time stamps.

    Args:
        stamps: (number of a frame in the order in which they are shown) -> its time in milliseconds.
        repeat: how many times to write all of them.
    """
    opened: Any = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    with av.open(opened) as given, av.open(str(path), "w") as file:
        packets = [packet for packet in given.demux(given.streams.video[0]) if packet.size]
        stream = file.add_stream_from_template(given.streams.video[0])
        for turn in range(repeat):
            for number, packet in enumerate(packets):
                copy = av.Packet(bytes(packet))
                copy.pts = copy.dts = stamps(turn * len(packets) + number)
                copy.time_base, copy.stream, copy.is_keyframe = Fraction(1, 1000), stream, packet.is_keyframe
                file.mux(copy)


def long_gop(width: int, height: int, form: str = "h264") -> bytes:
    """A second of video without B-frames, which can be repeated."""
    buffer = io.BytesIO()
    encode(buffer, drawn(RATE, width, height), gop=RATE, b_frames=0, form=form, options={"preset": "ultrafast"})
    return buffer.getvalue()


def make_long(path: Path, seconds: int = 60) -> None:
    """A minute at 720p in a container that states no number of frames."""
    gop = io.BytesIO()
    encode(gop, drawn(RATE, 1280, 720), gop=RATE, b_frames=0, form="matroska", options={"preset": "ultrafast"})
    remux(gop.getvalue(), path, lambda number: number * 1000 // RATE, repeat=seconds)


def make_long_bare(path: Path) -> None:
    """60 s at 720p as a bare stream, which has neither times nor a number of frames."""
    path.write_bytes(long_gop(1280, 720) * 60)


def _cut(path: Path) -> None:
    """A second of ten, cut without re-encoding: the edit list begins on the way from one key frame to the next."""
    encode(path, drawn(250), gop=50, b_frames=2)
    file = bytearray(path.read_bytes())
    at = file.index(b"elst")
    _, count, _, _, _ = struct.unpack(">IIIiI", file[at + 4 : at + 24])
    assert count == 1
    scale = struct.unpack(">I", file[(mdhd := file.index(b"mdhd")) + 16 : mdhd + 20])[0]
    file[at + 12 : at + 20] = struct.pack(">Ii", 1000, scale * 130 // RATE)
    path.write_bytes(file)


def _half(path: Path, share: float = 0.5, **how: Any) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (100, HEIGHT, WIDTH, 3), dtype=np.uint8)
    encode(path, list(noise), **how)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def _damaged(path: Path) -> None:
    """Some packets on the way are zeros."""
    _half(path, 1.0, gop=10, b_frames=0, container={"movflags": "faststart"})
    file = bytearray(path.read_bytes())
    middle = len(file) // 2
    file[middle : middle + len(file) // 5] = bytes(len(file) // 5)
    path.write_bytes(file)


def _joined(path: Path, *sizes: tuple[int, int]) -> None:
    """Transport streams, one after another in one file, as recorders put them together."""
    for start, (width, height) in enumerate(sizes):
        part = io.BytesIO()
        encode(part, [picture(25 * start + number, width, height) for number in range(50)], form="mpegts")
        with path.open("ab") as file:
            file.write(part.getvalue())


def _late_key(path: Path) -> None:
    """A broadcast that is joined between two key frames."""
    encode(path, drawn(100), gop=30, b_frames=0)
    packets = [path.read_bytes()[at : at + 188] for at in range(0, path.stat().st_size, 188)]
    path.write_bytes(b"".join(packets[:3] + packets[20:]))


def _sound(path: Path) -> None:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=16_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), dtype=np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16_000
        file.mux(stream.encode(frame))
        file.mux(stream.encode())


def _empty_video(path: Path) -> None:
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.open()
        file.start_encoding()


def _animation(path: Path) -> None:
    shown = [Image.fromarray(one) for one in drawn(12)]
    shown[0].save(path, save_all=True, append_images=shown[1:], duration=[100] * 6 + [300] * 6)


def _turned_picture(path: Path) -> None:
    """A phone's photograph, which its EXIF turns by a quarter."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture(0)).save(path, "jpeg", exif=exif)


def _hdr(stream: Any) -> None:
    stream.codec_context.color_trc, stream.codec_context.color_primaries, stream.codec_context.colorspace = 16, 9, 9


def _wide_pixels(stream: Any) -> None:
    stream.codec_context.sample_aspect_ratio = Fraction(2, 1)


def _transparent(path: Path) -> None:
    alpha = np.full((HEIGHT, WIDTH, 1), 255, dtype=np.uint8)
    alpha[:, : WIDTH // 2] = 0
    encode(path, [np.concatenate([one, alpha], axis=2) for one in drawn(50)], "qtrle", "argb")


def _half_white(stored: np.ndarray) -> np.ndarray:
    shown = stored.copy()
    shown[:, : WIDTH // 2] = 255
    return shown


_X265 = {"x265-params": "log-level=none:bframes=2"}
ZOO = (
    Exhibit("b_frames.mp4", plain()),
    Exhibit("matroska.mkv", plain()),
    Exhibit("vp8.webm", plain(codec="libvpx", options={"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "1"})),
    Exhibit("vp9.webm", plain(codec="libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8"})),
    Exhibit("broadcast.ts", plain()),
    Exhibit("program.mpg", plain(codec="mpeg2video")),
    Exhibit("flash.flv", plain()),
    Exhibit("bare.h264", plain(), tick=1 / RATE),
    Exhibit("xvid.avi", plain(codec="mpeg4"), tick=1 / RATE),
    Exhibit("h264.avi", plain(), tick=1 / RATE),
    Exhibit("motion_jpeg.avi", plain(codec="mjpeg", pix_fmt="yuvj420p"), tick=1 / RATE),
    Exhibit("turned_90.mp4", turned(90), upright=lambda stored: np.rot90(stored)),
    Exhibit("turned_180.mp4", turned(180), upright=lambda stored: np.rot90(stored, 2)),
    Exhibit("turned_270.mp4", turned(270), upright=lambda stored: np.rot90(stored, 3)),
    Exhibit("mirrored.mp4", turned(0, hflip=True), upright=lambda stored: stored[:, ::-1]),
    Exhibit("flipped.mov", turned(0, vflip=True), upright=lambda stored: stored[::-1]),
    Exhibit("turned_mirrored.mp4", turned(90, hflip=True), upright=lambda stored: np.rot90(stored)[:, ::-1]),
    Exhibit("cut.mp4", _cut, notes=(r"states 250 frames and shows 25 \(1\.0 s\)",)),
    Exhibit("variable.mp4", plain(60, stamps=[*range(0, 9000, 500), *range(9000, 9840, 20)], b_frames=0)),
    Exhibit("variable.mkv", plain(60, stamps=[*range(0, 9000, 500), *range(9000, 9840, 20)])),
    Exhibit(
        "half_front.mp4",
        lambda path: _half(path, container={"movflags": "faststart"}),
        notes=(r"states 100 frames and shows \d\d \(\d\.\d s\)",),
    ),
    Exhibit("half_back.mp4", _half, refused="is not a readable video"),
    Exhibit("half.mkv", _half, notes=(r"states 4\.0 s and holds \d\.\d s \(\d\d frames\)",)),
    Exhibit("half.ts", _half),
    Exhibit("damaged.mp4", _damaged, notes=(r"\d+ of \d+ frames cannot be decoded",)),
    Exhibit("zeros.mp4", lambda path: path.write_bytes(bytes(5000)) and None, refused="is not a readable video"),
    Exhibit("nothing.mp4", lambda path: path.touch(), refused="is not a readable video"),
    Exhibit(
        "resized.ts",
        lambda path: _joined(path, (64, 48), (128, 96)),
        notes=("start over", r"several sizes \(64 x 48, 128 x 96\)"),
    ),
    Exhibit("joined.ts", lambda path: _joined(path, (64, 48), (64, 48)), notes=("start over",)),
    Exhibit("late_key.ts", _late_key),
    Exhibit(
        "thin.mp4",
        lambda path: encode(path, drawn(25, 2000, 8)),
        refused=r"has 2000 x 8 pixels, .* more than 200 times its shorter one; crop it",
    ),
    Exhibit("ten_bits.mp4", plain(50, codec="libx265", pix_fmt="yuv420p10le", options=_X265)),
    Exhibit(
        "wide_range.mp4",
        plain(50, codec="libx265", pix_fmt="yuv420p10le", options=_X265, prepare=_hdr),
        notes=(r"high dynamic range \(PQ\)",),
    ),
    Exhibit("sound.mp4", _sound, refused="has no video stream"),
    Exhibit("no_frames.mp4", _empty_video, refused="has no video stream"),
    Exhibit("one_frame.mp4", plain(1), notes=("a single picture",)),
    Exhibit("two_frames.mp4", plain(2)),
    Exhibit("odd_size.mkv", lambda path: encode(path, drawn(50, 63, 47), "ffv1", "yuv444p"), size=(63, 47)),
    Exhibit("large.avi", lambda path: encode(path, drawn(5, 3840, 2160), "mjpeg", "yuvj420p", rate=2), size=(420, 224), tick=0.5),
    Exhibit("wide_pixels.mkv", plain(50, prepare=_wide_pixels), size=(128, 48)),
    Exhibit("really_mp4.avi", lambda path: encode(path, drawn(100), form="mp4")),
    Exhibit("turned_jpeg.mp4", _turned_picture, upright=lambda stored: np.rot90(stored, 3), notes=("a single picture",)),
    Exhibit("really_png.mp4", lambda path: Image.fromarray(picture(0)).save(path, "png"), notes=("a single picture",)),
    Exhibit("text.mp4", lambda path: path.write_text("not a video\n" * 99) and None, refused="is not a readable video"),
    Exhibit("text.txt", lambda path: path.write_text("not a video\n" * 99) and None, refused="is a text file, not a video"),
    Exhibit("moving.gif", _animation),
    Exhibit("moving.webp", _animation, refused="no frames could be decoded"),
    Exhibit("interlaced.ts", plain(options={"flags": "+ildct+ilme", "x264-params": "tff=1"})),
    Exhibit("gray.mkv", plain(codec="ffv1", pix_fmt="gray")),
    Exhibit("transparent.mov", _transparent, upright=_half_white),
    Exhibit("late_start.ts", plain(stamps=[5000 + 40 * number for number in range(100)])),
    Exhibit("late_start.mkv", plain(stamps=[5000 + 40 * number for number in range(100)])),
    Exhibit("late_start.mp4", plain(stamps=[5000 + 40 * number for number in range(100)])),
    Exhibit("same_times.mkv", lambda path: remux(long_gop(WIDTH, HEIGHT), path, lambda number: number // 2 * 100, repeat=3)),
    Exhibit("long.mkv", make_long, size=(420, 224)),
)


def make_zoo(folder: Path) -> dict[str, Path]:
    """Write all files into a folder; returns them by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for exhibit in ZOO:
        exhibit.make(folder / exhibit.name)
    return {exhibit.name: folder / exhibit.name for exhibit in ZOO}


if __name__ == "__main__":
    make_zoo(Path(sys.argv[1]))
