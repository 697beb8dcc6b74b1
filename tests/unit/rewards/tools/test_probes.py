"""The samples with which a scorer is checked."""

from __future__ import annotations

from rewards.sample import RewardSample
from rewards.tools.probes import gold_text, probes


def test_probes_are_what_policies_write() -> None:
    found = probes("qa")
    assert found["gold"].sample.parsed.defects == ()
    assert found["empty"].sample.completion == ""
    assert found["truncated"].sample.finish_reason == "length"
    assert len(found["100 kB"].sample.completion) == 100_000
    assert {probe.sample.task for probe in found.values()} == {"qa"}


def test_some_rows_lack_gold() -> None:
    lacking = {name: (probe.sample.tree, probe.sample.answer) for name, probe in probes().items() if probe.lacks_gold}
    assert lacking["empty (no tree)"] == (None, "angry")
    assert lacking["gold (no answer)"][1] is None
    assert lacking["gold (no gold)"] == (None, None)
    assert len(lacking) == 6
    assert probes()["gold (no gold)"].sample.completion == probes()["gold"].sample.completion
    assert len({probes()[f"{kind} (no tree)"].sample.group for kind in ("gold", "empty")} - {"g"}) == 1


def test_given_rows_are_probed_each_with_its_gold() -> None:
    rows = [RewardSample("", "qa", answer="B", columns={"clip": 1}), RewardSample("", "qa", answer="C", columns={"clip": 2})]
    found = probes(rows=rows)
    assert found["gold"].sample.completion == "<answer>B</answer>"
    assert found["100 kB"].sample.columns == {"clip": 1}
    assert (found["gold (row 2)"].sample.completion, found["empty (row 2)"].sample.completion) == ("<answer>C</answer>", "")
    assert found["gold (row 2)"].sample.columns == {"clip": 2}
    assert not any(probe.lacks_gold for probe in found.values())


def test_what_is_right_on_a_row() -> None:
    row = probes()["gold"].sample
    assert gold_text(row) == row.completion
    assert gold_text(RewardSample("", answer="A, B")) == "<answer>A, B</answer>"
    assert gold_text(RewardSample("")) == "<answer></answer>"
