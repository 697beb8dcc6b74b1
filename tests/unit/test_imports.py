"""The rules of who imports whom, and that a researcher can use `rewards` alone."""

import subprocess
import sys
from pathlib import Path

from tests.import_rules import circle, imports_of, violations


def test_no_rule_is_broken() -> None:
    assert violations() == []


def test_a_circle_would_be_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]


def test_an_import_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("import torch\nfrom ray import util\n")
    assert set(imports_of(file)) == {"torch", "ray"}
    file.write_text("def f():\n    import torch\n")
    assert set(imports_of(file)) == set()
    assert set(imports_of(file, within=True)) == {"torch"}


def test_rewards_alone_needs_neither_torch_nor_ray() -> None:
    modules = ", ".join(f"rewards.{file.stem}" for file in Path("rewards").glob("[a-z]*.py"))
    code = f"import sys, {modules}; sys.exit(bool({{'torch', 'ray', 'vllm', 'transformers'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
