"""Has a ratio been lost? `python -m benchmarks.check [--all] [--only NAME …] [--record]`

Runs the quick benchmarks (`--all`: those beside other trainers too) and compares their ratios with the recorded ones in
benchmarks/recorded.json. A ratio that is worse beyond the noise of both is named, and the command ends with 1, as it does
where one is not recorded. `--record` writes what was found in place of what was recorded: for a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.common.losses import Ratio, compared, lost

RECORDED = Path(__file__).with_name("recorded.json")


@dataclass(frozen=True)
class Check:
    """A ratio that a benchmark prints."""

    name: str
    words: tuple[str, ...]
    """The benchmark, and what it is told."""
    ratio: str
    """Its name in the JSON that is printed last; dots lead into objects."""
    noise: str = "noise"
    lower: bool = False
    """Whether less is better."""
    quick: bool = True
    """Whether it needs no other trainer."""


_LEARNER = ("learner",)
_BY_CLIP = ("tuning", "--parts", "learner")
_TUNING = ("tuning", "--parts", "row", "clip", "--rounds", "1")
_STEP = ("step", "--rounds", "1")
CHECKS = (
    Check("shared prompt, learner", _LEARNER, "speedup"),
    Check("shared sections, learner", _LEARNER, "depth_3.speedup", "depth_3.noise"),
    Check("tuning by clip, learner", _BY_CLIP, "by_clip_speedup"),
    Check("tree edit distance beside zss", ("reward",), "ted_vs_zss", "noise.ted_vs_zss"),
    Check("rollout beside bare vLLM", ("rollout",), "vs_bare_vllm"),
    Check("tuning step by row beside ms-swift", _TUNING, "vs_swift", "vs_swift_case.noise", quick=False),
    Check("tuning step by clip beside ms-swift", _TUNING, "vs_swift_by_clip", "vs_swift_by_clip_case.noise", quick=False),
    Check("GRPO step on text beside TRL", _STEP, "text", "cases.text.noise", quick=False),
    Check("GRPO step on images beside TRL", _STEP, "image", "cases.image.noise", quick=False),
    Check("GRPO step on video beside ms-swift", _STEP, "video", "cases.video.noise", quick=False),
)


def measure(checks: Sequence[Check]) -> dict[str, Ratio]:
    """The ratio of each check, by name; a benchmark is run once for all that it prints."""
    printed = {words: _printed(words) for words in dict.fromkeys(check.words for check in checks)}
    return {
        check.name: Ratio(_at(printed[check.words], check.ratio), _at(printed[check.words], check.noise), check.lower)
        for check in checks
    }


def read(file: Path) -> dict[str, Ratio]:
    """What is recorded, by name; nothing where there is no file yet."""
    if not file.exists():
        return {}
    return {name: Ratio(**ratio) for name, ratio in json.loads(file.read_text()).items()}


def write(file: Path, ratios: dict[str, Ratio]) -> None:
    """Record ratios in place of those of the same names."""
    whole = {**read(file), **ratios}
    file.write_text(json.dumps({name: asdict(ratio) for name, ratio in whole.items()}, indent=2) + "\n")


def _printed(words: Sequence[str]) -> dict[str, Any]:
    print("running", *words, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{words[0]}", *words[1:]], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _at(found: Any, path: str) -> float:
    for name in path.split("."):
        found = found[name]
    return float(found)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--all", action="store_true", help="also those beside other trainers; about half an hour")
    arguments.add_argument("--only", nargs="+", choices=[check.name for check in CHECKS], help="these alone")
    arguments.add_argument("--record", action="store_true", help="write what is found")
    chosen = arguments.parse_args()
    checks = [check for check in CHECKS if (check.name in chosen.only if chosen.only else check.quick or chosen.all)]
    found = measure(checks)
    recorded = read(RECORDED)
    print(*compared(recorded, found), sep="\n", flush=True)
    if chosen.record:
        write(RECORDED, found)
        return
    gone, new = lost(recorded, found), sorted(found.keys() - recorded.keys())
    print(json.dumps({"lost": gone, "not_recorded": new, "found": {name: ratio.ratio for name, ratio in found.items()}}))
    sys.exit(bool(gone or new))


if __name__ == "__main__":
    main()
