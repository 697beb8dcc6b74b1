"""How a run ended."""

from __future__ import annotations

import os
from pathlib import Path

from rl.config.schema import Config
from rl.record.runs.directory import RunDirectory
from rl.record.tracking.ending import Ending, ending_of, note_beginning, note_ending


def test_a_run_that_ends_without_a_word_was_killed_when_it_last_wrote(tmp_path: Path) -> None:
    run = RunDirectory.create(Config(runs=str(tmp_path)))
    note_ending(run, "FINISHED")
    note_beginning(run)  # it is gone on with
    run.metrics.append({"phase": "grpo", "step": 1, "metrics": {}})
    for file, time in ((run.config_file, 100), (run.metrics.path, 200)):
        os.utime(file, (time, time))
    assert ending_of(run) == Ending("KILLED", 200.0)
    note_ending(run, "FAILED")
    assert ending_of(run).status == "FAILED"
    assert ending_of(run).time > 200


def test_an_older_folder_has_finished_if_it_has_a_model(tmp_path: Path) -> None:
    run = RunDirectory.create(Config(runs=str(tmp_path)))
    assert ending_of(run).status == "KILLED"
    run.model.mkdir()
    assert ending_of(run).status == "FINISHED"
