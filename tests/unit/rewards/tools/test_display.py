"""What `affectree reward` prints."""

from __future__ import annotations

from io import StringIO

from rich.console import Console, RenderableType

from rewards.sample import Reward, RewardSample
from rewards.tools.display import finding_line, histogram, sample_panel, sample_view, summary_table, tree_view
from rewards.tools.probing import Finding
from rewards.tools.recorded import Recorded
from rewards.tools.rescoring import Rescored, summarise
from tests.unit.rewards.rationales import GOOD


def shown(what: RenderableType) -> list[str]:
    console = Console(width=120, record=True, file=StringIO())
    console.print(what)
    return [line.rstrip() for line in console.export_text().splitlines()]


def rescored(value: float | None) -> Rescored:
    reward = Reward(value, {"leaf": 0.5}, errors={} if value is not None else {"mine": "broke"})
    return Rescored(Recorded("step_1.parquet, row 2", RewardSample(GOOD, tree=GOOD), 0.25), reward, 1.5)


def test_a_finding_is_one_line() -> None:
    failed = Finding("imports", "failed", "no [such] file")
    assert shown(finding_line(failed)) == ["failed  imports                  no [such] file"]
    indent = " " * 33
    assert shown(finding_line(Finding("output", "ok", "a\nb")))[-1] == f"{indent}b"


def test_a_tree_is_shown_against_the_gold_tree() -> None:
    found = GOOD.replace("brown", "black").replace("e1 scowl < a2", "e1 scowl").replace("emotion\n", "e2 smile < a1\nemotion\n")
    lines = shown(tree_view(RewardSample(found, tree=GOOD)))
    assert "=   person" in lines
    assert any(line.startswith("~") and "(gold: " in line for line in lines)
    assert lines[-1].startswith("defects: no_evidence (line 6), orphan_expression (line 7)")
    assert shown(tree_view(RewardSample(GOOD, tree=GOOD)))[0] == "= video"


def test_missing_and_spurious_nodes_are_marked() -> None:
    fewer = shown(tree_view(RewardSample(GOOD.replace("a1 hair color: brown\n", ""), tree=GOOD)))
    assert "-     attribute hair color: brown" in fewer
    more = shown(tree_view(RewardSample(GOOD.replace("expression\n", "a3 hat: no\nexpression\n"), tree=GOOD)))
    assert "+ attribute hat: no" in more


def test_without_a_tree_the_text_is_shown() -> None:
    assert shown(tree_view(RewardSample("words [here]"))) == ["words [here]"]
    assert shown(tree_view(RewardSample("words", tree=GOOD))) == ["no tree in: 'words'"]


def test_a_samples_reward_parts_and_faults() -> None:
    lines = shown(sample_view(RewardSample("words"), Reward(None, {"leaf": 0.5}, errors={"mine": "broke"})))
    assert lines == ["no reward", "leaf 0.500", "mine: broke", "words"]
    assert "best: step_1.parquet, row 2" in shown(sample_panel("best", rescored(0.5)))[0]
    assert any("reward 0.5000" in line for line in shown(sample_panel("best", rescored(0.5))))


def test_abstentions_and_observers_faults_are_told_apart() -> None:
    reward = Reward(None, observer_errors={"probe": "down"}, abstained=True)
    assert shown(sample_view(RewardSample("words"), reward))[:3] == [
        "no reward: no scorer applies",
        "",
        "probe (observes): down",
    ]
    lines = shown(summary_table("mix", summarise([Rescored(Recorded("x", RewardSample(""), None), reward, 1.0)])))
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    for row in (
        ["reward, mean ± std", "-"],
        ["scored", "0 of 1"],
        ["abstained", "1 of 1"],
        ["failures of probe, which observes", "1"],
    ):
        assert row in cells


def test_a_summary_is_a_table() -> None:
    text = "\n".join(shown(summary_table("mix.yaml", summarise([rescored(0.5), rescored(None)]))))
    for said in ("mix.yaml on 2 samples", "0.5000 ± 0.0000", "1 of 2", "part leaf", "failures of mine", "1.50 ms", "+0.2500"):
        assert said in text


def test_a_histogram_counts_every_reward() -> None:
    lines = shown(histogram([rescored(value) for value in (0.0, 0.0, 1.0, None)], bins=2))
    assert [line.split()[:4] for line in lines[1:3]] == [["0.000", "to", "0.500", "2"], ["0.500", "to", "1.000", "1"]]
    assert len(lines[1].split()[-1]) == 2 * len(lines[2].split()[-1])
    assert "3" in shown(histogram([rescored(1.0)] * 3))[1].split()
    assert shown(histogram([rescored(None)])) == ["rewards", "  no sample was scored"]
