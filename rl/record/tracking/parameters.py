"""The parameters of a run, and what was changed when it was gone on with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from omegaconf import OmegaConf

from rl.config.schema import Config
from rl.record.runs.directory import RunDirectory
from rl.record.runs.history import Session, sessions


def run_parameters(config: Config, directory: RunDirectory) -> dict[str, Any]:
    """What a run was begun with: its resolved config, flat, the hashes of its scorers, and what decodes its media."""
    values = flat(cast(dict[str, Any], OmegaConf.to_container(OmegaConf.structured(config))))
    for session in reversed(_resumed(directory)):
        for key, (old, _) in session.changed.items():
            if old is None and key not in values:
                continue
            if not any(name.startswith(f"{key}.") for name in values):  # as the order of the stages, beside the stages themselves
                values[key] = old
    values |= {f"curriculum.stages.{name}.steps": steps for name, steps in directory.state().get("stage_steps", {}).items()}
    hashes = {f"scorer_sha256.{name}": sha for name, sha in directory.state().get("scorers", {}).items()}
    decoder = directory.summary().get("decoder")
    return {**values, **hashes, **({"decoder": decoder} if decoder else {})}


def note_stage_steps(config: Config, directory: RunDirectory) -> None:
    """Keep the steps of stages that are given in epochs, which the training rows tell.

    Args:
        config: with the steps of every stage.
        directory: the run's folder.
    """
    steps = {name: stage.steps for name, stage in config.curriculum.stages.items() if stage.epochs is not None}
    directory.remember(stage_steps={**steps, **directory.state().get("stage_steps", {})})


def changes(directory: RunDirectory) -> dict[str, Any]:
    """Tags about each time that a run was gone on with: after which step (`resume.N.at`) of which phase (`resume.N.phase`), and
    `resume.N.KEY` for each setting with another value."""
    tags: dict[str, Any] = {}
    for number, session in enumerate(_resumed(directory), start=1):
        tags |= {f"resume.{number}.at": session.step, f"resume.{number}.phase": session.phase}
        tags |= {f"resume.{number}.{key}": new for key, (_, new) in session.changed.items()}
    return tags


def _resumed(directory: RunDirectory) -> list[Session]:
    return [session for session in sessions(directory.state()) if session.kind == "resumed"]


def flat(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings by dotted names."""
    return dict(_flat(tree, ""))


def _flat(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
