"""Finding what a config names: scorers, and functions that the trainer calls."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rewards.plugins.loading import check_function, find_function, load_function, load_scorer
from rewards.plugins.runners import start_runner
from rewards.plugins.spec import FunctionSpec, PluginError, ScorerSpec, with_function_source, with_source
from rewards.sample import RewardSample, Score

SAMPLES = [RewardSample(text) for text in ("a", "bb", "ccc")]


def test_scorers_are_found_by_file_module_class_and_name(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def always(sample, value=1.0):\n    return value\nclass Holder:\n    always = staticmethod(always)\n")
    assert load_scorer(ScorerSpec("mine", f"{file}:always", {"value": 0.5})).function(None, value=0.5) == 0.5
    assert load_scorer(ScorerSpec("mine", f"{file}:Holder.always")).function(None) == 1.0
    assert load_scorer(ScorerSpec("root", "rewards.scorers:root")).mode == "sample"
    for spec in ("nothing", f"{file}:missing", "no.such.module:f", str(tmp_path / "no.py") + ":f"):
        with pytest.raises(PluginError):
            load_scorer(ScorerSpec("x", spec))
    with pytest.raises(PluginError, match="parameters"):
        load_scorer(ScorerSpec("x", f"{file}:always", {"unknown": 1}))
    with pytest.raises(PluginError, match="it has Holder, always"):
        load_scorer(ScorerSpec("x", f"{file}:missing"))


def test_a_declared_mode_is_kept_and_a_contrary_one_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("from rewards.sample import scorer\n@scorer(mode='group')\ndef f(samples):\n    return [1] * len(samples)\n")
    assert load_scorer(ScorerSpec("x", f"{file}:f")).mode == "group"
    with pytest.raises(PluginError, match="declares mode group"):
        load_scorer(ScorerSpec("x", f"{file}:f", mode="sample"))


def test_workers_use_the_text_that_the_run_began_with(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def f(sample):\n    return 1\n")
    spec = with_source(ScorerSpec("mine", f"{file}:f"))
    file.unlink()
    runner = start_runner(spec)
    assert runner.score(SAMPLES) == [Score(1.0)] * 3
    assert spec.source is not None
    assert runner.sha256 == spec.source.sha256
    runner.close()


def test_a_target_without_a_function_is_told() -> None:
    with pytest.raises(PluginError, match=r"names no function; write mine\.py:FUNCTION"):
        load_scorer(ScorerSpec("mine", "mine.py"))


def test_a_scorer_without_a_signature_is_refused() -> None:
    with pytest.raises(PluginError, match=r"cannot be called as a scorer .*, one of another trainer `adapter`$"):
        load_scorer(ScorerSpec("x", "builtins:iter"))


def test_an_adapter_sets_the_mode_and_checks_the_parameters(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def f(queries, prompts, labels, bonus=0): return [bonus] * len(queries)\n")
    spec = ScorerSpec("x", f"{file}:f", {"bonus": 1}, adapter="openrlhf")
    assert load_scorer(spec).mode == "sample"
    for changed, said in (
        (replace(spec, mode="batch"), "the openrlhf contract means mode sample, not batch"),
        (replace(spec, parameters={"bouns": 1}), "does not take the parameters bouns; did you mean 'bonus'"),
    ):
        with pytest.raises(PluginError, match=f"scorer 'x': .*{said}"):
            load_scorer(changed)


def test_a_class_and_a_bad_factory_are_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("class C:\n    def __init__(self, weight): ...\n    def __call__(self, sample): return 1\n")
    with pytest.raises(PluginError, match=r"mine\.py:C is a class; if its objects are scorers, write factory: true$"):
        load_scorer(ScorerSpec("x", f"{file}:C"))
    assert load_scorer(ScorerSpec("x", f"{file}:C", {"weight": 1}, factory=True)).parameters == {}


def test_what_is_not_in_a_registry_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("orms = {'accuracy': len}\n")
    with pytest.raises(PluginError, match=r"mine\.py:orms has no 'acuracy'; did you mean 'accuracy'"):
        load_scorer(ScorerSpec("x", f"{file}:orms.acuracy"))


def test_a_declared_range_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("from rewards.sample import scorer\n@scorer(range=(-1, 0))\ndef f(sample):\n    return 0\n")
    runner = start_runner(ScorerSpec("x", f"{file}:f"))
    runner.close()
    assert (runner.mode, runner.promised) == ("sample", (-1.0, 0.0))
    assert load_scorer(ScorerSpec("x", "leaf")).promised is None


def test_a_scorer_and_its_neighbours_need_no_file_in_their_process(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("def size(text): return len(text)\n")
    file = tmp_path / "mine.py"
    file.write_text("from helper import size\ndef f(sample): return size(sample.completion)\n")
    spec = with_source(ScorerSpec("mine", f"{file}:f"))
    file.unlink()
    (tmp_path / "helper.py").unlink()
    for isolation in ("process", "inline"):
        runner = start_runner(replace(spec, isolation=isolation))
        assert runner.score(SAMPLES) == [Score(1.0), Score(2.0), Score(3.0)]
        assert runner.sha256 == spec.source.sha256  # type: ignore[union-attr]
        runner.close()


def test_a_module_of_the_working_directory_is_a_scorer(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "mod.py").write_text("from pkg.other import one\ndef f(sample): return one()\n")
    (tmp_path / "pkg" / "other.py").write_text("def one(): return 1\n")
    code = (
        "import sys; sys.path[:] = [one for one in sys.path if one];"
        "from rewards.plugins.runners import start_runner; from rewards.plugins.spec import ScorerSpec;"
        "from rewards.sample import RewardSample; from rewards.plugins.loading import check_function;"
        "runner = start_runner(ScorerSpec('x', 'pkg.mod:f')); print(runner.score([RewardSample('a')])); runner.close();"
        "from rewards.plugins.spec import FunctionSpec; check_function('loss', FunctionSpec('pkg.mod:f'), {})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Score(value=1.0" in done.stdout, done.stderr


def test_an_entry_point_that_is_not_there_names_what_ships() -> None:
    with pytest.raises(PluginError, match=r"^scorer 'nothing' is not known; use one of au, .*tree_edit, or file.py:function"):
        load_scorer(ScorerSpec("x", "nothing"))
    with pytest.raises(PluginError, match=r"^scorer 'laef' is not known; did you mean 'leaf'"):
        load_scorer(ScorerSpec("x", "laef"))


def centred(rewards: list[float], scale: float = 1.0) -> list[float]:
    mean = sum(rewards) / len(rewards)
    return [scale * (reward - mean) for reward in rewards]


SHIPPED = {"centred": centred, "ranked": sorted}
ESTIMATOR = """
import json
LIMIT = 3
def shifted(rewards, by=0.0, *, least):
    return [max(least, reward + by) for reward in rewards]
def anything(rewards, **settings):
    return settings
def _helper(): ...
class Holder:
    @staticmethod
    def same(rewards): return rewards
if LIMIT:
    from statistics import mean
wrapped = json.loads
def changed(rewards): ...
changed = json.dumps
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(ESTIMATOR)
    return path


def test_a_function_is_found_by_name_file_and_module_and_its_parameters_are_bound(file: Path) -> None:
    for target, parameters, expected in (
        ("centred", {}, [-1.0, 1.0]),
        ("centred", {"scale": 2.0}, [-2.0, 2.0]),
        (f"{file}:shifted", {"by": 1.0, "least": 3.0}, [3.0, 4.0]),
        (f"{file}:anything", {"x": 1}, {"x": 1}),
        (f"{file}:Holder.same", {}, [1.0, 3.0]),
        (f"{file}:mean", {}, 2.0),
        ("statistics:mean", {}, 2.0),
    ):
        spec = FunctionSpec(target, parameters)
        check_function("estimator", spec, SHIPPED, ("rewards",))
        assert load_function("estimator", spec, SHIPPED, ("rewards",))([1.0, 3.0]) == expected
    assert find_function("estimator", FunctionSpec("centred", {"no": 1}), SHIPPED) is centred


MISTAKES = [
    ("centered", {}, r"^estimator: 'centered' is not known; use one of .*, or file\.py:function, .*; did you mean 'centred'\?$"),
    ("FILE:shiftd", {}, r"^estimator: .*mine\.py has no 'shiftd'; did you mean 'shifted'\?$"),
    ("FILE:zzzzzz", {}, r"^estimator: .* has no 'zzzzzz'; it has Holder, anything, changed, .*shifted"),
    ("FILE:shifted", {"least": 0, "bye": 1}, r"^estimator: .*shifted does not take the parameters bye; did you mean 'by'\?$"),
    ("FILE:shifted", {"least": 0, "zzz": 1}, r"does not take the parameters zzz; it takes by, least$"),
    ("FILE:shifted", {}, r"cannot be called with \(rewards\): missing a required .*'least'"),
    ("FILE:shifted", {"least": 0, "rewards": 1}, r"cannot be called with \(rewards, least=0, rewards=1\): multiple values"),
    ("FILE:_helper", {}, r"cannot be called with \(rewards\): too many positional arguments"),
    ("centred", {"size": 1}, r"^estimator: centred does not take the parameters size; it takes scale$"),
    ("FILE", {}, r"^estimator: .*mine\.py names no function; write .*mine\.py:FUNCTION$"),
    ("absent.py:f", {}, r"^estimator: absent\.py: no such file"),
    ("no.such.module:f", {}, r"^estimator: module no\.such\.module cannot be imported: No module named 'no'; install it"),
    ("nosuchmodule:f", {}, r"^estimator: module nosuchmodule cannot be imported: No module named 'nosuchmodule'; install it"),
    ("statistics:meen", {}, r"^estimator: statistics has no 'meen'; did you mean '.*mean'\?$"),
    ("a/b:f", {}, r"^estimator: a/b is neither a Python file nor a module; write file\.py:function$"),
    (":f", {}, r"^estimator: :f is neither a Python file nor a module"),
]


@pytest.mark.parametrize("load", [load_function, check_function])
@pytest.mark.parametrize(("target", "parameters", "said"), MISTAKES)
def test_a_function_that_cannot_be_had_is_told_in_one_line(
    load: Callable[..., Any], target: str, parameters: dict[str, Any], said: str, file: Path
) -> None:
    with pytest.raises(PluginError, match=said) as refused:
        load("estimator", FunctionSpec(target.replace("FILE", str(file)), parameters), SHIPPED, ("rewards",))
    assert "\n" not in str(refused.value)


def test_what_only_an_import_shows_is_told_by_loading(file: Path) -> None:
    for target, said in (
        (f"{file}:LIMIT", "is a number, not a function; name one"),
        (f"{file}:changed", "cannot be called with"),
    ):
        check_function("loss", FunctionSpec(target), {}, ("a", "b"))
        with pytest.raises(PluginError, match=said):
            load_function("loss", FunctionSpec(target), {}, ("a", "b"))
    file.write_text("import nothing_of_this_name\ndef loss(a): ...\n")
    check_function("loss", FunctionSpec(f"{file}:loss"), {})
    with pytest.raises(PluginError, match="No module named 'nothing_of_this_name'; install it on every node"):
        load_function("loss", FunctionSpec(f"{file}:loss"), {})


def test_a_star_import_leaves_names_open(file: Path) -> None:
    file.write_text("from statistics import *\n")
    check_function("loss", FunctionSpec(f"{file}:mean"), {})
    assert load_function("loss", FunctionSpec(f"{file}:mean"), {})([1, 3]) == 2


@pytest.mark.parametrize("load", [load_function, check_function])
def test_a_file_that_is_no_python_is_told_with_its_line(load: Callable[..., Any], file: Path) -> None:
    file.write_text("x = 1\ndef loss(:\n")
    with pytest.raises(PluginError, match=r"^loss: file .*mine\.py cannot be imported: SyntaxError in line 2: .*; mend"):
        load("loss", FunctionSpec(f"{file}:loss"), {})


def test_a_check_imports_nothing(file: Path) -> None:
    """Not even the module that is named, since a loss brings torch and the process that checks a config has none."""
    file.write_text("import wave\nraise SystemExit\ndef loss(a): ...\n")
    code = (
        "import sys; from rewards.plugins.loading import check_function; from rewards.plugins.spec import FunctionSpec;"
        f"check_function('loss', FunctionSpec({str(file) + ':loss'!r}), {{}});"
        "check_function('loss', FunctionSpec('wave:open'), {}); assert 'wave' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_function_travels_with_its_text(file: Path) -> None:
    spec = with_function_source("loss", FunctionSpec(f"{file}:shifted", {"least": 0.0}))
    file.unlink()
    check_function("loss", spec, {}, ("rewards",))
    assert load_function("loss", spec, {}, ("rewards",))([-1.0, 2.0]) == [0.0, 2.0]
    assert with_function_source("loss", FunctionSpec("centred")).source is None
    with pytest.raises(PluginError, match=r"^loss: .*mine\.py: no such file"):
        with_function_source("loss", FunctionSpec(f"{file}:shifted"))
