"""Before any actor starts: data that is drawn if it is missing, rows that are checked, a model to begin with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from rewards.plugins.spec import FunctionSpec
from rl.config.model_check import check_judge_model, check_model
from rl.config.schema import Config, FacesConfig
from rl.record.console import say, warn
from rl.record.time_left import phase
from rl.run.task_check import check_tasks, unused_patterns
from rollout.faces.dataset import make_faces
from rollout.mixing import spread
from rollout.rows import RowData, RowError, open_rows

_TOKENIZER_ROWS = 4000


@dataclass(frozen=True)
class Splits:
    """The rows of a run."""

    train: RowData
    val: RowData
    test: RowData

    @property
    def most_media(self) -> dict[str, int]:
        """The most videos and the most images that any row has."""
        counts = [split.most_media for split in (self.train, self.val, self.test)]
        return {kind: max(count[kind] for count in counts) for kind in counts[0]}


def prepare_data(config: Config) -> Splits:
    """Open and check all splits, drawing the data set first where the config asks for it and it is not there.

    Models are asked for first, where they are the hub's, so that nothing is drawn for a run that cannot begin.

    Raises:
        ModelError: if the model cannot be had.
        RowError: for the first file or row that cannot be used, or the first mix that asks for what is not there.
        PluginError: if the function that reads the rows cannot be loaded.
        TaskError: if evaluation or scorers do not fit the rows.
    """
    check_model(config.model)
    check_judge_model(config.rewards.judge)
    data = config.data
    folder = Path(data.directory)
    if data.faces is not None and data.train is None and not _split_file(folder, "train"):
        _draw(folder, data.faces)
    root = Path(data.media_root) if data.media_root else None
    row_format = FunctionSpec(data.format, data.format_parameters)
    opened = {}
    for split in ("train", "val", "test"):
        named = getattr(data, split)
        file = Path(named) if named else _split_file(folder, split)
        if file is None:
            raise RowError(f"{folder}: {_missing(folder, split)}; check data.directory or set data.{split}")
        opened[split] = open_rows(file, root, row_format)
    for line in (*check_tasks(config, **opened), *unused_patterns(config, *opened.values())):
        warn(line)
    return Splits(**opened)


def _draw(folder: Path, faces: FacesConfig) -> None:
    """Draw the data set, unless another run that was at it has done so."""
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if _split_file(folder, "train"):
            return
        say(f"drawing {faces.clips} training clips into {folder}")
        clips = faces.clips + 2 * max(8, faces.clips // 4)
        with phase("draw", clips) as shown:
            report = make_faces(folder, faces.clips, faces.seed, faces.careless, lambda split, done: shown.step())
    say(f"drew {sum(report.clips.values())} clips, {sum(report.rows.values())} rows")


def named_model(config: Config) -> str | None:
    """The checkpoint that the config names, or None where a tiny one is to be built."""
    if config.model.init == "tiny":
        return None
    assert config.model.path is not None
    folder = Path(config.model.path).expanduser()
    return str(folder) if folder.exists() else config.model.path


def tokenizer_texts(rows: RowData) -> list[str]:
    """Texts to train a tiny model's tokenizer on: questions and replies of rows of every kind."""
    chosen = [rows[index] for index in spread(range(len(rows)), _TOKENIZER_ROWS)]
    return [text for row in chosen for text in (row.question, row.reference) if text]


def _missing(folder: Path, split: str) -> str:
    """What is there instead of a split's file."""
    if not folder.is_dir():
        return "is a file, not a folder" if folder.exists() else "no such folder"
    others = sorted(file.name for file in folder.glob(f"{split}.*"))
    return f"holds no {split}.jsonl or {split}.parquet" + (f", but {', '.join(others[:3])}" if others else "")


def _split_file(folder: Path, split: str) -> Path | None:
    return next((f for f in (folder / f"{split}.jsonl", folder / f"{split}.parquet") if f.is_file()), None)
