"""The section `data`: rows, their media, and the faces that are drawn where there are none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

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
class DataSetConfig:
    """One of several data sets that a run draws from."""

    directory: str | None = None
    """Folder with the rows of the splits, as data.directory; null where all splits that the set has are named."""
    train: str | None = None
    """Training rows: a file, a folder of files, or a pattern such as `jsons/train/*/full/*.json`."""
    val: str | None = None
    """Rows on which checkpoints are compared, in place of the folder's."""
    test: str | None = None
    """Rows on which the run is measured, in place of the folder's."""
    format: str = "auto"
    """As data.format."""
    format_parameters: dict[str, Any] = field(default_factory=dict)
    """As data.format_parameters."""
    columns: dict[str, str] = field(default_factory=dict)
    """As data.columns."""
    media_root: str | None = None
    """As data.media_root."""
    task: str | None = None
    """Task of the rows that name none; null means `qa`."""


@dataclass
class DataConfig:
    """Rows of train, val and test, and how their media become frames."""

    directory: str = "data/faces"
    """Folder with the rows of the three splits: train, val and test, each .jsonl, .json or .parquet, or a folder of such files;
    or a folder that is laid out like Emo-CFG. Relative to the working directory."""
    train: str | None = None
    """Training rows in place of the folder's: a file, a folder of files, or a pattern such as `rows/*.json`."""
    val: str | None = None
    """Rows on which checkpoints are compared, in place of the folder's."""
    test: str | None = None
    """Rows on which the run is measured, in place of the folder's."""
    sets: dict[str, DataSetConfig] = field(default_factory=dict)
    """Several data sets by name, in place of all settings above; mixes weigh them by their names, or by `name/task`."""
    holdout: float = bounded(0.01, "share", least=0, below=1)
    """Share of the training clips that are held out as val where a data set has no val rows."""
    format: str = "auto"
    """How a row becomes affectree's columns (docs/data.md): the name of a shipped format; `path/file.py:function`, a function of
    one's own; or `auto`, the shipped format that fits the rows."""
    format_parameters: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the function that data.format names."""
    columns: dict[str, str] = field(default_factory=dict)
    """Columns that the rows call otherwise: affectree's name -> theirs, such as `{answer: solution}`."""
    media_root: str | None = None
    """Folder at which relative paths of videos and images start; null means the folder of the row file."""
    faces: FacesConfig | None = None
    """Draws a data set of faces into data.directory if there is none yet; null draws nothing. `data.faces={}` takes the
    defaults."""
    bad_rows: Literal["refuse", "skip"] = "refuse"
    """What a run does about rows that cannot be used: end before it starts, or leave them out and say how many
    (`affectree data check`)."""
    too_long: Literal["refuse", "drop", "fit"] = "refuse"
    """What a run does about rows whose prompt leaves no room for a completion, or that are longer than the model's positions: end
    before it starts, leave them out, or give their media fewer pixels and frames until they fit."""
    fps: float = bounded(2.0, "frames per second", above=0)
    """Frames that are sampled from each second of a video; fewer where that would be more than data.max_frames."""
    min_frames: int = bounded(4, "frames", least=2)
    """Frames of a video at least, as far as it has so many."""
    max_frames: int = bounded(16, "frames", least=2)
    """Frames of a video at most. Counts of frames are even: an odd number means one less."""
    max_pixels: int = bounded(100_352, "pixels", least=28 * 28, words="784 (28 x 28) or more")
    """Height times width of a frame or image at most; larger ones are scaled down."""
    clip_cache_gib: float = bounded(2.0, "GiB", least=0)
    """Memory for decoded clips on each node, which engines and learner ranks there share. Each learner rank keeps as much again
    in processed form, and as much of what a frozen vision side makes of them."""
