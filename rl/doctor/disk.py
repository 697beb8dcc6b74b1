"""How much a run will write, and whether there is room for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from actors.folders import nearest, temporary_folder
from rl.config.schema import Config
from rl.doctor.finding import Finding, gib
from rl.doctor.rows import row_files

MOMENTS = 8
"""Bytes that the optimizer keeps for each trained parameter: two moments in float32."""
MASTER = 4
"""Bytes of a trained parameter's float32 copy, which is kept where the weights are bfloat16."""
BYTES_OF_A_CLIP = 45_000
"""Bytes of a drawn clip with its 32 rows."""
BYTES_OF_AN_INDEX = 36
"""Bytes that are kept of a row, which has some 500 of its own."""
BYTES_OF_A_SAMPLE = 2_000
BYTES_OF_A_TRACE = 20_000
LOGS_AND_REPORTS = 64 * 2**20
TEMPORARY = 256 * 2**20
"""Bytes of a local Ray cluster's logs and of what torch compiles."""


@dataclass(frozen=True)
class Need:
    """Bytes that a run will write at one place."""

    what: str
    place: Path
    size: float


def needs(config: Config, parameters: int | None, caches: Path, written: int = 0) -> list[Need]:
    """What a run will write, by place. An estimate, rather too low than too high.

    Args:
        config: of the run.
        parameters: how many the model has; if None, its weights are left out.
        caches: where libraries keep their caches.
        written: bytes that a resumed run has written already.
    """
    grpo = config.grpo
    samples = grpo.steps * (grpo.prompts * grpo.group * BYTES_OF_A_SAMPLE + config.tracking.traces * BYTES_OF_A_TRACE)
    run = LOGS_AND_REPORTS + samples + (bytes_of_weights(config, parameters) if parameters else 0)
    clips = config.data.faces.clips * 1.5 if config.data.faces and not row_files(config) else 0
    index = sum(file.stat().st_size for file in row_files(config)) * BYTES_OF_AN_INDEX / 500
    tables = sum(2 * file.stat().st_size for file in row_files(config) if file.suffix == ".parquet")  # kept as Arrow
    return [
        Need("runs", Path(config.runs), max(LOGS_AND_REPORTS, run - written)),
        Need("data", Path(config.data.directory), clips * BYTES_OF_A_CLIP),
        Need("caches", caches, index + tables),
        Need("temporary files", temporary_folder(), TEMPORARY),
    ]


def bytes_of_weights(config: Config, parameters: int) -> float:
    """Bytes of all checkpoints that exist at one time, with the one being written, and of the models before and after GRPO."""
    width = 2 if config.model.dtype == "bfloat16" else 4
    trained = 0 if config.model.lora else parameters  # adapters are small beside the model
    state = parameters * width + trained * (MOMENTS + (MASTER if width == 2 else 0))
    best = 2 if config.evaluation.every and config.evaluation.keep_best else 0
    models = 3 if config.model.init == "tiny" else 2
    return (config.checkpoints.keep + 1 + best) * state + models * parameters * width


def disk(wanted: Iterable[Need], free: Callable[[Path], int] = lambda place: shutil.disk_usage(place).free) -> list[Finding]:
    """A finding for each file system: a fault if what will be written does not fit, a warning if it only just does.

    Args:
        wanted: what will be written, from `needs`.
        free: gives the bytes that are free on a folder's file system.
    """
    by_device: dict[int, list[Need]] = {}
    for need in wanted:
        by_device.setdefault(nearest(need.place).stat().st_dev, []).append(need)
    return [_room(together, free(nearest(together[0].place))) for together in by_device.values()]


def _room(together: list[Need], free: int) -> Finding:
    size = sum(need.size for need in together)
    what = ", ".join(f"{need.what} {gib(need.size)}" for need in together if need.size)
    places = ", ".join(dict.fromkeys(str(need.place) for need in together if need.size))
    shown = f"{gib(free)} free for {places}; about {gib(size)} will be written ({what})"
    if free < size:
        advice = "free some space, set runs and data.directory to a larger disk, or keep less (checkpoints.keep)"
        return Finding("disk", "fault", shown, advice)
    if free < 1.2 * size + 2**30:
        return Finding("disk", "warning", shown, "it may not suffice, since others write there too; free some space")
    return Finding("disk", "ok", shown)
