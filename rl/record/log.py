"""The log of a run: what libraries say in this process, what the run itself says, and the traceback of what ended it."""

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
    """Keep this process's log in `folder/driver.log` while the block runs; what actors say is beside it (`actors/logs.py`).

    Standard error goes there whole, since Ray's core and other libraries write to its descriptor: nobody can act on those
    lines. Whatever ends the block is written there with its traceback, and notes where that is.
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
    """A crash of the interpreter itself is still told where standard error was."""
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
