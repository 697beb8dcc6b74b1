"""Environment variables of every process of a run. What a user has set stays.

`prepare_process` comes first in every command, since libraries read their variables once, when they are imported. It also
gives way to the machine: a home folder that cannot be written to, a temporary folder whose name sockets or compilers do not
take, a proxy, a missing compiler. `affectree doctor` says what was done.
"""

from __future__ import annotations

import os
import pwd
import resource
import shlex
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path

from actors.folders import holds_sockets, is_plain, nearest, private_folder, short_link, temporary_folder, writable

QUIET = {
    "PYTHONWARNINGS": "ignore::FutureWarning,ignore::UserWarning,ignore::DeprecationWarning",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TQDM_DISABLE": "1",
    "DS_LOG_LEVEL": "error",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TOKENIZERS_PARALLELISM": "false",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
    "RAY_DEDUP_LOGS": "0",
}
"""Variables that keep the libraries' chatter out of a run's log."""

OPENMP = Path(sys.prefix) / "lib" / "libiomp5.so"
"""Intel's OpenMP, which vLLM's CPU build brings along."""

MOST_OPEN_FILES = 65_536
"""The most open files that a process is allowed: as many as Ray asks for. With more, programs that close every possible
file take long."""

_CACHES = {
    "XDG_CACHE_HOME": (".cache", ("affectree", "vllm", "numba", "torch")),
    "XDG_CONFIG_HOME": (".config", ("vllm", "mlflow", "matplotlib")),
    "TRITON_HOME": (".triton", ("autotune",)),  # DeepSpeed makes it as it is imported
    "FLASHINFER_WORKSPACE_BASE": ("", (".cache/flashinfer",)),
}
"""Variable -> the place under the home folder that it stands for, and the folders that libraries write to there."""

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_OF_ONE_NODE = ("TMPDIR", "RAY_TMPDIR", "NO_PROXY", "no_proxy")
_given: dict[str, str] = {}


def prepare_process() -> None:
    """Set up this process and all that it starts. Call it before the libraries are imported."""
    hush()
    _give(temporary_variables(os.environ))
    tempfile.tempdir = None  # read TMPDIR again
    _give(cache_variables(os.environ))
    _give(proxy_variables(os.environ))
    raise_open_files()


def given() -> Mapping[str, str]:
    """The variables that `prepare_process` has set because of this machine."""
    return dict(_given)


def hush() -> None:
    """Quiet this process, before the libraries are imported."""
    os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})


def worker_environment(on_cpu: bool) -> dict[str, str]:
    """Variables that the worker processes of a run start with; what else they are given is in `actors/forwarding.py`.

    On CPUs engine and learner take turns on the same cores. Threads that go to sleep at once after their work, rather than
    spin, leave the cores to the other (measured in docs/benchmarks.md).

    Args:
        on_cpu: neither engines nor learner have a GPU.
    """
    wanted = dict(QUIET)
    if on_cpu and OPENMP.is_file():
        wanted |= {"LD_PRELOAD": preloadable(OPENMP), "KMP_BLOCKTIME": "1"}
    if on_cpu and why_not_compiling():
        wanted["TORCH_COMPILE_DISABLE"] = "1"  # vLLM compiles parts of its sampler, also with enforce_eager
    of_this_machine = {name: value for name, value in _given.items() if name not in _OF_ONE_NODE}
    return {name: os.environ.get(name, value) for name, value in wanted.items()} | of_this_machine


def cache_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Places for the libraries' caches under the temporary folder, where those in the home folder cannot be written to.

    Models and the token of the Hugging Face hub that are in the home folder are still read from there.
    """
    home = environ.get("HOME") or _home_of_user()
    wanting = [
        name
        for name, (place, folders) in _CACHES.items()
        if home and not environ.get(name) and not all(writable(Path(home, place, folder)) for folder in folders)
    ]
    stand_in = private_folder(temporary_folder()) if wanting or not home else None
    if stand_in is None:
        return {}
    if not home:  # a user without a name, as in many containers: libraries fail when they look for `~`
        (stand_in / "home").mkdir(mode=0o700, exist_ok=True)
        return {"HOME": str(stand_in / "home")}
    found = {name: str(stand_in / name.lower()) for name in wanting}
    if "XDG_CACHE_HOME" in found and not environ.get("HF_HOME"):
        hub = Path(home, ".cache", "huggingface")
        kept = {"HF_HUB_CACHE": hub / "hub", "HF_TOKEN_PATH": hub / "token"}
        found |= {name: str(place) for name, place in kept.items() if not environ.get(name) and os.access(place, os.R_OK)}
    return found


def temporary_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """A link with a short and plain name for the temporary folder, where its own name is too much for sockets or compilers."""
    found = {}
    for name in ("TMPDIR", "RAY_TMPDIR"):
        folder = environ.get(name)
        if folder and not holds_sockets(folder) and Path(folder).is_dir() and (link := short_link(Path(folder))):
            found[name] = str(link)
    return found


def proxy_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables by which this machine's own servers, such as MLflow or a judge, are reached past a proxy."""
    proxied = any(environ[name] for name in environ if name.lower() in ("http_proxy", "https_proxy", "all_proxy"))
    listed = [host.strip() for name in ("no_proxy", "NO_PROXY") for host in environ.get(name, "").split(",")]
    if not proxied or "*" in listed:
        return {}
    hosts = ",".join(dict.fromkeys(host for host in (*listed, *_LOCAL_HOSTS) if host))
    return {"no_proxy": hosts, "NO_PROXY": hosts}  # some libraries read the one, some the other


def raise_open_files() -> None:
    """Allow this process, and what it starts, as many open files as it may have, up to `MOST_OPEN_FILES`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def why_not_compiling() -> str | None:
    """What torch.compile lacks here, in words; None if nothing. It calls a C++ compiler with paths that it does not quote."""
    compiler = shlex.split(os.environ.get("CXX") or "g++")[0]
    headers = Path(sysconfig.get_path("include"))
    work = Path(os.environ.get("TORCHINDUCTOR_CACHE_DIR") or temporary_folder())
    if shutil.which(compiler) is None:
        return f"there is no C++ compiler ({compiler})"
    if not (headers / "Python.h").is_file():
        return f"there is no {headers / 'Python.h'}"
    for path in (Path(sys.prefix), headers, work):
        if not is_plain(path):
            return f"a compiler's command line does not take {str(path)!r}"
    if os.statvfs(nearest(work)).f_flag & os.ST_NOEXEC:
        return f"{work} is mounted noexec"
    return None


def preloadable(library: Path) -> str:
    """A path of a library that may stand in LD_PRELOAD, which is split at blanks and colons; empty if there is none."""
    if is_plain(library) and ":" not in str(library):
        return str(library)
    link = short_link(library.parent)
    return str(link / library.name) if link else ""


def _give(variables: Mapping[str, str]) -> None:
    os.environ.update(variables)
    _given.update(variables)


def _home_of_user() -> str | None:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return None
