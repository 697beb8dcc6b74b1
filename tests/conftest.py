"""Small real things that many tests share: drawn clips and a tiny model."""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path

import pytest

from actors.environment import prepare_process

prepare_process()
_cache = tempfile.TemporaryDirectory(prefix="affectree-tests-")
os.environ["AFFECTREE_CACHE"] = _cache.name  # indexes of rows that are gone after the tests
gc.disable()  # until everything is imported: nearly all of that stays


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through all that is imported again and again, a sixth of the unit tests' time."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of 24 + 8 + 8 drawn clips."""
    from rollout.faces.dataset import make_faces

    return make_faces(tmp_path_factory.mktemp("data") / "faces", clips=24, seed=3).directory


@pytest.fixture(scope="session")
def media_rows(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows about a video, an image, two images, an image and a video, two pairs of videos, and nothing to look at."""
    import json

    from PIL import Image

    from rollout.media.decoding import decode
    from rollout.media.medium import ClipSpec, Medium

    folder = tmp_path_factory.mktemp("media")
    clips = sorted(str(path) for path in (faces / "videos").glob("*.mp4"))[:3]
    images = []
    for number, clip in enumerate(clips[:2]):
        images.append(str(folder / f"{number}.png"))
        frame = Image.fromarray(decode(Medium("video", clip), ClipSpec()).frames[0])
        frame.resize((84 + 28 * number, 60)).save(images[-1])  # not a multiple of a patch: processors have to resize
    rows = [
        ("<video>What is the hat?", clips[:1], []),
        ("<image>What is the hat?", [], images[:1]),
        ("<image> and <image>: who smiles?", [], images),
        ("Compare <image> with <video> and say who smiles.", clips[:1], images[1:]),
        ("<video><video>Who smiles?", clips[:2], []),
        ("<video><video>Who smiles?", [clips[0], clips[2]], []),
        ("What is a scowl?", [], []),
    ]
    lines = [
        {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "brown"}], "videos": v, "images": i}
        for text, v, i in rows
    ]
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


@pytest.fixture(scope="session")
def tiny_models(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny checkpoint of each family, with a tokenizer trained on those rows."""
    from rl.config.schema import TinySpec
    from rl.learner.tiny import build_tiny
    from rl.run.preparation import tokenizer_texts
    from rollout.families import FAMILIES
    from rollout.rows.data import open_rows

    texts = tokenizer_texts(open_rows(faces / "train.jsonl"))
    folder = tmp_path_factory.mktemp("model")
    return {family: build_tiny(folder / family, texts, TinySpec(family=family), seed=0) for family in FAMILIES}


@pytest.fixture(scope="session")
def tiny_model(tiny_models: dict[str, Path]) -> Path:
    """A tiny Qwen2.5-VL checkpoint."""
    return tiny_models["qwen2_5_vl"]


@pytest.fixture(scope="session")
def encoders(tiny_models: dict[str, Path]) -> dict:
    """Each tiny checkpoint's prompt encoder."""
    from transformers import AutoConfig, AutoProcessor

    from rollout.media.medium import ClipSpec
    from rollout.media.store import MediaStore
    from rollout.prompts import PromptEncoder

    return {
        family: PromptEncoder(
            AutoProcessor.from_pretrained(path), AutoConfig.from_pretrained(path), MediaStore(ClipSpec(), 2**28)
        )
        for family, path in tiny_models.items()
    }


@pytest.fixture(scope="session")
def encoder(encoders: dict):
    """The tiny Qwen2.5-VL's prompt encoder."""
    return encoders["qwen2_5_vl"]
