"""The section `grpo`: steps, objective and sampling of reinforcement learning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from rl.config.fields import bounded, bounds


@dataclass
class GrpoConfig:
    """Group relative policy optimization: its steps, its objective, and how it samples."""

    steps: int = bounded(100, "steps", least=0)
    """Steps, each one rollout and its updates; 0 tunes only. A run that goes on may be given more, or fewer."""
    prompts: int = bounded(16, "prompts", least=1)
    """Prompts of a step; must be divisible by grpo.updates x learner.ranks."""
    group: int = bounded(8, "samples", least=2, because="a group of 1 has no advantage")
    """Samples of each prompt."""
    updates: int = bounded(1, "optimizer steps", least=1)
    """Mini-batches that a rollout is cut into. Each is an optimizer step on prompts / updates prompts."""
    epochs: int = bounded(1, "passes", least=1)
    """Passes over each rollout."""
    mix: dict[str, float] = field(default_factory=dict, metadata=bounds("weight", least=0))
    """Which rows are drawn: task, source, or a pattern of either -> weight."""
    learning_rate: float = bounded(1e-5, above=0)
    """Highest learning rate: the warm-up ends at it, then a cosine falls from it."""
    final_learning_rate: float | None = bounded(None, least=0)
    """Learning rate at which the cosine arrives with the last step, such as 0; null means a tenth of learning_rate."""
    warmup: float = bounded(0.03, "share", least=0, most=1)
    """Share of the steps in which the rate rises."""
    restarts: list[int] = field(default_factory=list, metadata=bounds("steps", least=1))
    """Steps after which the learning rate begins anew, with a warm-up and a cosine up to the next of them or to the end. A run
    that was prolonged has the numbers of steps here that it was to have before."""
    prolong: Literal["restart", "stretch"] = "restart"
    """What becomes of the learning rate when a run that has done GRPO steps is given more: `restart` leaves the steps that were
    to be done theirs and adds to grpo.restarts; `stretch` draws the cosine that is under way out to the new end."""

    estimator: str = "grpo"
    """How rewards become advantages: the estimator. docs/learner.md has the formulas of those that ship."""
    estimator_parameters: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the function that grpo.estimator names."""
    credit: str = "sequence"
    """Which tokens get which advantage: `sequence` gives all tokens of a sample the sample's; `level` and `node` give the
    tokens of a level or a node of the tree its own; `branch`, with rollout.branching, gives a section what comes of it
    relative to its siblings."""
    credit_parameters: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the function that grpo.credit names."""
    loss: str = "ppo"
    """The policy loss: `ppo` clips each token's ratio, `gspo` the sequence's, `cispo` weighs by the clipped ratio and leaves no
    token without a gradient."""
    loss_parameters: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the function that grpo.loss names."""
    clip_low: float = bounded(0.2, above=0)
    """How far below 1 the ratio of new to old probability counts; below 1 with ppo and gspo."""
    clip_high: float = bounded(0.2, above=0)
    """How far above 1 the ratio counts; below 1 with ppo and gspo. DAPO's clip-higher sets it above grpo.clip_low."""
    dual_clip: float | None = bounded(None, above=1)
    """The largest ratio that counts for negative advantages, with ppo only; null sets no such bound."""
    token_level_loss: bool = False
    """Average the loss over all tokens of a step; otherwise over each sample's tokens, then over samples, as the paper does."""
    resample: int = bounded(0, "rounds", least=0)
    """How often groups with equal rewards make room for other prompts' groups (DAPO's dynamic sampling)."""
    mask_truncated: bool = False
    """Learn nothing from samples that were cut off at their longest length (DAPO's overlong filtering); their rewards stay in
    their group's statistics. Otherwise they are learned from as they are scored: the scorer `overlong` is DAPO's penalty."""

    correction: Literal["off", "truncate", "mask_token", "mask_sequence"] = "off"
    """What to do about tokens to which engine and learner give different probabilities. `truncate` weighs each token by the
    ratio of learner to engine, at most correction_high; `mask_token` and `mask_sequence` leave out tokens or samples whose ratio
    is out of bounds."""
    correction_low: float = bounded(0.5, above=0)
    """The smallest ratio that mask_token and mask_sequence keep."""
    correction_high: float = bounded(2.0, above=0)
    """The largest ratio that is kept, or that truncate weighs by."""

    kl: float = bounded(0.04, "weight", least=0)
    """Weight of the KL penalty towards the tuned model; 0 keeps no reference."""
    kl_estimator: Literal["k1", "k2", "k3"] = "k3"
    """Estimator of the KL from sampled tokens (http://joschu.net/blog/kl-approx.html). k1 only with kl_in=reward: in the loss it
    has no gradient towards the reference."""
    kl_in: Literal["loss", "reward"] = "loss"
    """Where the penalty is: added to the `loss`, or taken off a sample's `reward` before advantages are made."""

    staleness: int = bounded(0, "steps", least=0)
    """Steps whose rollouts are under way while one is learned from. Samples that are older than so many versions when they are
    learned from are dropped; the others need a grpo.correction."""
    temperature: float = bounded(1.0, above=0, because="groups need variety")
    """Temperature at which samples are drawn, and at which the learner computes their probabilities."""
    top_p: float = bounded(1.0, "share", above=0, most=1)
    """Sample from the most probable tokens that have this share together; 1 samples from all. Below 1 it needs a
    grpo.correction, since engines then record probabilities of the truncated distribution."""
    top_k: int = bounded(0, "tokens", least=0)
    """Sample from this many of the most probable tokens; 0 samples from all. Above 0 needs a grpo.correction, as top_p does."""
    stop: list[str] = field(default_factory=list)
    """Texts that end a completion."""
    max_tokens: int = bounded(512, "tokens", least=1)
    """Longest completion."""
    task_max_tokens: dict[str, int] = field(default_factory=dict, metadata=bounds("tokens", least=1))
    """Longest completion of some tasks, in place of grpo.max_tokens: task or a pattern of tasks -> tokens."""
    structured: bool = False
    """Hold rationales to the tree's grammar while they are sampled. Engines then record probabilities of the restricted
    distribution, which the learner's are not: use it to begin with a model that cannot write trees yet."""
