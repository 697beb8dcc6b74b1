"""`affectree reason` as the README has it, about clips as people have them: a film, a phone's, and one that is not there."""

from __future__ import annotations

import os
import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.integration.ray_head import BIN

pytestmark = pytest.mark.timeout(400)
QUARTER_TURN = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
"""A display matrix by which what is stored lying is shown upright (ISO/IEC 14496-12, 6.2.2)."""


def film(file: Path, seconds: float) -> None:
    """A clip of 1280 x 720 pixels and 30 frames a second."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(30), options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for number in range(round(30 * seconds)):
            frame = av.VideoFrame.from_ndarray(np.roll(noise, 8 * number, axis=1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def turn(file: Path) -> None:
    """Have an mp4's picture shown upright, as phones do: its track header is given another display matrix."""
    content = bytearray(file.read_bytes())
    header = content.index(b"tkhd") + 4
    assert content[header] == 0, "of version 0, whose matrix is at byte 40"
    content[header + 40 : header + 76] = struct.pack(">9i", *QUARTER_TURN)
    file.write_bytes(content)


def reason(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "RAY_ADDRESS": "local", "COLUMNS": "150"}
    command = [str(BIN / "affectree"), "reason", *words]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)


def test_a_film_a_phones_clip_and_a_missing_file(tmp_path: Path, tiny_model: Path) -> None:
    film(tmp_path / "film.mp4", 5.0)
    film(tmp_path / "phone.mp4", 2.0)
    turn(tmp_path / "phone.mp4")
    clips = ("film.mp4", "gone.mp4", "phone.mp4")
    done = reason(tmp_path, *clips, "--model", str(tiny_model), "--width", "2", "--max-model-len", "512", "--seed", "1")
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert done.returncode == 1, said
    titles = [said.index(f"─ {clip} ─") for clip in ("film.mp4", "phone.mp4")]
    assert titles == sorted(titles)
    assert said.count("kept") >= 2
    (missing,) = [line for line in said.splitlines() if "gone.mp4: " in line]
    assert "gone.mp4: no such file; check the path" in missing
    assert "2 of 3 clips were answered; not gone.mp4" in said
    (cut,) = [line for line in said.splitlines() if "film.mp4: its prompt of " in line]
    assert "of which 256 fit" in cut
    assert "instead of 10 frames of 420 x 224 pixels" in cut
    (cut,) = [line for line in said.splitlines() if "phone.mp4: its prompt of " in line]
    assert "instead of 4 frames of 224 x 420 pixels" in cut  # upright


def test_without_a_clip_to_look_at_nothing_is_started(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "notes.mp4").write_text("Not a clip.")
    done = reason(tmp_path, "gone.mp4", "notes.mp4", "--model", str(tiny_model))
    said = done.stdout + done.stderr
    assert done.returncode == 2
    assert said.startswith("error: gone.mp4: no such file; check the path; notes.mp4: is not a readable video")
