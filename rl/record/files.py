"""Files and folders that are whole or not there, whatever interrupts their writing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Write aside, sync, rename: a reader sees the old file or the new one, never half of one."""
    aside = path.with_name(f".{path.name}.partial")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def write_folder(final: Path, write: Callable[[Path], None]) -> None:
    """Fill a folder aside, sync it, then give it its name."""
    aside = final.with_name(f".{final.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    write(aside)
    sync_to_disk(aside)
    shutil.rmtree(final, ignore_errors=True)
    aside.rename(final)


def sync_to_disk(folder: Path) -> None:
    """fsync every file below a folder."""
    for file in folder.rglob("*"):
        if file.is_file():
            handle = os.open(file, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
