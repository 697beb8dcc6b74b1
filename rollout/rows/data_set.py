"""A data set that a run draws from: where the files of its splits are, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rollout.rows.files import SplitFiles, named_files, split_files
from rollout.rows.formats.registry import AUTO
from rollout.rows.reading import Reading
from rollout.rows.row import RowError


@dataclass(frozen=True)
class DataSet:
    """A data set that a run draws from."""

    name: str = ""
    """What mixes call it; empty where it is the only one."""
    directory: Path | None = None
    """Folder with the rows of its splits; None where all that it has are named."""
    named: Mapping[str, str] = field(default_factory=dict)
    """Split -> a file, a folder of files or a pattern, in place of the folder's."""
    reading: Reading = field(default_factory=Reading)
    """How its rows are read."""

    @property
    def title(self) -> str:
        """What messages call it."""
        return self.name or str(self.directory or self.named.get("train", ""))

    @property
    def key(self) -> str:
        """The section of the config that it stands in."""
        return f"data.sets.{self.name}" if self.name else "data"

    def files(self, split: str) -> SplitFiles | None:
        """The files of a split; None if the set has none. Raises `RowError` if what is named is not there."""
        if split in self.named:
            return SplitFiles(named_files(self.named[split]))
        return split_files(self.directory, split) if self.directory else None

    def reading_of(self, files: SplitFiles) -> Reading:
        """How files of a split are read: as their folder's layout has it, where nothing else is said."""
        row_format, root = self.reading.row_format, self.reading.media_root or files.media_root
        if row_format.target == AUTO.target and files.row_format:
            row_format = replace(row_format, target=files.row_format)
        return replace(self.reading, row_format=row_format, media_root=root)

    def path(self, split: str, files: SplitFiles | None) -> str:
        """What messages call a split."""
        if split in self.named:
            return self.named[split]
        return str(files.files[0] if files and len(files.files) == 1 else f"{self.directory}, {split}")


def missing_split(one: DataSet, split: str) -> RowError:
    """The error of a data set without files for a split."""
    folder = one.directory
    if folder is None:
        return RowError(f"{one.key}: names no {split} rows; set {one.key}.{split} or {one.key}.directory")
    if not folder.is_dir():
        found = "is a file, not a folder" if folder.exists() else "no such folder"
    else:
        others = sorted(file.name for file in folder.glob(f"{split}.*"))
        found = f"holds no {split}.jsonl, {split}.json or {split}.parquet" + (f", but {', '.join(others[:3])}" if others else "")
    return RowError(f"{folder}: {found}; check {one.key}.directory or set {one.key}.{split}")
