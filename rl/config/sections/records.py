"""The sections `checkpoints` and `tracking`: what a run keeps, and where it is followed."""

from __future__ import annotations

from dataclasses import dataclass

from rl.config.fields import bounded


@dataclass
class CheckpointConfig:
    """What a run can be resumed from."""

    every: int = bounded(0, "GRPO steps", least=0)
    """How often a checkpoint is written; 0 writes one after tuning and one at the end only."""
    tune_every: int = bounded(0, "tuning steps", least=0)
    """How often a checkpoint is written within tuning; 0 for never."""
    keep: int = bounded(2, "checkpoints", least=1)
    """How many of the newest are kept."""


@dataclass
class TrackingConfig:
    """MLflow."""

    mlflow: bool = True
    """Send metrics, rollouts and results to MLflow."""
    uri: str | None = None
    """Tracking server or database; null means the sqlite file mlflow.db in the folder `runs`. No credentials: set
    MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."""
    experiment: str = "affectree"
    """The experiment that the run is listed under."""
    traces: int = bounded(4, "samples", least=0)
    """Rollouts that are traced in each step: the first sample of so many groups."""
