"""Which package may import which, checked from the source: `python -m tests.import_rules`."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
PACKAGES = ("rewards", "rollout", "rl", "actors")
FORBIDDEN = {
    "rewards": {"torch", "ray", "vllm", "deepspeed", "transformers", "rollout", "rl", "actors"},
    "rollout": {"ray", "vllm", "deepspeed", "rl", "actors"},
}


def imports_of(file: Path, within: bool = False) -> Iterator[str]:
    """Modules that a file imports when it is imported itself, and `within` its functions and TYPE_CHECKING if asked."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree) if within else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if (HOME / Path(*whole.split("."))).with_suffix(".py").is_file() else node.module


def graph() -> dict[str, set[str]]:
    """Our modules and which of our modules each imports."""
    files = {".".join(f.relative_to(HOME).with_suffix("").parts): f for p in PACKAGES for f in (HOME / p).rglob("*.py")}
    return {name: {m for m in imports_of(file) if m in files} for name, file in files.items()}


def circle(edges: dict[str, set[str]]) -> list[str]:
    """A circle of imports, or nothing."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for other in sorted(edges[name]):
            if found := visit(other, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(edges) if (found := visit(name, []))), [])


def violations() -> list[str]:
    """Every rule that is broken, one line each."""
    found = []
    for package, forbidden in FORBIDDEN.items():
        for file in sorted((HOME / package).rglob("*.py")):
            bad = {m.split(".")[0] for m in imports_of(file, within=True)} & forbidden
            found += [f"{file.relative_to(HOME)} imports {name}" for name in sorted(bad)]
    round_trip = circle(graph())
    return found + ([f"import circle: {' -> '.join(round_trip)}"] if round_trip else [])


if __name__ == "__main__":
    broken = violations()
    sys.exit("\n".join(broken) if broken else 0)
