"""The configuration of a run: structured, with every default in one place.

A YAML file and `key=value` words are merged over these dataclasses by OmegaConf, which refuses unknown keys
and wrong types; `rl/config/rules.py` refuses what cannot work. Both report everything at once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from rewards.mix import MixEntry, mix_entries


@dataclass
class FacesConfig:
    """The drawn data set that is made where `data.directory` does not exist."""

    clips: int = 1024
    seed: int = 0
    careless: float = 0.0
    """Share of the training rationales that a careless captioner wrote; see `make_faces`."""


@dataclass
class DataConfig:
    directory: str = "data/faces"
    """Folder with train.jsonl, val.jsonl and test.jsonl in ms-swift form (or .parquet)."""
    train: str | None = None
    """A file instead of the folder's; likewise `val` and `test`."""
    val: str | None = None
    test: str | None = None
    media_root: str | None = None
    """Where relative video and image paths start; the row file's own folder if not set."""
    faces: FacesConfig | None = None
    """Set it to have missing data drawn."""
    fps: float = 2.0
    max_frames: int = 16
    max_pixels: int = 100_352
    clip_cache_gib: float = 2.0
    """Decoded frames that each process may keep, and as much again in processed form on learner ranks."""


@dataclass
class TinySpec:
    """The shape of the small model. Head sizes of 64 are what the engine's CPU attention supports."""

    family: str = "qwen2_5_vl"
    """qwen2_5_vl or qwen3_vl."""
    hidden: int = 192
    layers: int = 4
    heads: int = 3
    kv_heads: int = 1
    intermediate: int = 512
    vocab: int = 1024
    vision_hidden: int = 192
    vision_depth: int = 2
    vision_intermediate: int = 384
    init_std: float = 0.04
    """Of the order of 1 / sqrt(hidden): 0.02 is made for wide models and learns slowly in a small one."""


@dataclass
class LoraConfig:
    """Low-rank adapters: only they are trained, and the model without them is the reference of the KL penalty."""

    rank: int = 16
    alpha: float = 32.0
    modules: list[str] = field(
        default_factory=lambda: ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    )
    """Linear layers of the language model, by name."""
    sync: str = "merged"
    """What engines are sent: weights with the adapters `merged`, or the `adapter` alone, which they add as they compute."""


@dataclass
class ModelConfig:
    path: str | None = None
    """Folder or hub name of a Qwen2.5-VL or Qwen3-VL checkpoint; not used with `init: tiny`."""
    init: str = "checkpoint"
    """`checkpoint`, or `tiny`: build a small model of the family on the spot."""
    tiny: TinySpec = field(default_factory=TinySpec)
    dtype: str = "float32"
    freeze: list[str] = field(default_factory=list)
    """vision (the tower), projector (its way into the language model), or both."""
    lora: LoraConfig | None = None
    """Set it to train adapters only."""
    trust_remote_code: bool = False


@dataclass
class StageConfig:
    """One supervised stage of curriculum tuning."""

    steps: int = 100
    batch: int = 32
    """Rows in an optimizer step, over all ranks."""
    learning_rate: float = 2e-5
    final_learning_rate: float | None = None
    """Where the cosine ends; the start's tenth if not set."""
    warmup: float = 0.03
    """Share of the stage's steps in which the rate rises."""
    mix: dict[str, float] = field(default_factory=dict)
    """Task or source pattern -> weight. Earlier stages' patterns listed here are replayed."""


@dataclass
class CurriculumConfig:
    stages: dict[str, StageConfig] = field(default_factory=dict)
    """By name, in order. The paper's are attribute, expression, emotion."""


@dataclass
class GrpoConfig:
    steps: int = 100
    prompts: int = 16
    """Prompts in a step."""
    group: int = 8
    """Samples of each prompt."""
    updates: int = 1
    """Optimizer steps per rollout; each takes prompts / updates prompts."""
    mix: dict[str, float] = field(default_factory=dict)
    """Task or source pattern -> weight."""
    learning_rate: float = 1e-5
    final_learning_rate: float | None = None
    warmup: float = 0.03
    preset: str | None = None
    """A YAML file of settings of this section, such as configs/algo/videmo.yaml; settings given here stand over it."""
    estimator: str = "grpo"
    """Of advantages: grpo, dr_grpo (not divided by the deviation), rloo, reinforce++ or reinforce++_baseline."""
    credit: str = "sequence"
    """`sequence` gives all tokens of a sample its advantage; `level` and `node` give those that write a level or a node of
    the tree the advantage of that level or node; `branch`, with rollout.branching, gives a section what comes of it relative
    to its siblings (`rl/algo/credit.py`)."""
    loss: str = "ppo"
    """ppo (clipped ratio), gspo (the sequence's ratio) or cispo (clipped weight, no token without gradient)."""
    clip_low: float = 0.2
    clip_high: float = 0.2
    """Higher than clip_low for DAPO's clip-higher."""
    dual_clip: float | None = None
    """Bound of the ratio for negative advantages, above 1; ppo only."""
    epochs: int = 1
    """Passes over each rollout."""
    resample: int = 0
    """Times that groups with equal rewards are replaced by other prompts' groups (DAPO's dynamic sampling)."""
    correction: str = "off"
    """Of the difference between learner and engine, by the ratio of their log-probs: `truncate` weighs tokens by it up
    to correction_high, `mask_token` and `mask_sequence` drop what lies outside of both bounds."""
    correction_low: float = 0.5
    correction_high: float = 2.0
    kl: float = 0.04
    """Weight of the KL penalty towards the reference; 0 keeps no reference."""
    kl_estimator: str = "k3"
    kl_in: str = "loss"
    """`loss`, or `reward`: the sequence's KL is taken off its reward before advantages."""
    token_level_loss: bool = False
    """Average over all tokens; otherwise over each sample's tokens, then over samples (the paper's)."""
    staleness: int = 0
    """Steps whose rollouts are under way while one is learned from. Samples of weights that are older than so many versions
    when they are learned from are dropped; the others need a `correction`."""
    temperature: float = 1.0
    top_p: float = 1.0
    """Below 1, as top_k above 0, the recorded log-probs are those of the truncated distribution, which the learner's are not:
    `correction` weighs each token by the share of probability that was kept."""
    top_k: int = 0
    stop: list[str] = field(default_factory=list)
    """Texts that end a completion."""
    max_tokens: int = 512
    task_max_tokens: dict[str, int] = field(default_factory=dict)
    """Task or pattern -> longest completion, where it is not max_tokens."""
    structured: bool = False
    """Hold sampled rationales to the grammar. Their recorded log-probs are then those of the restricted
    distribution, which the learner's are not: use it to begin with a model that cannot write trees yet."""


@dataclass
class LearnerConfig:
    ranks: int = 1
    zero_stage: int = 0
    offload: list[str] = field(default_factory=list)
    """What DeepSpeed keeps in host memory: `optimizer` (its state and its step; from ZeRO 1 on), `parameters` (ZeRO 3)."""
    token_budget: int = 8192
    """Padded tokens in a forward pass."""
    share_prefixes: bool = True
    """Compute the prompt, and whatever else the samples of a group share, once instead of once a sample."""
    gradient_clip: float = 1.0
    weight_decay: float = 0.0
    beta2: float = 0.95
    gradient_checkpointing: bool = False
    gpus: float = 0.0
    """GPUs for each rank."""
    cpus: float = 1.0
    threads: int = 2
    """Compute threads of each rank, on CPUs."""


@dataclass
class RolloutConfig:
    engines: int = 1
    tensor_parallel: int = 1
    gpus: float = 0.0
    cpus: float = 0.5
    threads: int = 2
    dtype: str | None = None
    """The model's own if not set."""
    max_model_len: int = 2048
    max_sequences: int = 256
    cache_gib: float = 1.0
    gpu_memory: float = 0.85
    enforce_eager: bool = True
    max_logprob_diff: float | None = 1e-3
    """A sync after which engine and learner differ by more, on any probed token, stops the run. For float32;
    null for lower precisions, where only the metric is recorded."""
    branching: list[int] = field(default_factory=list)
    """[sections of attributes, sections of expressions under each, emotions under each]: rationales are then sampled as trees
    of grpo.group samples in all. Empty for samples that are drawn independently."""
    in_flight: str = "wait"
    """What a sync does with completions that are being drawn: `wait` for them, `abort` and ask again, or `keep` them and go on
    under the new weights, each token with its version."""
    transfer: str = "memory"
    """The way of new weights to the engines: through host `memory`, or `broadcast` from learner rank 0 to all at once, over
    NCCL where both have GPUs of their own."""
    checksum: bool = False
    """Have every engine check that the weights are what the learner wrote to memory."""
    timeout: float = 1800.0
    """Seconds without a finished group after which the run stops."""
    sync_timeout: float = 600.0
    """Seconds that a sync may take before the run stops, naming who did not finish."""


@dataclass
class ScorerConfig:
    spec: str = ""
    """A shipped scorer, `file.py:function`, `module:function` or an entry point; its own name if empty."""
    weight: float = 1.0
    tasks: list[str] = field(default_factory=lambda: ["*"])
    level: str | None = None
    """attribute, expression or emotion, for a scorer that judges one level of the tree; known for shipped scorers."""
    parameters: dict[str, Any] = field(default_factory=dict)
    mode: str | None = None
    """sample, batch or group; what the function declares if not set, else sample."""
    isolation: str | None = None
    """process, thread or inline; if not set, inline for shipped scorers and process for all others."""
    adapter: str | None = None
    """trl, trl_conversational, verl, openrlhf, ms_swift or easyr1: whose contract the function was written for."""
    timeout: float = 30.0
    """Seconds for one call."""
    retries: int = 2
    """Further calls after a fault of infrastructure."""
    on_error: Any = "drop"
    """`drop` the sample, `fail` the run, or a number to use instead."""
    memory_gib: float = 8.0
    """What the scorer's own process may allocate; 0 for no limit."""


@dataclass
class RewardConfig:
    workers: int = 1
    max_error_share: float = 0.1
    """Share of a step's samples that may fail to score before the run stops."""
    mix: str | None = None
    """A YAML file with `scorers`, such as configs/rewards/default.yaml."""
    scorers: dict[str, ScorerConfig] = field(default_factory=dict)
    """By name; added to those of `mix`, or in their place."""


@dataclass
class ReasoningConfig:
    """Rationales reasoned stage by stage (`affectree reason`)."""

    width: int = 4
    """Candidates at each stage."""
    scorer: str = "agreement"
    """agreement, likelihood, endpoint, or oracle, which sees the gold tree: an upper bound."""
    temperature: float = 1.0
    endpoint: str | None = None
    """Base URL of an OpenAI-compatible judge; the key is taken from OPENAI_API_KEY."""
    model: str | None = None
    """The judge's."""


@dataclass
class EvaluationConfig:
    rows: dict[str, int] = field(default_factory=lambda: {"rationale": 256})
    """Task -> held-out rows at most."""
    every: int = 0
    """GRPO steps between evaluations on the val split; 0 for none."""
    val_rows: dict[str, int] = field(default_factory=lambda: {"rationale": 128})
    keep_best: bool = True
    """End with the checkpoint that did best on val, where `every` is set."""
    examples: int = 3
    reasoning: ReasoningConfig | None = None
    """Set it to measure the final model's rationales also when they are reasoned stage by stage."""
    structured: bool = False
    """Hold greedy rationales to the grammar."""
    max_tokens: dict[str, int] = field(default_factory=lambda: {"*": 512})
    """Task or pattern -> longest completion; a task's own name counts before patterns."""


@dataclass
class CheckpointConfig:
    every: int = 0
    """GRPO steps between checkpoints; 0 saves only after tuning and at the end."""
    tune_every: int = 0
    """Tuning steps between checkpoints; 0 for none within tuning."""
    keep: int = 2
    """The last so many."""


@dataclass
class TrackingConfig:
    mlflow: bool = True
    uri: str | None = None
    """Any tracking server; a local sqlite file in `runs/` if not set."""
    experiment: str = "affectree"
    traces: int = 4
    """Rollouts traced in each step."""


@dataclass
class ClusterConfig:
    address: str | None = None
    """Ray address; the job's own or an existing cluster's if there is one, else a local one is started. `local` always
    starts one."""
    start_timeout: float = 600.0
    """Seconds to wait for all actors."""
    object_store_gib: float = 1.0
    """Of a local cluster."""


@dataclass
class Config:
    name: str = "run"
    seed: int = 0
    runs: str = "runs"
    """Folder that holds run directories."""
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    grpo: GrpoConfig = field(default_factory=GrpoConfig)
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    rollout: RolloutConfig = field(default_factory=RolloutConfig)
    rewards: RewardConfig = field(default_factory=RewardConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    checkpoints: CheckpointConfig = field(default_factory=CheckpointConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    cluster: ClusterConfig = field(default_factory=ClusterConfig)


def scorer_entries(config: Config) -> list[MixEntry]:
    """The configured scorers, as the rewards package takes them. Raises `PluginError` for settings that cannot work."""
    return mix_entries({name: asdict(scorer) for name, scorer in config.rewards.scorers.items()})
