"""How a command ends, and its exit status: done (0), a check that failed (1), a mistake of the user's (2), an interrupt (130 or
143), a fault of affectree (70). All but the first two are told in one line; a fault's traceback is kept in a file."""

from __future__ import annotations

import errno
import tempfile
import traceback
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.text import Text
from typer.exceptions import Abort, TyperException

from rewards.errors import UserError
from rl.record.interrupts import interrupt_of, take_signals

MENDABLE, FAULT = 2, 70

_ADVICE = {
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "a part of the path is a file; check it",
    errno.EISDIR: "a folder is there; give a file",
    errno.EEXIST: "something else is there; choose another place",
    errno.ENAMETOOLONG: "check the path",
    errno.ELOOP: "a link leads back to itself; check the path",
    errno.EACCES: "change its permissions, or choose another place",
    errno.EPERM: "change its permissions, or choose another place",
    errno.EROFS: "choose a place that can be written to",
    errno.ENOSPC: "free some space, or choose another place; an interrupted run goes on with --resume",
    errno.EDQUOT: "free some space, or choose another place; an interrupted run goes on with --resume",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "close programs that hold many files open",
}
"""What the operating system refuses -> what a user can do about it."""

_CUT_OFF = ("no space left on device", "inline_container.cc:", "unexpected pos")
"""Signs of a full disk in what safetensors (the first), and torch (the first, or both others), say without an error number."""

_TRAINING = {
    "deepspeed",
    "mlflow",
    "openrlhf",
    "peft",
    "psutil",
    "ray",
    "safetensors",
    "tokenizers",
    "torch",
    "transformers",
    "vllm",
}
"""Modules that come with the extras `cpu` and `gpu` only."""

_RAY = {
    "OutOfMemoryError": "Ray ended it because the node's memory was nearly full; ask for less (rollout.cache_gib, "
    "data.clip_cache_gib, learner.token_budget), or for larger nodes",
    "OutOfDiskError": "a node's disk is full; free some space under RAY_TMPDIR",
    "ObjectStoreFullError": "the object store is full; raise cluster.object_store_gib",
    "NodeDiedError": "a node of the cluster is gone; the run goes on with --resume",
    "LocalRayletDiedError": "Ray's process on this node is gone; the run goes on with --resume",
    "RuntimeEnvSetupError": "workers could not be set up; see the cause",
    "RayActorError": "a worker's process ended; see logs/ in the run directory; the run goes on with --resume",
}
"""Ray's errors -> what a user can do about them. They are told by name, so that commands that need no Ray do not import it; an
error that derives from one that is listed has its advice."""


def end(command: Callable[[], int | None]) -> int:
    """Run a command, print one line about how it ended if it did not end well, and return the exit status.

    Args:
        command: what to run; its own exit status, or None for 0.
    """
    take_signals()
    try:
        return command() or 0
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException as error:  # noqa: BLE001 - the last place where anything can be said
        interrupt = interrupt_of(error)
        if interrupt is not None or isinstance(error, (Abort, KeyboardInterrupt)):
            _tell(f"interrupted{_notes(error)}")
            return interrupt.exit_status if interrupt else 130
        message = mendable(error)
        if message is not None:
            if message:  # none where the help has just been shown
                _tell(f"error: {message}{_notes(error)}")
            return MENDABLE
        _tell(f"error: {_fault(error)}")
        return FAULT


def mendable(error: BaseException) -> str | None:
    """The line for an error that a user can mend, with what to do; None for every other error.

    An error that an actor raised is judged by what was raised there, not by how Ray passes it on. An empty line means that
    what had to be said has been said.
    """
    for one in _chain(error):
        if isinstance(one, UserError):
            return str(one) if "\n  - " in str(one) else " ".join(str(one).split())
        if isinstance(one, TyperException):
            return _of_command_line(one)
        if isinstance(one, OSError) and one.errno in _ADVICE:
            place = f"{one.filename}: " if one.filename else ""
            return f"{place}{(one.strerror or str(one)).lower()}; {_ADVICE[one.errno]}"
        if _is_of_a_full_disk(one):
            return f"a file could not be written to its end ({_first_line(one)}); {_ADVICE[errno.ENOSPC]}"
        if isinstance(one, ModuleNotFoundError) and one.name in _TRAINING:
            return f"{one.name} is not installed, which this command needs; install affectree with its extra `cpu` or `gpu`"
        if type(one).__name__ == "OutOfMemoryError" and type(one).__module__.startswith("torch"):
            return f"a GPU's memory is full ({_first_line(one)}); lower learner.token_budget or rollout.gpu_memory"
        for kind in type(one).__mro__:
            if kind.__module__ == "ray.exceptions" and kind.__name__ in _RAY:
                return f"{_first_line(one)} {_RAY[kind.__name__]}"
    return None


def _is_of_a_full_disk(error: BaseException) -> bool:
    """Whether torch or safetensors, whose errors are no OSError, could not write on."""
    if not (isinstance(error, RuntimeError) or type(error).__name__ == "SafetensorError"):
        return False
    said, (full, *torch) = str(error).lower(), _CUT_OFF
    return full in said or all(sign in said for sign in torch)


def _of_command_line(error: TyperException) -> str:
    """The line for a mistake on the command line; it points to the command's help unless it names something nearer."""
    said, context = " ".join(error.format_message().split()), getattr(error, "ctx", None)
    if not said or context is None or "Did you mean" in said or "Possible options" in said:
        return said
    return f"{said.rstrip('.')}; see {context.command_path} --help"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it comes from, the innermost first: an actor's own error before the one that Ray makes of it."""
    if isinstance(cause := getattr(error, "cause", None), BaseException):
        yield from _chain(cause)
    yield error


def _fault(error: BaseException) -> str:
    """The line for a fault of affectree: what happened, where, and which file to send with the report."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename}, line {frames[-1].lineno}" if frames else ""
    notes = _notes(error) or f" (full traceback: {_kept(error)})"
    what = f"{type(error).__name__}: {_first_line(error)}"
    return f"this is a fault of affectree: {what}{where}{notes}; please report it to the project with that file"


def _kept(error: BaseException) -> str:
    """Write an error's traceback to a new temporary file and return its path; a run has a log for that (`log.py`)."""
    with tempfile.NamedTemporaryFile("w", prefix="affectree-", suffix=".log", delete=False) as file:
        file.write("".join(traceback.format_exception(error)))
    return file.name


def _notes(error: BaseException) -> str:
    notes = getattr(error, "__notes__", [])
    return f" ({'; '.join(notes)})" if notes else ""


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _tell(message: str) -> None:
    Console(stderr=True, soft_wrap=True).print(Text(message, style="" if message.startswith("interrupted") else "bold red"))
