"""Which affectree a run was done with."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path


def software() -> dict[str, str]:
    """The version of affectree and, where it runs from a git checkout, its commit, marked if files differ from it."""
    commit = _commit(Path(__file__).parents[3])
    return {"version": version("affectree"), **({"commit": commit} if commit else {})}


def _commit(home: Path) -> str | None:
    git = shutil.which("git")
    if git is None or not (home / ".git").exists():
        return None
    words = [git, "-C", str(home), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=, with local changes"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None
