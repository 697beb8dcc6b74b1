"""Rows of Parquet files and of Hugging Face dataset folders, as memory-mapped Arrow with the types that the files declare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.rows.cache import content_digest, digest, kept

if TYPE_CHECKING:
    import pyarrow as pa

STATE = "state.json"
"""What a folder has that `datasets.Dataset.save_to_disk` wrote."""
_ROWS = "rows.arrow"


def data_files(folder: Path) -> list[Path]:
    """The files of a dataset folder that hold its rows, in order. What `datasets` keeps there for itself is not among them."""
    return [folder / one["filename"] for one in json.loads((folder / STATE).read_text(encoding="utf-8"))["_data_files"]]


def read_arrow(path: Path) -> pa.Table:
    """All rows of a .parquet file, or of a folder that `save_to_disk` wrote.

    A Parquet file is written to the cache as Arrow, once, since single rows of it cannot be read. Where nothing can be written,
    it is read into memory.

    Raises:
        OSError, ValueError, KeyError, TypeError, pyarrow.ArrowException: if it is no such file or folder.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.is_dir():
        from datasets import load_from_disk

        return load_from_disk(str(path)).data.table
    with pq.ParquetFile(path) as file:  # refused here, before anything is written

        def write(folder: Path) -> None:
            with pa.ipc.new_file(str(folder / _ROWS), file.schema_arrow) as writer:
                for batch in file.iter_batches():
                    writer.write_batch(batch)

        try:
            folder = kept("tables", digest(str(path.absolute())), content_digest([path]), write)
        except OSError:
            return file.read()
    return pa.ipc.open_file(pa.memory_map(str(folder / _ROWS))).read_all()
