"""Small real things that many tests share: drawn clips and a tiny model."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.environment import hush

hush()


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of 24 + 8 + 8 drawn clips."""
    from rollout.face_data import make_faces

    return make_faces(tmp_path_factory.mktemp("data") / "faces", clips=24, seed=3).directory


@pytest.fixture(scope="session")
def tiny_model(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Qwen2.5-VL checkpoint with a tokenizer trained on those rows."""
    from rl.config import TinySpec
    from rl.preparation import tokenizer_texts
    from rl.tiny import build_tiny
    from rollout.rows import open_rows

    texts = tokenizer_texts(open_rows(faces / "train.jsonl"))
    return build_tiny(tmp_path_factory.mktemp("model") / "tiny", texts, TinySpec(), seed=0)


@pytest.fixture(scope="session")
def encoder(tiny_model: Path):
    """The tiny model's prompt encoder."""
    from transformers import AutoConfig, AutoProcessor

    from rollout.prompts import ClipStore, PromptEncoder
    from rollout.video import ClipSpec

    processor, config = AutoProcessor.from_pretrained(tiny_model), AutoConfig.from_pretrained(tiny_model)
    return PromptEncoder(processor, config, ClipStore(ClipSpec(), 2**28))
