"""The section `data`: rows, their media, and the faces that are drawn where there are none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rl.config.fields import bounded


@dataclass
class FacesConfig:
    """The data set of drawn faces that is made where data.directory holds no rows."""

    clips: int = bounded(1024, "clips", least=8)
    """Training clips to draw; val and test get a quarter as many each, but at least 8."""
    seed: int = bounded(0, least=0)
    """Seed of all that is drawn: the same seed gives the same data set."""
    careless: float = bounded(0.0, "share", least=0, most=1)
    """Share of the captioned training rationales that a careless captioner wrote, who mixes up some emotions
    (docs/affective-tree.md, "The drawn faces")."""


@dataclass
class DataConfig:
    """Rows of train, val and test, and how their media become frames."""

    directory: str = "data/faces"
    """Folder with the rows of the three splits: train, val and test, each .jsonl or .parquet. Relative to the working
    directory."""
    train: str | None = None
    """File with the training rows, in place of the folder's."""
    val: str | None = None
    """File with the rows on which checkpoints are compared, in place of the folder's."""
    test: str | None = None
    """File with the rows on which the run is measured, in place of the folder's."""
    format: str = "auto"
    """How a row becomes affectree's columns (docs/data.md): `canonical`, which is ms-swift's form; `path/file.py:function`, a
    function of one's own; or `auto`, the shipped format that fits the file's columns."""
    format_parameters: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the function that data.format names."""
    media_root: str | None = None
    """Folder at which relative paths of videos and images start; null means the folder of the row file."""
    faces: FacesConfig | None = None
    """Draws a data set of faces into data.directory if there is none yet; null draws nothing. `data.faces={}` takes the
    defaults."""
    fps: float = bounded(2.0, "frames per second", above=0)
    """Frames that are sampled from each second of a video; fewer where that would be more than data.max_frames."""
    max_frames: int = bounded(16, "frames", least=2)
    """Frames of a video at most. Counts of frames are even: an odd number means one less."""
    max_pixels: int = bounded(100_352, "pixels", least=28 * 28, words="784 (28 x 28) or more")
    """Height times width of a frame or image at most; larger ones are scaled down."""
    clip_cache_gib: float = bounded(2.0, "GiB", least=0)
    """Memory for decoded clips in each engine and learner rank. Learner ranks keep as much again in processed form."""
