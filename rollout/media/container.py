"""Video files, opened: their packets and their frames. Whatever is wrong with a file becomes a `MediaError` that names it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from rewards.files import why_unreadable
from rollout.media.medium import Kind, MediaError, Medium

_FLAGS: Any = av.format.Flags
VideoPacket: TypeAlias = "av.Packet[VideoStream]"

THREADS = 2
"""Threads that decode one large video: more of them gain little, since files are decoded side by side."""
SMALL = 320 * 240
"""Pixels up to which starting a thread takes longer than it saves."""


def decoder_version() -> str:
    """What decodes videos here: PyAV and the FFmpeg libraries that it brings."""
    versions = {name: av.library_versions[name] for name in ("libavformat", "libavcodec", "libswscale")}
    libraries = ", ".join(f"{name} {'.'.join(map(str, version))}" for name, version in versions.items())
    return f"PyAV {av.__version__} with {libraries}"


@contextmanager
def opened_video(medium: Medium) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The file's container and its video; every fault in the block becomes a `MediaError`."""
    name = medium.path
    try:
        # a playlist may name files, but nothing that lies elsewhere
        with av.open(source(medium), "r", options={"protocol_whitelist": "file"}) as container:
            yield container, _video_of(name, container)
    except (av.FFmpegError, ValueError, OSError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise MediaError(f"{name}: is not a readable video ({reason}); re-encode it or remove its rows") from error


def source(medium: Medium) -> str | io.BytesIO:
    """What to open; raises `MediaError` if there is no such file."""
    if medium.content:
        return io.BytesIO(medium.content)
    check_file(medium.path, medium.kind)
    return medium.path


def check_file(name: str, kind: Kind) -> None:
    """Raise `MediaError` unless there is such a file."""
    path = Path(name)
    try:
        if path.is_file():
            return
    except OSError as error:
        raise MediaError(f"{path}: {why_unreadable(path, error)}") from error
    found = "is a folder, not a file" if path.is_dir() else f"no such {kind} file"
    raise MediaError(f"{path}: {found}; check the row's `{kind}s` and `data.media_root`")


def keeps_times(container: InputContainer) -> bool:
    """Whether the container tells when frames are shown; AVI and bare streams have their frames follow one another."""
    return container.format.name != "avi" and not container.format.flags & _FLAGS.no_timestamps.value


def sets_clocks_anew(container: InputContainer) -> bool:
    """Whether time stamps may jump: those of broadcasts do."""
    return bool(container.format.flags & _FLAGS.ts_discont.value)


def packets_of(container: InputContainer, stream: VideoStream) -> Iterator[VideoPacket]:
    """The video's packets, up to where the file breaks off. Those that only set up the decoder (`is_discard`) are among them."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except IndexError:  # PyAV's, for a packet of a stream that begins later
            packets = container.demux(stream)
        except (StopIteration, av.FFmpegError):
            return
        else:
            if packet.size:  # the last one is empty
                yield packet


def frames_of(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    """The frames that the video shows, in that order. What cannot be decoded is passed over."""
    large = stream.width * stream.height > SMALL
    stream.codec_context.thread_count = THREADS if large else 1
    stream.thread_type = "AUTO" if large else "NONE"
    for packet in packets_of(container, stream):
        yield from decoded(stream, packet)
    yield from decoded(stream, None)


def decoded(stream: VideoStream, packet: VideoPacket | None) -> list[av.VideoFrame]:
    """The frames that a packet completes, or for None those that the decoder still holds; without damaged ones."""
    try:
        return [frame for frame in stream.decode(packet) if not frame.is_corrupt]
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        return []


def _video_of(name: str, container: InputContainer) -> VideoStream:
    """The container's first video that is not a cover picture."""
    if container.format.name == "tty":  # FFmpeg draws text files by their name
        raise MediaError(f"{name}: is a text file, not a video; replace it or remove its rows")
    streams = [one for one in container.streams.video if not one.disposition & av.stream.Disposition.attached_pic]
    if not streams:
        raise MediaError(f"{name}: the file has no video stream; replace it or remove its rows")
    if streams[0].codec_context is None:
        raise MediaError(f"{name}: its video has a codec that is not known; re-encode it or remove its rows")
    return streams[0]
