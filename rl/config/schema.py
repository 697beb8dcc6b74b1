"""The configuration of a run: every setting with its type, default, range and meaning.

The sections are in `rl/config/sections/`. Files and `key=value` words are laid over their defaults by `rl/config/load.py`, which
refuses what is not there or cannot work, all at once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from rewards.mix import MixEntry
from rewards.mix_settings import mix_entries
from rl.config.fields import bounded
from rl.config.sections.batch import BatchConfig
from rl.config.sections.cluster import ClusterConfig
from rl.config.sections.curriculum import CurriculumConfig, StageConfig
from rl.config.sections.data import DataConfig, FacesConfig
from rl.config.sections.evaluation import EvaluationConfig, ReasoningConfig
from rl.config.sections.grpo import GrpoConfig
from rl.config.sections.learner import LearnerConfig
from rl.config.sections.model import LoraConfig, ModelConfig, TinySpec
from rl.config.sections.records import CheckpointConfig, TrackingConfig
from rl.config.sections.rewards import JudgeConfig, RewardConfig, ScorerConfig
from rl.config.sections.rollout import RolloutConfig

__all__ = [
    "BatchConfig",
    "CheckpointConfig",
    "ClusterConfig",
    "Config",
    "CurriculumConfig",
    "DataConfig",
    "EvaluationConfig",
    "FacesConfig",
    "GrpoConfig",
    "JudgeConfig",
    "LearnerConfig",
    "LoraConfig",
    "ModelConfig",
    "ReasoningConfig",
    "RewardConfig",
    "RolloutConfig",
    "ScorerConfig",
    "StageConfig",
    "TinySpec",
    "TrackingConfig",
    "scorer_entries",
]


@dataclass
class Config:
    """The configuration of a whole run."""

    name: str = "run"
    """What the run is called; its folder has this name and the time."""
    seed: int = bounded(0, least=0, below=2**32, words="0 or more, and below 2^32, as NumPy's")
    """Seed of all that a run draws: the order of rows, the tiny model's weights, learner ranks, engines. With determinism it
    decides every token too; without, engines draw other samples in each run."""
    determinism: bool = False
    """Two runs of one config give the same figures to the last bit, and so does one that was interrupted. Engines are asked in
    step and answer more slowly; what cannot be promised is refused. docs/reproducibility.md says more."""
    runs: str = "runs"
    """Folder that holds the folders of runs. Relative to the working directory."""
    data: DataConfig = field(default_factory=DataConfig)
    """Rows of train, val and test, and how their media become frames."""
    model: ModelConfig = field(default_factory=ModelConfig)
    """The model that is trained."""
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    """Supervised tuning in stages, before GRPO."""
    batch: BatchConfig = field(default_factory=BatchConfig)
    """How the rows of a step are drawn."""
    grpo: GrpoConfig = field(default_factory=GrpoConfig)
    """Reinforcement learning: steps, objective, sampling."""
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    """The ranks that train the policy."""
    rollout: RolloutConfig = field(default_factory=RolloutConfig)
    """The engines that generate, and how they get new weights."""
    rewards: RewardConfig = field(default_factory=RewardConfig)
    """Scorers and their mix."""
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    """What is measured on held-out rows."""
    checkpoints: CheckpointConfig = field(default_factory=CheckpointConfig)
    """What a run can be resumed from."""
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    """MLflow."""
    cluster: ClusterConfig = field(default_factory=ClusterConfig)
    """The Ray cluster that a run starts or joins."""


def scorer_entries(config: Config) -> list[MixEntry]:
    """The configured scorers, as the rewards package takes them. Raises `PluginError` for settings that cannot work."""
    return mix_entries({name: asdict(scorer) for name, scorer in config.rewards.scorers.items()})
