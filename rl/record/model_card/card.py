"""README.md in a model's folder: where the model comes from, what it was measured at, how it is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader

from rl.config.data_sets import data_sets
from rl.config.schema import Config
from rl.record.console import cell
from rl.record.files import write_atomically
from rl.record.measures import meanings
from rl.record.model_card.base import Base, base_of
from rl.record.model_card.shown_config import shown_config, shown_text
from rl.record.runs.directory import RunDirectory
from rl.record.runs.history import sessions
from rl.record.runs.progress import Progress

CONFIG = "affectree.yaml"
"""The run's settings, beside the card."""
_ELSEWHERE = ("name", "runs", "tracking", "cluster")
"""Settings by which a model is no other one."""
_FOLDER = re.compile(r"(?<=\.)(?:~|/)(?:[^/]*/)*")
"""The folder of a file that a scorer in a dotted key is named by."""
_TAGS = ("affectree", "affective-tree", "emotion-recognition", "video", "grpo")


@dataclass(frozen=True)
class Carded:
    """What a card is about."""

    progress: Progress
    """Where the run stood."""
    finished: bool
    """Whether it is the run's model, rather than one of the way there."""
    adapter: bool = False
    """Whether the folder holds adapters, rather than a whole model."""


def write_cards(directory: RunDirectory, config: Config, progress: Progress) -> None:
    """Write the cards of the run's model, and of its adapters if it has some.

    Args:
        directory: of the run.
        config: with the steps of every stage.
        progress: at the run's end.
    """
    for folder, adapter in ((directory.model, False), (directory.model / "adapter", True)):
        if folder.is_dir():
            write_card(folder, directory, config, Carded(progress, finished=True, adapter=adapter))


def write_card(folder: Path, directory: RunDirectory, config: Config, about: Carded) -> None:
    """Write README.md and affectree.yaml into the folder of a model or of adapters."""
    environment = Environment(
        loader=PackageLoader("rl.record.model_card", "."), trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    summary, state, base = directory.summary(), directory.state(), base_of(config.model)
    stages = [stage for stage in summary["stages"] if about.finished or about.progress.includes_evaluation(stage)]
    text = environment.get_template("card.md").render(
        front=yaml.safe_dump(_front_matter(config, base, about), sort_keys=False, allow_unicode=True),
        name=config.name,
        about=about,
        base=base,
        config=config,
        step=_best_step(about),
        scores=[list(row) for row in _scores(summary, stages)],
        stages=stages,
        meanings=meanings(summary["measures"]),
        validated=_validated(directory, about),
        data_sets=[
            one.name or shown_text(str(one.directory or "")) or "one that its files name" for one in data_sets(config.data)
        ],
        splits=state.get("data", {}),
        lengths={name: stage.steps or state.get("stage_steps", {}).get(name) for name, stage in config.curriculum.stages.items()},
        mixes={name: ", ".join(shown_text(one) for one in stage.mix) for name, stage in config.curriculum.stages.items()},
        scorers={shown_text(name): one.weight for name, one in config.rewards.scorers.items() if one.weight},
        fork=next(_fork(state), None),
        software=state.get("software", {}),
        config_file=CONFIG,
    )
    write_atomically(folder / "README.md", text)
    write_atomically(folder / CONFIG, shown_config(config))


def _front_matter(config: Config, base: Base, about: Carded) -> dict[str, Any]:
    """What the Hugging Face hub reads of a card."""
    relation = "adapter" if about.adapter else "finetune"
    return {
        **base.license,
        **({"base_model": base.hub_name, "base_model_relation": relation} if base.hub_name else {}),
        "library_name": "peft" if about.adapter else "transformers",
        "pipeline_tag": "video-text-to-text",
        "tags": [*_TAGS, *(["lora"] if config.model.lora else [])],
    }


def _fork(state: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Where a fork begins, and the keys of the settings that its parent had others of; their values may be private."""
    for one in sessions(state):
        if one.kind == "forked":
            others = [_FOLDER.sub("", key) for key in one.changed if key.partition(".")[0] not in _ELSEWHERE]
            yield {"phase": "GRPO" if one.phase == "grpo" else "tuning", "step": one.step, "others": others}


def _best_step(about: Carded) -> int:
    """The GRPO step that the weights are of."""
    progress = about.progress
    return progress.best_step or progress.step if about.finished else progress.step


def _scores(summary: Mapping[str, Any], stages: Sequence[str]) -> Iterator[Iterator[str]]:
    """A row for each measure: its name, the rows that it was measured on, its baselines, and each stage's value."""
    for measure in dict.fromkeys([*summary["measures"], *chain(*(summary["stages"][stage] for stage in stages))]):
        counts = [summary.get("rows", {}).get(stage, {}).get(measure) for stage in stages]
        rows = next((str(count) for count in counts if count is not None), "-")
        guesses = (cell(measure, summary[source].get(measure)) for source in ("chance", "majority"))
        yield chain([measure, rows], guesses, (_with_interval(summary, stage, measure) for stage in stages))


def _with_interval(summary: Mapping[str, Any], stage: str, measure: str) -> str:
    shown = cell(measure, summary["stages"][stage].get(measure))
    interval = summary["intervals"].get(stage, {}).get(measure)
    return f"{shown} [{', '.join(cell(measure, bound) for bound in interval)}]" if interval else shown


def _validated(directory: RunDirectory, about: Carded) -> dict[str, float]:
    """What the step that the weights are of was measured at on the val split."""
    lines = directory.metrics.read() if about.progress.phase == "grpo" else []
    of_step = [line["metrics"] for line in lines if line.get("phase") == "grpo" and line["step"] == _best_step(about)]
    metrics = of_step[-1] if of_step else {}
    return {name.removeprefix("val/"): value for name, value in metrics.items() if name.startswith("val/")}
