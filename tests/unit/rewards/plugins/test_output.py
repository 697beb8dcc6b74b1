"""What comes out of a pipe, kept to its end."""

from __future__ import annotations

import os
import time
from pathlib import Path

from rewards.plugins.output import KEPT, Output, Transcript


def test_a_transcript_is_taken_once_and_says_what_it_left_out() -> None:
    transcript = Transcript()
    assert transcript.take() == ""
    transcript.add("größe\n".encode())
    assert transcript.take() == "größe\n"
    assert transcript.take() == ""
    for number in range(3):
        transcript.add(bytes([ord("a") + number]) * KEPT)
    transcript.add(b"!")
    assert transcript.take() == f"({2 * KEPT + 1} earlier bytes left out)\n{'c' * (KEPT - 1)}!"
    transcript.add(b"\xff")
    assert transcript.take() == "�"


def test_what_was_written_before_is_there_at_once() -> None:
    ours, theirs = os.pipe()
    transcript = Transcript()
    output = Output(ours, transcript)
    for number in range(200):
        os.write(theirs, b"%d\n" % number)
        output.catch_up()
        assert transcript.take() == f"{number}\n"
    os.close(theirs)


def test_more_than_a_pipe_holds_is_read_as_it_comes_and_the_end_is_its_own() -> None:
    ours, theirs = os.pipe()
    transcript = Transcript()
    output = Output(ours, transcript)
    os.write(theirs, b"x" * 1_000_000 + b"end")  # would wait for ever if nobody read
    output.catch_up()
    assert transcript.take().endswith("end")
    assert output.last == b"x" * 497 + b"end"
    os.close(theirs)
    deadline = time.monotonic() + 10
    while Path(f"/proc/self/fd/{ours}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    output.catch_up()  # of a pipe that has ended
    assert transcript.take() == ""
    assert not Path(f"/proc/self/fd/{ours}").exists()
