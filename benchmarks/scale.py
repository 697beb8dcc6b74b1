"""Starting, drawing and checking at the size of Emo-CFG: `python -m benchmarks.scale [--rows 2100000] [--clips 400000]`

Two folders laid out like Emo-CFG are made, one with 10,000 rows and one with all. Both are indexed by a first start, of which
`index_rows_per_s` is told. Then each is opened in fresh processes, by turns: `start_s` is from a process's first line to its
first drawn step of 64 rows, with all imports, and `opened_s` is without them; they are medians, with half their range as noise.
`rows_per_s` is drawing and reading rows in a mix's order; `check_rows_per_s` is `affectree data check` without `--decode`, on
`--checked` rows.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common.many_rows import make_rows

FEW = 10_000
BATCH = 64

_START = """
import time
began = time.perf_counter()
import json, sys
from itertools import islice
from pathlib import Path
from rl.config.data_sets import data_sets
from rl.config.schema import Config
from rl.run.steps import prompt_batches
from rollout.rows.sets import open_sets
config = Config()
config.data.directory, rounds, config.grpo.prompts, config.grpo.mix = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), {"*": 1.0}
imported = time.perf_counter()
rows = open_sets(data_sets(config.data), config.data.holdout).train
batches = prompt_batches(rows, config.grpo, config.seed, done=0)
first = [rows[index] for index in next(batches)]
opened = time.perf_counter()
for batch in islice(batches, rounds):
    read = [rows[index] for index in batch]
ended = time.perf_counter()
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(json.dumps({
    "rows": len(rows), "start_s": opened - began, "opened_s": opened - imported, "rss_mb": int(status["VmRSS"].split()[0]) / 1024,
    "peak_mb": int(status["VmHWM"].split()[0]) / 1024, "rows_per_s": rounds * len(first) / max(1e-9, ended - opened),
}))
"""
"""What a fresh process does: all that a run does with its rows before its first step."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=2_100_000)
    arguments.add_argument("--clips", type=int, default=400_000)
    arguments.add_argument("--few", type=int, default=FEW, help="rows of the small folder")
    arguments.add_argument("--checked", type=int, default=100_000, help="rows of the folder that is checked")
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--folder", type=Path, help="where the folders are made, and kept; a temporary one if not given")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = chosen.folder or Path(temporary)
        os.environ["AFFECTREE_CACHE"] = str(place / "cache")
        print(json.dumps(measure(place, chosen.few, chosen.rows, chosen.clips, chosen.checked, chosen.repeats)))


def measure(place: Path, few: int, many: int, clips: int, checked: int, repeats: int) -> dict[str, object]:
    """All figures, of folders that are made in a place if they are not there."""
    small, large = _folder(place, few, min(clips, few // 5)), _folder(place, many, clips)
    first = not (place / "cache").exists()
    indexed = [start(folder, 0)["start_s"] for folder in (small, large)]
    found: dict[Path, list[dict[str, float]]] = {small: [], large: []}
    for _ in range(repeats):
        for folder, runs in found.items():
            runs.append(start(folder, 0))
            print(folder.name, runs[-1], flush=True)
    reading = start(large, 100)
    return {
        **{f"start_s_{name}": _median(found[one], "start_s") for name, one in (("10k", small), ("2m", large))},
        **{f"start_noise_s_{name}": _noise(found[one], "start_s") for name, one in (("10k", small), ("2m", large))},
        **{f"opened_s_{name}": _median(found[one], "opened_s") for name, one in (("10k", small), ("2m", large))},
        "rss_growth_mb": round(_median(found[large], "rss_mb") - _median(found[small], "rss_mb"), 1),
        "peak_growth_mb": round(_median(found[large], "peak_mb") - _median(found[small], "peak_mb"), 1),
        "rows_per_s": round(reading["rows_per_s"]),
        "index_rows_per_s": round(many / indexed[1]) if first else None,
        "check_rows_per_s": round(check(_folder(place, checked, min(clips, checked // 5)), checked)) if checked else None,
        "rows": [few, many],
        "clips": clips,
    }


def start(folder: Path, rounds: int) -> dict[str, float]:
    """Open a folder in a fresh process, and read so many steps of rows."""
    done = subprocess.run([sys.executable, "-c", _START, str(folder), str(rounds), str(BATCH)], capture_output=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def check(folder: Path, rows: int) -> float:
    """Rows a second of `affectree data check` on training rows that it has not seen before."""
    command = [str(Path(sys.executable).with_name("affectree")), "data", "check", "--media-root", str(folder)]
    command += ["--rejects", str(folder / "rejects.jsonl"), str(folder / "jsons" / "train")]
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return rows / (time.perf_counter() - began)


def _folder(place: Path, rows: int, clips: int) -> Path:
    folder = place / f"{rows}_rows"
    return folder if folder.is_dir() else make_rows(folder, rows, clips)


def _median(runs: Sequence[dict[str, float]], key: str) -> float:
    return round(statistics.median(run[key] for run in runs), 3)


def _noise(runs: Sequence[dict[str, float]], key: str) -> float:
    return round((max(run[key] for run in runs) - min(run[key] for run in runs)) / 2, 3)


if __name__ == "__main__":
    main()
