"""A whole GRPO step, here and in other trainers: `python -m benchmarks.step [--kinds text image video] [--rounds 3]`

Text and images beside TRL's `GRPOTrainer`, clips of 512 tokens beside ms-swift: the same saved tiny model, prompts, group size,
longest completion, optimizer and thread count, one update a rollout, no KL and a reward that costs nothing. Both peers generate
with transformers, as they have to on CPUs. The trainers take turns, each in processes of its own; what counts is the ratio of
seconds per sampled token, of the median step of each round after three of warm-up, wall clock from the end of a step to the end
of the next, since a completion may end early. A peer runs with the number of micro-batches that it is fastest with, affectree
with compiled engines; no start-up counts. The peers need `make bench` once, or `make .venv-trl/.ready .venv-swift/.ready`, which
makes their environments.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.common import drawn_clips
from benchmarks.common.drawn_clips import Row, fresh
from benchmarks.common.our_loop import by_affectree, configuration
from benchmarks.common.peers import LEARNING_RATE, THREADS, SwiftJob, SwiftSetting, by_swift, python_of, run_peer
from benchmarks.common.timing import WARM_UP, Timed, median, noise
from rl.config.schema import TinySpec
from rl.learner.tiny import build_tiny

STEPS = WARM_UP + 3
TRIED = WARM_UP + 1
"""Steps with each number of micro-batches, of which the last is compared."""
SIDE, IMAGES = 224, 4


@dataclass(frozen=True)
class Kind:
    """What a step is about."""

    peer: str
    prompts: int
    group: int
    max_tokens: int
    micro_batches: tuple[int, ...]
    """Of the peer, that are tried first; its best counts."""
    rows: Callable[[Path, int], list[Row]]
    """(folder for their files, how many) -> rows."""

    @property
    def samples(self) -> int:
        """Of a step."""
        return self.prompts * self.group


def _text(folder: Path, count: int, images: int = 0) -> list[Row]:
    """A short text each, with images of 64 tokens each before it."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        files = [str(folder / f"{number}_{place}.png") for place in range(images)]
        for file in files:
            Image.fromarray(rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)).save(file)
        text = f"What do you see in the face of person {number}, and which emotion is it? Answer in a few words."
        turns = [{"role": "user", "content": "<image>" * images + text}, {"role": "assistant", "content": "a smile"}]
        found.append({"messages": turns, "images": files, "task": "qa"})
    return found


KINDS = {
    "text": Kind("trl", 8, 8, 64, (1, 2, 8), _text),
    "image": Kind("trl", 8, 8, 64, (1, 2, 8), lambda folder, count: _text(folder, count, IMAGES)),
    "video": Kind(
        "swift", 4, 8, 96, (1, 4), lambda folder, count: drawn_clips.draw(folder, drawn_clips.HALF, count, ["rationale"])
    ),
}


def by_peer(kind: Kind, rows: Sequence[Row], model: Path, folder: Path, micro_batches: int, steps: int) -> Timed:
    """Steps of the peer that a kind is compared with."""
    if kind.peer == "swift":
        job = SwiftJob(model, rows, kind.samples, kind.group, kind.max_tokens)
        return by_swift(job, SwiftSetting(kind.samples // micro_batches), folder, steps)
    shape = {"prompts": kind.prompts, "group": kind.group, "max_tokens": kind.max_tokens, "steps": steps, "threads": THREADS}
    given = [{"text": row["messages"][0]["content"].replace("<image>", ""), "images": row["images"]} for row in rows]
    job_of_trl = {"model": str(model), "rows": given, "accumulate": micro_batches, "learning_rate": LEARNING_RATE, **shape}
    return run_peer("trl", "trl_step.py", job_of_trl, folder)


def ours(kind: Kind, rows: Sequence[Row], model: Path, folder: Path) -> Timed:
    """Steps of affectree."""
    phase = {
        "grpo": {
            "steps": STEPS,
            "prompts": kind.prompts,
            "group": kind.group,
            "mix": {rows[0]["task"]: 1},
            "kl": 0.0,
            "max_tokens": kind.max_tokens,
            "learning_rate": LEARNING_RATE,
            "final_learning_rate": LEARNING_RATE,
            "warmup": 0.0,
        },
        "rollout": {"enforce_eager": False},
    }
    return by_affectree(configuration(folder, rows, model, phase), folder).timed("rollout/tokens")


def compare(name: str, rounds: int) -> dict[str, object]:
    """A kind of step here and in its peer, in turn."""
    kind = KINDS[name]
    ratios, by_step, us, them = [], [], [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        rows = kind.rows(fresh(folder, "media"), kind.prompts * STEPS)
        model = build_tiny(folder / "model", drawn_clips.texts(rows) * 8, TinySpec(vocab=400), seed=0)
        tried = {n: by_peer(kind, rows, model, fresh(folder, f"try {n}"), n, TRIED).per_token() for n in kind.micro_batches}
        best = min(tried, key=lambda n: tried[n])
        print(name, f"{kind.peer} by micro-batches, seconds a token:", json.dumps(tried), flush=True)
        for number in range(rounds):
            them.append(by_peer(kind, rows, model, fresh(folder, f"peer {number}"), best, STEPS))
            us.append(ours(kind, rows, model, fresh(folder, f"ours {number}")))
            ratios.append(them[-1].per_token() / us[-1].per_token())
            by_step.append(them[-1].per_step() / us[-1].per_step())
            told = {"ratio": round(ratios[-1], 2), kind.peer: them[-1].__dict__, "affectree": us[-1].__dict__}
            print(name, json.dumps(told), flush=True)
    return {
        "ratio": median(ratios),
        "noise": noise(ratios),
        "by_step": median(by_step),
        "peer": kind.peer,
        "peer_micro_batches": best,
        "peer_s": median([timed.per_step() for timed in them]),
        "affectree_s": median([timed.per_step() for timed in us]),
        "peer_tokens_a_sample": _tokens_a_sample(them, kind),
        "affectree_tokens_a_sample": _tokens_a_sample(us, kind),
    }


def _tokens_a_sample(runs: Sequence[Timed], kind: Kind) -> float:
    return round(statistics.mean(tokens for timed in runs for tokens in timed.tokens) / kind.samples, 1)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    for name in chosen.kinds:
        python_of(KINDS[name].peer)
    found = {name: compare(name, chosen.rounds) for name in chosen.kinds}
    print(json.dumps({**{name: case["ratio"] for name, case in found.items()}, "cases": found}))


if __name__ == "__main__":
    main()
