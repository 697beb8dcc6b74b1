"""docs/extending.md, as it stands: what it says to write works as it says."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

from rewards.plugins.spec import FunctionSpec
from rl.algo.advantages import StepRewards
from rl.algo.estimators import Estimator

PAGE = (Path(__file__).parents[3] / "docs" / "extending.md").read_text()


def test_the_estimator_of_the_page(tmp_path: Path) -> None:
    written, tried = (dedent(block) for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    assert len(written.splitlines()) < 30
    file = tmp_path / "median.py"
    file.write_text(written)
    names: dict[str, object] = {}
    exec(compile(written + tried, str(file), "exec"), names)
    estimate = Estimator(FunctionSpec(f"{file}:around_median", {"scale": 2}))
    assert estimate(StepRewards([[1.0, 0.0, 0.0]])) == [[2.0, 0.0, 0.0]]


def test_every_file_that_the_page_names_is_there() -> None:
    for name in re.findall(r"\]\((?:\.\./)?([\w/.]+)\)", PAGE):
        assert (Path("docs") / name).exists() or Path(name).exists(), name
