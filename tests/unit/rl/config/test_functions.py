"""Names that the configuration knows without importing what they name."""

from __future__ import annotations

from rl.algo.objective import POLICY_LOSSES
from rl.config.functions import NAMED, TRANSFERS, known_names


def test_losses_and_transfers_are_those_that_ship() -> None:
    from actors.sync.registry import GIVEN
    from actors.sync.registry import TRANSFERS as SHIPPED_TRANSFERS
    from rl.algo.policy_losses import LOSSES

    assert tuple(LOSSES) == POLICY_LOSSES
    assert tuple(SHIPPED_TRANSFERS) == TRANSFERS
    assert NAMED["rollout.transfer"].given == tuple(GIVEN)


def test_families_layers_and_adapters_are_asked_where_they_are() -> None:
    assert known_names("model.tiny.family") == ("qwen2_5_vl", "qwen3_vl")
    assert "q_proj" in known_names("model.lora.modules")
    assert "trl" in known_names("rewards.scorers.NAME.adapter")
    assert known_names("rewards.scorers.NAME.spec") == known_names("grpo.steps") == ()
