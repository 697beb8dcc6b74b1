"""Before any actor starts: data that is drawn if it is missing, rows that are checked, a model to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from rl.config.data_sets import data_sets
from rl.config.model_check import check_judge_model, check_model
from rl.config.schema import Config, DataConfig, FacesConfig
from rl.record.console import say, warn
from rl.record.time_left import phase
from rl.run.imitation import imitable
from rl.run.task_check import check_tasks, unused_patterns
from rollout.faces.dataset import make_faces
from rollout.rows.content import Content
from rollout.rows.data import RowData
from rollout.rows.files import split_files
from rollout.rows.mixing import spread
from rollout.rows.progress import Telling
from rollout.rows.rejects import counts_by_kind, read_rejects, write_rejects
from rollout.rows.sets import open_sets

_TOKENIZER_ROWS = 4000
_KINDS_TOLD = 5
"""Reasons for leaving out rows that are told; the rejects file has all."""


@dataclass(frozen=True)
class Splits:
    """The rows of a run."""

    train: RowData
    val: RowData
    test: RowData
    files: RowData | None = None
    """The rows of all files of the run's data sets, each once; None for splits that were put together otherwise."""
    contents: Mapping[str, Content] = field(default_factory=dict)
    """What the files of each split hold."""

    @property
    def most_media(self) -> dict[str, int]:
        """The most videos and the most images that any row has."""
        counts = [split.most_media for split in (self.train, self.val, self.test)]
        return {kind: max(count[kind] for count in counts) for kind in counts[0]}


def prepare_data(config: Config, begun: bool = False) -> Splits:
    """Open and check all splits. For a new run the data set is drawn first where the config asks for it and it is not there.

    Models are asked for first, where they are the hub's, so that nothing is drawn for a run that cannot begin.

    Args:
        config: the run's.
        begun: it goes on with what it began with, so that nothing is drawn.

    Raises:
        ModelError: if the model cannot be had.
        RowError: if a split has no rows, a mix asks for what is not there, or rows cannot be used and are not to be left out.
        PluginError: if the function that reads the rows cannot be loaded.
        TaskError: if evaluation or scorers do not fit the rows.
    """
    check_model(config.model)
    check_judge_model(config.rewards.judge)
    if not begun:
        draw_faces(config.data)
    opened = open_sets(data_sets(config.data), config.data.holdout, Telling(say, warn, phase))
    if config.data.bad_rows == "refuse":
        opened.files.refuse_rejects()
    elif opened.files.rejected:
        warn(f"{opened.files.rejected} rows are left out: {_by_kind(opened.files)}")
    for note, count in opened.files.notes.items():
        warn(f"{count} rows {note}")
    found = (imitable(config, opened.train), opened.val, opened.test)
    for line in (*check_tasks(config, *found), *unused_patterns(config, *found)):
        warn(line)
    return Splits(*found, opened.files, opened.contents)


def record_rejects(splits: Splits, file: Path) -> None:
    """Write into a run's folder which rows it leaves out, if any; told if these are others than when the run began."""
    if splits.files is None or not (splits.files.rejected or file.is_file()):
        return
    rejects = list(splits.files.rejects())
    if file.is_file() and {(one.file, one.row) for one in read_rejects(file)} != {(one.file, one.row) for one in rejects}:
        warn(f"other rows are left out than when the run began ({file}), so that rows come in another order from here on")
    write_rejects(file, rejects)


def draw_faces(data: DataConfig) -> None:
    """Draw the data set of faces, where the config asks for it and there is none."""
    folder = Path(data.directory)
    if data.faces is not None and data.train is None and not data.sets and not split_files(folder, "train"):
        _draw(folder, data.faces)


def _draw(folder: Path, faces: FacesConfig) -> None:
    """Draw the data set, unless another run that was at it has done so."""
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if split_files(folder, "train"):
            return
        say(f"drawing {faces.clips} training clips into {folder}")
        clips = faces.clips + 2 * max(8, faces.clips // 4)
        with phase("draw", clips) as shown:
            report = make_faces(folder, faces.clips, faces.seed, faces.careless, lambda split, done: shown.step())
    say(f"drew {sum(report.clips.values())} clips, {sum(report.rows.values())} rows")


def _by_kind(rows: RowData) -> str:
    """How many rows cannot be used for which reason."""
    counts = counts_by_kind(rows.rejects())
    told = [f"{count} {kind}" for kind, count in list(counts.items())[:_KINDS_TOLD]]
    return "; ".join([*told, *([f"{len(counts) - _KINDS_TOLD} other reasons"] if len(counts) > _KINDS_TOLD else [])])


def named_model(config: Config) -> str | None:
    """The checkpoint that the config names, or None where a tiny one is to be built."""
    if config.model.init == "tiny":
        return None
    assert config.model.path is not None
    folder = Path(config.model.path).expanduser()
    return str(folder) if folder.exists() else config.model.path


def tokenizer_texts(rows: RowData) -> list[str]:
    """Texts to train a tiny model's tokenizer on: questions and replies of rows of every kind."""
    chosen = rows.only(spread(range(len(rows)), _TOKENIZER_ROWS))
    return [text for row in chosen for text in (row.question, row.reference) if text]
