"""What the tables cannot say: several problems at once, files that may not be read, real processes, and what is no mistake."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.golden.telling import HOME, SECONDS, Mistake, Place, mistakes

NOBODY = 65534
HEAVY = ("torch", "ray", "vllm", "transformers", "deepspeed", "mlflow")
TYPED = f"""
import sys
from rl.cli import app
from rl.record.endings import end
status = end(lambda: app(sys.argv[1:], prog_name="affectree", standalone_mode=False))
print(sorted(set(sys.modules) & {{*{HEAVY!r}}}))
sys.exit(status)
"""


def test_there_are_many_and_none_stands_twice() -> None:
    tables = [mistakes(name) for name in ("configs", "rows", "runs", "scorers")]
    typed = [repr((m.words, m.files, m.environment, m.run)) for table in tables for m in table]
    assert len(set(typed)) == len(typed) >= 60


def test_several_problems_have_a_line_each(place: Place) -> None:
    status, _, lines = place.type("train quick.yaml grpo.group=1 grpo.estimator=grop seed=-1")
    assert status == 2
    assert lines[0] == "error: the configuration cannot be used:"
    assert [line.split(" = ")[0] for line in lines[1:]] == ["  - seed", "  - grpo.group", "  - grpo.estimator"]


def test_a_setting_is_explained(place: Place) -> None:
    status, said, lines = place.type("config explain grpo.clip_low")
    assert (status, lines) == (0, [])
    assert said.startswith("grpo.clip_low: 0.2  by default\na number, above 0 ")
    assert "grpo.clip_low" in place.type("config explain grpo")[1]


@contextmanager
def unreadable(file: Path) -> Iterator[None]:
    """Act as a user who may not read the file while the block runs, since root may read everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    else:
        file.chmod(0)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train quick.yaml", "the configuration cannot be used: quick.yaml: may not be read; change its permissions"),
        ("data check rows.jsonl", "rows.jsonl: may not be read; change its permissions"),
        ("reward score leaf --rollouts rows.jsonl", "rows.jsonl: …; change its permissions…"),
    ],
)
def test_a_file_that_may_not_be_read(place: Place, words: str, said: str) -> None:
    Path("rows.jsonl").write_text("{}\n")
    place.type(words.replace(words.split()[-1], "nowhere"))  # imports what the command needs, which nobody may read either
    with unreadable(Path(words.split()[-1])):
        place.check(Mistake(words, said))


@pytest.mark.parametrize(
    "mistake",
    [
        Mistake("train quick.yaml grpo.stpes=3", "the configuration cannot be used: grpo.stpes (command line): …"),
        Mistake("config explain grpo.clip_lwo", "grpo.clip_lwo: no such setting; did you mean 'clip_low'?"),
        Mistake("data check rows.jsonl", "rows.jsonl, row 1, key `messages`: no user turn found; a row needs one"),
        Mistake("report run", "{here}/run/summary.json: not JSON (line 1: expecting value); …"),
    ],
    ids=lambda mistake: mistake.words,
)
def test_a_real_process_takes_little_time_and_imports_nothing_heavy(place: Place, mistake: Mistake) -> None:
    place.begin_run()
    Path("rows.jsonl").write_text('{"messages": []}\n')
    Path("run/summary.json").write_text("?")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", TYPED, *mistake.words.split()]
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=12 * SECONDS, check=False, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    place.compare(mistake.said, done.returncode, done.stdout, done.stderr.splitlines(), mistake.status)
    assert done.stdout.splitlines()[-1] == "[]"
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < SECONDS  # a busy machine takes longer


def test_a_run_is_reported_on_and_synced_though_its_data_scorers_and_functions_are_gone(place: Place) -> None:
    Path("mine.py").write_text("def score(sample):\n    return 1\n")
    text = Path("quick.yaml").read_text().replace("  estimator: dr_grpo", "  estimator: mine.py:score")
    Path("quick.yaml").write_text(text.replace("\nrewards:\n", "\nrewards:\n  scorers:\n    mine: {spec: 'mine.py:score'}\n"))
    place.begin_run()
    Path("mine.py").unlink()
    file = Path("run/config.yaml")
    file.write_text(file.read_text().replace(str(place.faces), "nowhere"))
    for words in ("report run", "track sync run"):
        status, _, lines = place.type(words)
        assert (status, lines) == (0, []), words
    status, _, lines = place.type("train --resume run")
    assert status == 2
    gone = [f"  - grpo.estimator = '{Path.cwd()}/mine.py:score'", "  - data.directory = 'nowhere'", "  - rewards.scorers.mine"]
    assert [line.split(": ")[0] for line in lines[1:]] == gone
