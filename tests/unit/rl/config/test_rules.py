"""What is a problem here, and what the nodes of a cluster may have that this machine lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.config.load import load_config
from rl.config.rules import check_config
from rl.config.schema import Config
from tests.unit.rl.config.test_overrides import BARE


def problems(place: Path, scorer: str, address: str) -> list[str]:
    """What is wrong with a run with a scorer, on a cluster."""
    (place / "bare.yaml").write_text(BARE)
    config: Config = load_config(place / "bare.yaml", [], files=False)
    config.rewards.scorers["leaf"].spec, config.cluster.address = scorer, address
    return [line for line in check_config(config) if line.startswith("rewards.")]


@pytest.fixture
def imports(tmp_path: Path) -> str:
    (tmp_path / "imports.py").write_text("import no_such_module\nscore = len\n")
    return f"{tmp_path / 'imports.py'}:score"


def test_nodes_of_a_cluster_may_have_a_scorer_that_is_not_installed_here(tmp_path: Path, imports: str) -> None:
    for scorer in ("no_such_module:score", "nobody_offers_this", imports):
        assert problems(tmp_path, scorer, "head:6379") == []
        assert len(problems(tmp_path, scorer, "local")) == 1


def test_what_no_node_can_have_is_a_problem_everywhere(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    for scorer in (f"{tmp_path / 'broken.py'}:score", f"{tmp_path / 'gone.py'}:score", "leef"):
        assert len(problems(tmp_path, scorer, "head:6379")) == 1
