"""Every check together: within a second before a run, in full for `affectree doctor`."""

from __future__ import annotations

import os
import resource
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from actors.environment import given, why_not_compiling
from rewards.errors import UserError
from rl.config.model_check import ModelError, check_judge_model
from rl.config.rules import joins_cluster
from rl.config.schema import Config, scorer_entries
from rl.doctor import checkpoint, disk, gpus, machine, places, rows, services, variables
from rl.doctor.finding import Finding


class Unfit(UserError):
    """This machine, or what the configuration names, cannot do the run."""


def refuse(findings: Sequence[Finding]) -> None:
    """Raise `Unfit` with all faults, if there are any."""
    faults = [str(one) for one in findings if one.verdict == "fault"]
    if faults:
        listed = f" {faults[0]}" if len(faults) == 1 else "".join(f"\n  - {fault}" for fault in faults)
        raise Unfit(f"this run cannot be done here:{listed}")


def quick(config: Config, run: Path | None = None) -> list[Finding]:
    """The checks before a run starts any process. They take less than a second and need no Ray, no torch and no network.

    Args:
        config: of the run. Its scorers are not checked, since `load_config` has loaded them.
        run: the run's directory if it is resumed.
    """
    local = services.starts_local_cluster(config, os.environ)
    return [
        *_machine(config, local),
        *_room(config, run),
        checkpoint.checkpoint(config.model),
        *rows.data(config),
        services.tracker(config),
        variables.forwarded(config, os.environ),
    ]


def diagnose(config: Config | None) -> list[Finding]:
    """All checks. They start nothing that lasts, and take seconds, or as long as reading all rows does.

    Args:
        config: of the run. Without one only the machine is checked, for what the defaults need.
    """
    if config is None:
        return [*_machine(Config(), local=True), *_room(Config(), None)]
    local = services.starts_local_cluster(config, os.environ)
    return [
        *_machine(config, local),
        *_room(config, None),
        checkpoint.checkpoint(config.model, ask_hub=True),
        *_judge(config),
        *rows.data(config, in_full=True),
        _scorers(config),
        variables.forwarded(config, os.environ),
        services.tracker(config, ask=True),
        *([] if local else [services.cluster(config)]),
    ]


def _machine(config: Config, local: bool) -> list[Finding]:
    """The checks of the machine, which read no file that the configuration names.

    Args:
        config: of the run.
        local: engines and learners run on this machine; otherwise only the driver does.
    """
    system = machine.operating_system(sys.platform)
    if system.verdict == "fault":  # what follows would not even run there
        return [system]
    found = [
        system,
        machine.interpreter(sys.version_info[:2], sys.executable),
        gpus.gpus(config, gpus.driver(os.environ), shutil.which("nvidia-smi"), local),
        places.caches(os.environ, given()),
        places.temporary(os.environ, given()),
    ]
    return [*found, *_for_workers(config)] if local else found


def _for_workers(config: Config) -> list[Finding]:
    """The checks of a machine that engines and learners run on."""
    judge = config.rewards.judge.engines + 1 if config.rewards.judge else 0  # and its server
    workers = config.learner.ranks + config.rollout.engines + config.rewards.workers + judge
    return [
        gpus.engine_build(config, gpus.installed_build()),
        machine.compilers(why_not_compiling(), shutil.which(os.environ.get("CC") or "gcc") or shutil.which("clang"), config),
        machine.processors(machine.usable_processors(len(os.sched_getaffinity(0))), config),
        machine.memory(machine.usable_memory(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")), config),
        places.shared_memory(places.free_shared_memory(), config),
        machine.open_files(*resource.getrlimit(resource.RLIMIT_NOFILE), workers),
        services.local_cluster(config, os.cpu_count() or 1),
    ]


def _room(config: Config, run: Path | None) -> list[Finding]:
    """The checks of disks and of what earlier runs left there."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    written = sum(file.stat().st_size for file in run.rglob("*") if file.is_file()) if run else 0
    wanted = disk.needs(config, checkpoint.parameters_of(config.model), cache, written)
    return [*disk.disk(wanted), places.leftovers(config)]


def _judge(config: Config) -> list[Finding]:
    """Whether the judge that the run hosts can be had; nothing where it hosts none."""
    if config.rewards.judge is None:
        return []
    try:
        check_judge_model(config.rewards.judge)
    except ModelError as error:
        found, _, advice = str(error).partition("; ")
        return [Finding("judge", "fault", found, advice)]
    return [Finding("judge", "ok", config.rewards.judge.model)]


def _scorers(config: Config) -> Finding:
    """Whether every scorer can be loaded."""
    from rewards.plugins.spec import NotInstalled, PluginError
    from rewards.plugins.trial import try_out

    absent = []
    try:
        entries = scorer_entries(config)
        for entry in entries:
            try:
                try_out(entry.scorer)
            except NotInstalled as error:
                if not joins_cluster(config, os.environ):
                    raise
                absent.append(str(error))
    except PluginError as error:
        return Finding("scorers", "fault", str(error), "affectree reward check SPEC shows more")
    if absent:
        return Finding("scorers", "warning", f"not on this machine: {'; '.join(absent)}", "the cluster's nodes have to have them")
    return Finding("scorers", "ok", ", ".join(entry.scorer.name for entry in entries) or "none")
