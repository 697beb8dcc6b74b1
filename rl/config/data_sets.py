"""The data sets that a config names, as `rollout.rows.sets` opens them."""

from __future__ import annotations

from pathlib import Path

from rewards.plugins.spec import FunctionSpec
from rl.config.sections.data import DataConfig, DataSetConfig
from rollout.rows.build import UNNAMED_TASK
from rollout.rows.data_set import DataSet
from rollout.rows.files import SPLITS
from rollout.rows.reading import Reading


def data_sets(data: DataConfig) -> list[DataSet]:
    """The data sets of `data.sets`; the one that the section itself names where there are none."""
    return [_data_set(name, one) for name, one in data.sets.items()] or [_data_set("", data)]


def _data_set(name: str, settings: DataConfig | DataSetConfig) -> DataSet:
    return DataSet(
        name=name,
        directory=Path(settings.directory) if settings.directory else None,
        named={split: named for split in SPLITS if (named := getattr(settings, split))},
        reading=Reading(
            row_format=FunctionSpec(settings.format, settings.format_parameters),
            columns=settings.columns,
            media_root=Path(settings.media_root) if settings.media_root else None,
            task=getattr(settings, "task", None) or UNNAMED_TASK,
        ),
    )
