"""Finding scorers, calling them in every declared way, and what their faults become."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewards.mix import build_mix
from rewards.mix_settings import mix_entries, read_mix
from rewards.plugins.calling import call
from rewards.plugins.loading import check_function, find_function, load_function, load_scorer
from rewards.plugins.runners import start_runner
from rewards.plugins.spec import FunctionSpec, PluginError, ScorerSpec, with_function_source, with_source
from rewards.sample import Failure, InfrastructureError, Mode, Outcome, RewardSample, Score, scorer
from tests.unit.rewards.rationales import GOOD

SAMPLES = [RewardSample(text) for text in ("a", "bb", "ccc")]


def outcomes(function: object, mode: Mode = "sample", samples: Sequence[RewardSample] = SAMPLES) -> list[Outcome]:
    return [outcome for _, outcome in sorted(call(function, "mine", mode, samples, {}), key=lambda pair: pair[0])]  # type: ignore[arg-type]


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


def test_impossible_settings_are_refused_together() -> None:
    with pytest.raises(PluginError, match=r"mode .*timeout .*on_error"):
        load_scorer(ScorerSpec("root", mode="each", timeout=0, on_error="ignore"))  # type: ignore[arg-type]


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


@pytest.mark.parametrize(
    "result", [math.nan, math.inf, -math.inf, "0.5", [1.0], {"value": 1}, Score(math.nan), Score(1, {"a": math.nan})]
)
def test_what_is_not_a_score_is_a_failure_with_its_name(result: object) -> None:
    for outcome in outcomes(lambda sample: result):
        assert isinstance(outcome, Failure)
        assert "mine" in outcome.message


@pytest.mark.parametrize("result", [np.float32(0.5), np.int64(1), np.array(0.25), True, {"score": 0.5, "part": np.float64(2)}])
def test_every_kind_of_number_is_a_score(result: object) -> None:
    assert all(isinstance(outcome, Score) for outcome in outcomes(lambda sample: result))


def test_none_means_not_applicable() -> None:
    assert outcomes(lambda sample: None) == [None] * 3


@pytest.mark.parametrize("results", [[1, 2], [1, 2, 3, 4], 1.0, {"score": 1}, "abc", None])
def test_a_list_of_the_wrong_length_is_never_spread_over_samples(results: object) -> None:
    for outcome in outcomes(lambda samples: results, "batch"):
        assert isinstance(outcome, Failure)


def test_one_bad_item_of_a_batch_costs_one_sample() -> None:
    assert outcomes(lambda samples: [1, math.nan, None], "batch")[0] == Score(1.0)
    assert isinstance(outcomes(lambda samples: [1, math.nan, None], "batch")[1], Failure)
    assert outcomes(lambda samples: [1, math.nan, None], "batch")[2] is None


def test_coroutines_are_awaited_in_every_mode() -> None:
    async def one(sample: RewardSample) -> int:
        return len(sample.completion)

    async def many(samples: list[RewardSample]) -> list[int]:
        return [len(sample.completion) for sample in samples]

    expected = [Score(1.0), Score(2.0), Score(3.0)]
    assert outcomes(one) == outcomes(many, "batch") == outcomes(many, "group") == expected


def test_only_faults_of_infrastructure_are_marked_for_another_try() -> None:
    def broken(error: Exception) -> object:
        def function(sample: RewardSample) -> float:
            raise error

        return function

    for error in (ConnectionError("gone"), InfrastructureError("busy"), TimeoutError()):
        assert all(isinstance(o, Failure) and o.infrastructure for o in outcomes(broken(error)))
    for error in (ValueError("no"), ZeroDivisionError(), AssertionError(), MemoryError()):
        assert all(isinstance(o, Failure) and not o.infrastructure for o in outcomes(broken(error)))


def test_groups_are_kept_apart(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def size(samples):\n    return [len(samples)] * len(samples)\n")
    with build_mix(mix_entries({"mine": {"spec": f"{file}:size", "mode": "group"}})) as mix:
        samples = [RewardSample(str(n), group=group) for n, group in enumerate("aabab")]
        assert [reward.value for reward in mix.score(samples)] == [3, 3, 2, 3, 2]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tasks": "rationale"}, "tasks must be a list"),
        ({"weight": -1}, "weight must be a number of 0 or more"),
        ({"wait": 1}, "unknown key wait"),
        ({"weight": math.nan}, "weight must be a number"),
        ({"weight": "heavy"}, "weight must be a number"),
        ({"tasks": []}, "tasks must be a list"),
        ({"timeout": "soon"}, "timeout must be a number"),
        ({"memory_gib": -1}, "memory_gib must be 0 or more"),
        ({"isolation": "container"}, "isolation must be one of"),
        ({"on_error": True}, "finite number"),
        ({"on_error": math.nan}, "finite number"),
        ({"level": "top"}, "level must be one of"),
    ],
)
def test_settings_that_would_be_misread_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(PluginError, match=said):
        build_mix(mix_entries({"root": given}))


def test_a_mix_file_that_cannot_be_read_is_told_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "mix.yaml"
    for text, said in (
        ("scorers: {root: [", "not valid YAML"),
        ("scorers: {root: mine.py}", "must be `key: value` pairs"),
        ("", "no scorers"),
    ):
        file.write_text(text)
        with pytest.raises(PluginError, match=f"mix.yaml.*{said}"):
            read_mix(file)
    with pytest.raises(PluginError, match=r"names no function; write mine\.py:FUNCTION"):
        load_scorer(ScorerSpec("mine", "mine.py"))


def test_a_failure_says_where_it_happened() -> None:
    def helper() -> float:
        return [1.0][3]

    (first, *_) = outcomes(lambda sample: helper())
    assert isinstance(first, Failure)
    assert "IndexError" in first.message
    assert "test_loading.py" in first.message
    assert "in helper" in first.message


def test_a_mode_that_does_not_exist_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="mode must be one of"):
        scorer(mode="groups")  # type: ignore[arg-type]


def test_a_mix_with_a_mix_below_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("rewards:\n  mix: configs/rewards/default.yaml\n  scorers:\n    root: {weight: 9}\n    length: {}\n")
    entries = {entry.scorer.name: entry for entry in read_mix(file)}
    assert set(entries) == {"root", "leaf", "tree_edit", "structure", "qa", "format", "length"}
    assert (entries["root"].weight, entries["root"].tasks) == (9.0, ("rationale",))


def test_order_does_not_matter_for_what_ships() -> None:
    texts = [GOOD, "", "<tree>", GOOD.replace("brown", "red")]
    samples = [RewardSample(text, tree=GOOD, answer="angry") for text in texts]
    for name in ("structure", "leaf", "root", "tree_edit", "qa", "format"):
        runner = start_runner(ScorerSpec(name))
        assert runner.score(samples) == list(reversed(runner.score(list(reversed(samples)))))


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
