"""Seeds of parts: always the same, and each its own."""

from __future__ import annotations

import subprocess
import sys

from rollout.seeds import BELOW, derived


def test_a_part_has_the_same_seed_in_every_process() -> None:
    assert derived(0, "engine 0") == 1110993617
    assert derived(7, "learner", 1) == 1448067045
    said = subprocess.run(
        [sys.executable, "-c", "from rollout.seeds import derived; print(derived(7, 'learner', 1))"],
        env={"PYTHONHASHSEED": "3", "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(said.stdout) == derived(7, "learner", 1)


def test_each_part_of_each_run_has_a_seed_of_its_own() -> None:
    names = [(), ("a",), ("b",), ("a", "b"), ("ab",), ("a", 1), ("a", 1, 1), ("a", 11), ("a", "1"), (1,), ("1",)]
    found = [derived(seed, *name) for seed in range(100) for name in names]
    assert len(set(found)) == len(found)
    assert all(0 <= seed < BELOW for seed in found)
