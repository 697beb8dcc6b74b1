"""Who descends from a process, what they hold, and their end."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import time

import psutil

from rewards.plugins.descendants import below, end_below, memory_above

MIB = 2**20


def test_all_generations_are_found_and_ended_and_the_root_is_not() -> None:
    code = "import subprocess; subprocess.Popen(['sh', '-c', 'sleep 3599 & sleep 3599'], start_new_session=True).wait()"
    root = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 20
    while len(below(root.pid)) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    found = below(root.pid)
    assert sorted(found) == sorted(child.pid for child in psutil.Process(root.pid).children(recursive=True))
    assert len(found) == 3
    assert set(found) < set(below(os.getpid()))
    end_below(root.pid, seconds=10)
    assert below(root.pid) == []
    assert root.wait(timeout=10) == 0  # it saw its child's end and went on
    assert not any(psutil.pid_exists(process) and psutil.Process(process).status() != "zombie" for process in found)


def test_the_dead_that_nobody_has_taken_note_of_are_not_among_them() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert child not in below(os.getpid())
    os.waitpid(child, 0)


def test_own_and_shared_memory_counts_once_and_mapped_files_do_not(tmp_path: os.PathLike[str]) -> None:
    code = """
import mmap, os, sys
file = open(os.path.join(sys.argv[1], "file"), "w+b")
file.truncate(2**26)
mapped = mmap.mmap(file.fileno(), 2**26)
shared = mmap.mmap(-1, 2**26)
own = mmap.mmap(-1, 2**25, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for memory in (mapped, shared, own):
    for place in range(0, len(memory), mmap.PAGESIZE):
        memory[place] = 1
child = os.fork()
if child == 0:
    sum(shared[place] for place in range(0, len(shared), mmap.PAGESIZE))
    os.write(1, b"ready")
    os.read(0, 1)
    os._exit(0)
os.wait()
"""
    root = subprocess.Popen([sys.executable, "-c", code, os.fspath(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert root.stdout is not None
    assert root.stdout.read(5) == b"ready"
    family = [root.pid, *below(root.pid)]
    held = memory_above(family, 0)
    assert held is not None
    kind = subprocess.run(["stat", "-f", "-c", "%T", tmp_path], capture_output=True, text=True, check=True).stdout.strip()
    in_memory = 64 * MIB if kind == "tmpfs" else 0  # a file there is memory, and no page of it can be dropped
    least, most = 96 * MIB + in_memory, 136 * MIB + in_memory  # 64 shared, 32 of its own, and the interpreter
    assert least < held < most
    assert memory_above(family, least + 104 * MIB) is None
    assert memory_above(family, most + 4 * MIB) is None  # more than that if what is shared counted twice
    assert memory_above([], 0) is None
    root.communicate(b"x")


def test_a_process_that_is_gone_holds_nothing() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    assert memory_above([child.pid], 0) is None
    assert (memory_above([os.getpid()], 0) or 0) > mmap.PAGESIZE
