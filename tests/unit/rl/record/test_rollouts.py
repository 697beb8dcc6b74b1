"""A step's samples on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq

from rewards.sample import Reward
from rewards.tools.recorded import read_rollouts
from rl.record.rollouts import write_rollouts
from rollout.samples import TokenCredit, TrainingGroup
from tests.unit.rewards.rationales import GOOD
from tests.unit.stations import group, prompt, scored


def test_every_sample_is_a_row_and_scorers_can_read_it_again(tmp_path: Path) -> None:
    rewards = [Reward(0.5, parts={"leaf": 0.5}, observer_errors={"probe": "down"}), Reward(None, errors={"leaf": "no"})]
    drawn = scored(group([GOOD, "b"], prompt("step3-0", tree=GOOD), lengths=[2, 3]), rewards)
    groups = [TrainingGroup(**vars(drawn), advantages=(0.25, None), credit=(TokenCredit(), TokenCredit()))]
    file = tmp_path / "step_3.parquet"
    write_rollouts(file, 3, groups)
    first, second = pq.read_table(file).to_pylist()
    assert (first["step"], first["prompt_key"], first["sample"], second["sample"]) == (3, "step3-0", 0, 1)
    assert (first["advantage"], second["advantage"]) == (0.25, None)
    assert (first["reward"], json.loads(first["parts"]), json.loads(second["errors"])) == (0.5, {"leaf": 0.5}, {"leaf": "no"})
    assert (json.loads(first["observer_errors"]), json.loads(second["observer_errors"])) == ({"probe": "down"}, {})
    assert (first["abstained"], second["abstained"]) == (False, False)
    assert (len(first["completion_ids"]), len(second["log_probs"])) == (2, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["step_3.parquet"]  # written aside, then renamed
    recorded = read_rollouts(file)
    assert [one.sample.completion for one in recorded] == [GOOD, "b"]
    assert not {"observer_errors", "abstained"} & set(recorded[0].sample.columns)
