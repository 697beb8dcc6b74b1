"""The section `cluster`: where Ray is."""

from __future__ import annotations

from dataclasses import dataclass, field

from rl.config.fields import bounded


@dataclass
class ClusterConfig:
    """The Ray cluster that a run starts or joins."""

    address: str | None = None
    """Address of a Ray cluster: host:port, ray://host:port, `auto`, or `local`, which always starts one on this machine. null
    joins the job's own or a running cluster, and starts one if there is none."""
    start_timeout: float = bounded(600.0, "seconds", above=0)
    """How long to wait until all actors are up."""
    object_store_gib: float = bounded(1.0, "GiB", least=0.08, words="0.08 or more, as Ray's")
    """Shared memory for Ray's objects, in a cluster that the run starts itself."""
    env: list[str] = field(default_factory=list)
    """Names of variables that all workers get from where affectree is started, or patterns such as `WANDB_*`. Those of the hub,
    MLflow, vLLM and endpoints are sent unasked. Values are neither logged nor saved."""
