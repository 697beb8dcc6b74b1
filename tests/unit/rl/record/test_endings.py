"""How a command ends: exit status, one line, and where the traceback is."""

from __future__ import annotations

import errno
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from rewards.errors import UserError
from rl.record.endings import FAULT, MENDABLE, end, mendable
from rl.record.interrupts import Interrupted

WAITING = """
import sys, time
from rl.record.endings import end
def command():
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("stopping", flush=True)
        time.sleep({stopping})
        print("stopped", flush=True)
sys.exit(end(command))
"""

pytestmark = pytest.mark.usefixtures("signals")


def raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


def noted(error: BaseException, note: str) -> BaseException:
    error.add_note(note)
    return error


def test_a_command_that_is_done_has_status_0_or_its_own() -> None:
    assert end(lambda: None) == 0
    assert end(lambda: 1) == 1
    assert end(raising(SystemExit(3))) == 3


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("row 3 is\n  no row"), "error: row 3 is no row"),
        (noted(UserError("x"), "full traceback: y"), "error: x (full traceback: y)"),
        (typer.BadParameter("must be 1"), "error: Invalid value: must be 1"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a b"), "error: a b: no such file; check the path"),
        (
            ModuleNotFoundError("No module named 'ray'", name="ray"),
            "error: ray is not installed, which this command needs; install",
        ),
        (OSError(errno.ENOSPC, "No space left on device", "x"), "error: x: no space left on device; free some space"),
        (FileExistsError(errno.EEXIST, "File exists", "x"), "error: x: file exists; something else is there; choose another"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(error: BaseException, line: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert end(raising(error)) == MENDABLE
    said = capfd.readouterr().err
    assert said.startswith(line)
    assert said.count("\n") == 1


class SafetensorError(Exception):
    """Named as the library's, which is no OSError either."""


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"),
        RuntimeError("write(): fd 3 failed with No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
    ids=["torch.save", "torch.save of old", "safetensors"],
)
def test_what_libraries_say_of_a_full_disk_is_no_fault_of_affectree(error: Exception, capfd: pytest.CaptureFixture[str]) -> None:
    assert end(raising(error)) == MENDABLE
    said = capfd.readouterr().err
    assert said.startswith(f"error: a file could not be written to its end ({error}); free some space")
    assert said.count("\n") == 1


def test_another_error_of_torch_stays_a_fault() -> None:
    assert mendable(RuntimeError("[enforce fail at inline_container.cc:145] . failed finding central directory")) is None


def test_several_problems_have_a_line_each(capfd: pytest.CaptureFixture[str]) -> None:
    assert end(raising(UserError("cannot be used:\n  - a\n  - b"))) == MENDABLE
    assert capfd.readouterr().err == "error: cannot be used:\n  - a\n  - b\n"


def test_what_an_actor_raised_is_told_as_if_it_had_been_raised_here() -> None:
    from ray.exceptions import ObjectStoreFullError, RayTaskError

    class Mistake(UserError):
        pass

    inner = RayTaskError("score", "Traceback …", Mistake("the scorer has no file"))
    assert mendable(RayTaskError("ask", "Traceback …", inner).as_instanceof_cause()) == "the scorer has no file"
    assert mendable(RayTaskError("score", "Traceback …", KeyError("x")).as_instanceof_cause()) is None
    assert "raise cluster.object_store_gib" in str(mendable(ObjectStoreFullError("full")))


def test_a_fault_says_so_and_keeps_its_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    assert end(raising(KeyError("grpo"))) == FAULT
    said = capfd.readouterr().err
    found = re.fullmatch(
        r"error: this is a fault of affectree: KeyError: 'grpo' at (.+), line (\d+) \(full traceback: (.+)\); .+\n", said
    )
    assert found, said
    assert found[1] == __file__
    kept = Path(found[3])
    assert "in raising\n" not in said
    assert "KeyError: 'grpo'" in kept.read_text()
    kept.unlink()


def test_an_interrupt_says_how_to_go_on(capfd: pytest.CaptureFixture[str]) -> None:
    assert end(raising(noted(Interrupted(signal.SIGTERM), "go on with: affectree train --resume x"))) == 143
    assert capfd.readouterr().err == "interrupted (go on with: affectree train --resume x)\n"


def test_an_interrupt_that_a_library_made_another_error_of_is_still_one(capfd: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        try:
            raise Interrupted(signal.SIGINT)
        except Interrupted as stop:
            raise SystemError("<wait> returned a result with an exception set") from stop

    assert end(command) == 130
    assert capfd.readouterr().err == "interrupted\n"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_everything_be_stopped_and_a_second_one_does_not_wait(number: signal.Signals, status: int) -> None:
    for stopping, signals, says in ((0, 1, "stopping\nstopped\n"), (60, 2, "stopping\n")):
        words = [sys.executable, "-c", WAITING.format(stopping=stopping)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None and process.stderr is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            if signals == 2:
                assert process.stdout.readline() == "stopping\n"
                process.send_signal(number)
            said, errors = process.communicate(timeout=30)
        assert process.returncode == status
        assert ("stopping\n" if signals == 2 else "") + said == says
        assert errors == ("interrupted\n" if signals == 1 else "")
