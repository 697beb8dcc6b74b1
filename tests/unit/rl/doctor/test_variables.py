"""The variables that a run would send, by name."""

from __future__ import annotations

from rl.config.schema import ClusterConfig, Config, RewardConfig, ScorerConfig
from rl.doctor.variables import forwarded

ENVIRON = {"HF_TOKEN": "s3cr3t", "MY_KEY": "s3cr3t", "OTHER": "s3cr3t"}


def test_names_are_shown_and_no_values() -> None:
    config = Config(rewards=RewardConfig(scorers={"leaf": ScorerConfig(env=["MY_KEY"])}))
    assert str(forwarded(config, ENVIRON)) == "variables: workers are sent HF_TOKEN, MY_KEY"
    assert str(forwarded(Config(), {})) == "variables: workers are sent none"


def test_a_pattern_that_fits_nothing_is_a_warning() -> None:
    found = forwarded(Config(cluster=ClusterConfig(env=["WANDB_*", "OTH*"])), ENVIRON)
    assert found.verdict == "warning"
    assert str(found) == (
        "variables: cluster.env: no variable fits WANDB_*; workers are sent HF_TOKEN, OTHER; set them where affectree is "
        "started, or take the pattern out"
    )
