"""Decoding of files that nobody has looked at yet, in processes of its own: a file that crashes the decoder, takes for ever or
fills the memory ends such a process, and is told by its name."""

from __future__ import annotations

import contextlib
import multiprocessing
import resource
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from queue import LifoQueue

from rollout.media.decoding import decode
from rollout.media.medium import ClipSpec, MediaError, Medium, Shape


class Decoders:
    """Worker processes that decode. Threads may share it: each call takes a worker, and waits for one if none is free."""

    def __init__(self, workers: int = 1, timeout: float = 120.0, memory_gib: float = 4.0) -> None:
        """
        Args:
            workers: processes; each starts when it is first needed.
            timeout: seconds that a file may take.
            memory_gib: memory that decoding a file may take.
        """
        self._workers = [_Worker(timeout, memory_gib) for _ in range(workers)]
        self._free: LifoQueue[_Worker] = LifoQueue()
        for worker in self._workers:
            self._free.put(worker)

    def look(self, medium: Medium, spec: ClipSpec) -> Shape:
        """Decode a medium, and return the shape of its frames with all notes.

        Raises:
            MediaError: as `decode` does; also if the file crashes the decoder, takes too long or too much memory.
        """
        worker = self._free.get()
        try:
            return worker.look(medium, spec)
        finally:
            self._free.put(worker)

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.stop()

    def __enter__(self) -> Decoders:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Worker:
    """One process, which is replaced when it is lost."""

    def __init__(self, timeout: float, memory_gib: float) -> None:
        self.timeout, self.memory_gib = timeout, memory_gib
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    def look(self, medium: Medium, spec: ClipSpec) -> Shape:
        try:
            pipe = self._pipe or self._start()
            pipe.send((medium, spec))
            if not pipe.poll(self.timeout):
                self.stop()
                raise MediaError(f"{medium.path}: takes more than {self.timeout:g} s to decode; re-encode it or remove its rows")
            found: Shape | MediaError = pipe.recv()
        except (EOFError, OSError) as error:
            self.stop()
            raise MediaError(f"{medium.path}: crashes the decoder; re-encode it or remove its rows") from error
        if isinstance(found, MediaError):
            raise found
        return found

    def stop(self) -> None:
        if self._process is not None and self._pipe is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
        self._process = self._pipe = None

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, self.memory_gib), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe.recv()  # once everything is imported
        return self._pipe


def _work(pipe: Connection, memory_gib: float) -> None:
    """Decode what is sent, until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # which the terminal sends to the whole group; the pipe ends soon enough
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most = held + int(memory_gib * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    with contextlib.suppress(EOFError):
        pipe.send("ready")
        while True:
            medium, spec = pipe.recv()
            pipe.send(_looked_at(medium, spec, memory_gib))


def _looked_at(medium: Medium, spec: ClipSpec, memory_gib: float) -> Shape | MediaError:
    try:
        clip = decode(medium, spec)
    except MemoryError:
        return MediaError(f"{medium.path}: takes more than {memory_gib:g} GiB to decode; re-encode it or remove its rows")
    except MediaError as error:
        return MediaError(str(error))
    frames, height, width, _ = clip.frames.shape
    return Shape(frames, height, width, clip.fps, clip.notes)
