"""Folders outside of a run: home and its caches, the temporary folder, shared memory, and what earlier runs left half done."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from actors.folders import SOCKET_BYTES, holds_sockets, socket_bytes, temporary_folder, writable
from rl.config.schema import Config
from rl.doctor.finding import Finding, gib

CACHE_VARIABLES = (
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "HF_HOME",
    "AFFECTREE_CACHE",
    "VLLM_CACHE_ROOT",
    "VLLM_CONFIG_ROOT",
    "TRITON_HOME",
    "TRITON_CACHE_DIR",
    "TORCHINDUCTOR_CACHE_DIR",
    "TORCH_EXTENSIONS_DIR",
    "NUMBA_CACHE_DIR",
    "MPLCONFIGDIR",
)
"""Variables by which a user says where libraries write; they fail if they cannot."""

ON_DISK_AT_MOST = 10**10
"""An object store that /dev/shm is too small for is put on disk by Ray up to this size, and refused above it."""
GPU_SHARED_MEMORY = 2**30
"""Bytes of /dev/shm that NVIDIA advises where several processes share one job on GPUs (NCCL, tensor parallelism)."""


def caches(environ: Mapping[str, str], given: Mapping[str, str]) -> Finding:
    """Whether libraries find a place for their caches.

    Args:
        environ: the environment, after `actors.environment.prepare_process`.
        given: the variables that it has set.
    """
    closed = [f"{name} = {environ[name]}" for name in CACHE_VARIABLES if environ.get(name) and not writable(Path(environ[name]))]
    if closed:
        advice = "set it to a folder that can be written to, or unset it"
        return Finding("caches", "fault", f"cannot be written to: {', '.join(closed)}", advice)
    if "HOME" in given:
        found = f"this user has no home folder; {given['HOME']} stands in for it"
        return Finding("caches", "warning", found, "set HOME to keep the caches for longer")
    home = Path(environ.get("HOME") or "~").expanduser()
    if moved := sorted(name for name in given if name in CACHE_VARIABLES):
        found = f"the home folder {home} cannot be written to; caches are under {Path(given[moved[0]]).parent}"
        return Finding("caches", "warning", found, "set XDG_CACHE_HOME to a folder that stays, to keep them for longer")
    if not environ.get("XDG_CACHE_HOME") and not writable(home / ".cache"):
        advice = "set XDG_CACHE_HOME, XDG_CONFIG_HOME and TRITON_HOME to folders that can be written to"
        return Finding("caches", "fault", f"neither {home} nor {temporary_folder()} can be written to", advice)
    return Finding("caches", "ok", environ.get("XDG_CACHE_HOME") or str(home / ".cache"))


def temporary(environ: Mapping[str, str], given: Mapping[str, str]) -> Finding:
    """Whether the temporary folders can be written to and can hold Unix sockets, whose paths have at most 107 bytes.

    Args:
        environ: the environment, after `actors.environment.prepare_process`.
        given: the variables that it has set.
    """
    variable = next((name for name in ("RAY_TMPDIR", "TMPDIR") if environ.get(name)), None)
    folder = environ[variable] if variable else "/tmp"
    named = f"{folder} ({variable})" if variable else folder
    if closed := [place for place in dict.fromkeys((folder, str(temporary_folder()))) if not writable(Path(place))]:
        advice = "free some space there, or set TMPDIR to a folder that can be written to"
        return Finding("temporary folder", "fault", f"{closed[0]} cannot be written to", advice)
    if not holds_sockets(folder):
        found = f"{named}: Ray's sockets there would have paths of {socket_bytes(folder)} bytes; {SOCKET_BYTES} plain ones may be"
        advice = "make the folder if it is missing (it is then used through a short link), or set RAY_TMPDIR to a short one"
        return Finding("temporary folder", "fault", found, advice)
    if variable and variable in given:
        return Finding(
            "temporary folder", "ok", f"{Path(folder).resolve()}, used through {folder} as its name is too much for sockets"
        )
    return Finding("temporary folder", "ok", named)


def shared_memory(free: int, config: Config) -> Finding:
    """Whether /dev/shm has room for a local cluster's object store and for what processes on GPUs share.

    The weights that engines read are not there (`actors/weights/image.py`).

    Args:
        free: bytes free there; a container has 64 MiB unless it was given more.
        config: of the run.
    """
    learner, rollout = config.learner, config.rollout
    store = config.cluster.object_store_gib * 2**30 if config.cluster.address in (None, "local") else 0.0
    shares = (rollout.gpus and rollout.tensor_parallel > 1) or (learner.gpus and learner.ranks > 1)
    needed = store + (GPU_SHARED_MEMORY if shares else 0)
    shown = f"{gib(free)} free in /dev/shm"
    if free >= needed:
        return Finding("shared memory", "ok", shown)
    advice = f"give a container --shm-size={needed / 2**30:.1f}g"
    if free < store and store > ON_DISK_AT_MOST:
        advice += f", or set cluster.object_store_gib below {ON_DISK_AT_MOST / 2**30:.1f}"
        return Finding("shared memory", "fault", f"{shown}, for an object store of {gib(store)}: Ray will not start", advice)
    where = f"the object store of {gib(store)} is put under {temporary_folder()}, which is slower" if free < store else ""
    what = where or f"processes that share GPUs' work need about {gib(needed)}"
    return Finding("shared memory", "warning", f"{shown}: {what}", advice)


def leftovers(config: Config) -> Finding:
    """Whether earlier commands left anything half done: a data set not drawn to its end, a run without its configuration."""
    cut_off = [str(place) for place, drawing in _partial_data(Path(config.data.directory)) if not drawing]
    cut_off += map(str, _runs_without_config(Path(config.runs)))
    if cut_off:
        return Finding("leftovers", "warning", f"left half done: {', '.join(cut_off)}", "nothing reads them; remove them")
    return Finding("leftovers", "ok", "none")


def _partial_data(data: Path) -> Iterator[tuple[Path, bool]]:
    """The folders that drawings of this data set write to, each with whether its process still runs."""
    folder = data.absolute().parent
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        prefix, _, rest = place.name.partition(f".{data.name}.")
        number = rest.removesuffix(".partial")
        if not prefix and rest.endswith(".partial") and number.isdigit():
            yield place, Path("/proc", number).exists()


def _runs_without_config(runs: Path) -> Iterator[Path]:
    """The run directories that were made and have no config.yaml."""
    for place in sorted(runs.iterdir()) if runs.is_dir() else ():
        if (place / "checkpoints").is_dir() and not (place / "config.yaml").is_file():
            yield place


def free_shared_memory() -> int:
    """How many bytes are free in /dev/shm; 0 if there is none."""
    try:
        found = os.statvfs("/dev/shm")
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
