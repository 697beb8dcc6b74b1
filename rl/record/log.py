"""A run's log, `logs/driver.log`: what libraries and the run itself say in this process, and the traceback of what ended it."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rl.record.console import said


@contextmanager
def run_log(folder: Path) -> Iterator[Path]:
    """Keep this process's log in `folder/driver.log` while the block runs, and yield that path.

    Everything written to standard error goes there too, for Ray's core and other libraries write to its descriptor, and
    nobody can act on those lines. An error that ends the block is written there with its traceback and raised again.
    Actors keep logs of their own in the same folder (`actors/logs.py`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "driver.log"
    with file.open("a", encoding="utf-8", buffering=1) as log, _standard_error_to(log.fileno()):
        handler = logging.StreamHandler(log)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logging.getLogger().addHandler(handler)
        said.setLevel(logging.INFO)
        try:
            yield file
        except BaseException:
            log.write(traceback.format_exc())
            raise
        finally:
            logging.getLogger().removeHandler(handler)


@contextmanager
def _standard_error_to(descriptor: int) -> Iterator[None]:
    """Send what is written to standard error to another descriptor; a crash of the interpreter is still told at the old one."""
    sys.stderr.flush()
    before = os.dup(2)
    os.dup2(descriptor, 2)
    faulthandler.enable(before)
    try:
        yield
    finally:
        sys.stderr.flush()
        faulthandler.enable(2)
        os.dup2(before, 2)
        os.close(before)
