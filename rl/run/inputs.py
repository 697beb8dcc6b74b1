"""What a run is given: rows, a model, functions of the user's own. Noted when it begins, compared when it goes on."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rewards.errors import UserError
from rl.config.schema import Config
from rl.record.console import warn
from rl.record.runs.directory import RunDirectory
from rl.run.preparation import Splits, record_rejects
from rollout.rows.cache import digest
from rollout.rows.content import Content, FileContent, difference

_OF_CHECKPOINT = (".json", ".safetensors", ".bin", ".jinja", ".txt", ".model")
"""Suffixes of the files that a checkpoint is loaded from."""

_MODEL, _JUDGE = "model.path", "rewards.judge.model"
_ANOTHER = {
    _MODEL: "model.path is another checkpoint than the run began with, by its config.json and the sizes of its files",
    _JUDGE: "rewards.judge.model is another model than the run began with, and judges from here on",
}


class OtherInputs(UserError):
    """A run was to go on with other rows, or another model, than it began with."""


def note_inputs(config: Config, directory: RunDirectory, splits: Splits) -> None:
    """Keep what a run begins with. Functions that are others than those of a fork's parent are told and used as they are."""
    record_rejects(splits, directory.rejects_file)
    for line in directory.sources.go_on(config):  # a fork has its parent's
        warn(line)
    directory.remember(data=_contents(splits), models=_models(config))


def compare_inputs(config: Config, directory: RunDirectory, splits: Splits) -> None:
    """Compare what a run is to go on with with what it began with. Functions that have changed are told and used as they are.

    Raises:
        OtherInputs: if it would learn from other rows or begin with another model, or would be measured on other rows.
    """
    began, models = directory.state(), _models(config)
    others = [key for key, digest in began.get("models", {}).items() if models.get(key, digest) != digest]
    found = [*_other_rows(began.get("data", {}), splits), *(_ANOTHER[key] for key in others if key == _MODEL)]
    if found:
        run = shlex.quote(str(directory.path))
        raise OtherInputs(
            f"{directory.path} began with other data: {'; '.join(found)}; put back what was there, or begin a run of its own "
            f"from a checkpoint of this one: affectree train --fork {run}"
        )
    for line in (*(_ANOTHER[key] for key in others), *directory.sources.go_on(config)):
        warn(line)
    record_rejects(splits, directory.rejects_file)


def _contents(splits: Splits) -> dict[str, Any]:
    """What the files of each split hold, as run.json has it."""
    return {
        split: {
            "rows": one.rows,
            "digest": one.digest,
            "files": [[file.name, file.rows, file.digest] for file in one.files],
        }
        for split, one in splits.contents.items()
    }


def _models(config: Config) -> dict[str, str | None]:
    """Setting -> digest of the checkpoint in its folder; None for a model of the hub."""
    judge = config.rewards.judge
    named = {_MODEL: config.model.path, _JUDGE: judge.model if judge else None}
    return {key: _digest_of_checkpoint(Path(name)) for key, name in named.items() if name}


def _digest_of_checkpoint(folder: Path) -> str | None:
    """A short name for a checkpoint, by its configuration and the sizes of its files; None if there is no such folder."""
    config = folder / "config.json"
    if not config.is_file():
        return None
    files = sorted(file for file in folder.iterdir() if file.suffix in _OF_CHECKPOINT)
    return digest(config.read_text(encoding="utf-8"), *(f"{file.name} {file.stat().st_size}" for file in files))


def _other_rows(began: Mapping[str, Any], splits: Splits) -> Iterator[str]:
    """A line for each split whose rows are others than when the run began."""
    before = {split: Content(tuple(FileContent(*file) for file in one["files"])) for split, one in began.items()}
    for split in dict.fromkeys([*before, *splits.contents]) if before else ():
        if split not in splits.contents:
            yield f"the {before[split].rows} rows of {split} are gone"
        elif split not in before:
            yield f"there are {splits.contents[split].rows} rows of {split}, which had none"
        elif found := difference(before[split], splits.contents[split]):
            yield f"other rows of {split} ({found})"
