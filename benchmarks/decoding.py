"""What engines wait for clips: `python -m benchmarks.decoding [--clips 32]`

GRPO-shaped work (a prompt for each 720p clip of 5 s, 8 samples of 64 tokens each) on one engine: with all clips decoded before,
with clips that are decoded while others are generated, and with clips that are decoded when it is their turn, in the engine's
event loop. The share of time that the latter two take longer is what is waited for; where the engine computes on CPUs, decoding
takes them from it as well.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np

from actors.environment import hush

GROUP, TOKENS, ROUNDS = 8, 64, 3


def write_clip(path: Path) -> None:
    """5 s at 720p, in which something moves."""
    across, down = np.meshgrid(np.arange(1280), np.arange(720))
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for number in range(125):
            layers = [across / 5 + 2 * number, down / 3 - number, (across + down) / 8 + 3 * number]
            picture = np.stack(layers, axis=2).astype(np.int64) % 256
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture.astype(np.uint8), format="rgb24")))
        container.mux(stream.encode())


def decode_in_turn(engine: Any, yes: bool) -> None:
    """Have an engine decode within its event loop, when a prompt has its turn, or as it does by itself."""

    async def later(media: Any) -> None:
        pass

    if yes:
        engine.requests.decode = later
    else:
        vars(engine.requests).pop("decode", None)


def measure(folder: Path, clips: int) -> dict[str, float]:
    """Seconds of a round of each kind, the median of several."""
    import ray

    from rl.config.load import load_config
    from rl.run.serving import serving
    from rl.run.specs import clip_spec
    from rollout.media.decoding import decode
    from rollout.media.medium import Medium
    from rollout.rows.row import Row
    from rollout.samples import Prompt, SamplingSpec

    changes = ["cluster.address=local", "rollout.engines=1", "rollout.max_model_len=1536", "data.max_frames=8"]
    config = load_config(Path("configs/quickstart.yaml"), changes)
    write_clip(folder / "clip.mp4")
    original = Medium("video", str(folder / "clip.mp4"))
    began = time.perf_counter()
    decode(original, clip_spec(config))
    seconds: dict[str, list[float]] = {"decoded before": [], "decoded ahead": [], "decoded in turn": []}
    found = {"one clip": time.perf_counter() - began}
    with serving(config, folder / "model") as (engines, _):
        row = Row(0, "<video>Which emotion is it, and where is it seen?", (original,), "")
        (encoded,) = engines.encode([row])
        (slot,) = engines.slots
        for number in range(ROUNDS + 1):
            for kind in ("decoded in turn", "decoded ahead", "decoded before"):
                if kind != "decoded before":  # which are those of the round before it
                    media = [
                        Medium("video", shutil.copy(original.path, folder / f"{kind}-{number}-{n}.mp4")) for n in range(clips)
                    ]
                ray.get(slot.actor.__ray_call__.remote(decode_in_turn, kind == "decoded in turn"))
                prompts = [Prompt(one.path, row, replace(encoded, media=(one,))) for one in media]
                began = time.perf_counter()
                engines.groups(prompts, SamplingSpec(GROUP, TOKENS))
                seconds[kind].append(time.perf_counter() - began)
    return found | {kind: statistics.median(rounds[1:]) for kind, rounds in seconds.items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--clips", type=int, default=32)
    chosen = arguments.parse_args()
    hush()
    from rl.config.schema import TinySpec
    from rl.learner.tiny import build_tiny

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build_tiny(folder / "model", ["Which emotion is it, and where is it seen?"] * 8, TinySpec(vocab=400), seed=0)
        found = measure(folder, chosen.clips)
    waited = {kind: 1 - found["decoded before"] / found[kind] for kind in ("decoded ahead", "decoded in turn")}
    print(
        json.dumps(
            {
                "decode_ms": round(1000 * found["one clip"]),
                "round_s": {kind: round(found[kind], 2) for kind in ("decoded before", *waited)},
                "waited_share": {kind: round(share, 3) for kind, share in waited.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
