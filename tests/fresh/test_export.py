"""What a run writes, read by others: transformers 4.57 and an older peft in an environment of their own, and another user."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForImageTextToText, AutoProcessor

from rl.config.load import load_config
from rl.learner.deepspeed_engine import whole_adapter, whole_weights
from rl.learner.lora import adapted, add_adapters
from rl.learner.saving import ADAPTER, save_policy
from rl.run.specs import learner_spec
from rollout.families import FAMILIES

UV = Path(sys.executable).with_name("uv")
OLDEST = ("transformers==4.57.6", "peft==0.17.1")
"""The oldest versions that folders are written for."""
NOBODY = 65534

ASK = """
import sys
import numpy as np
import torch
from peft import PeftModel
from transformers import AutoModelForImageTextToText, AutoProcessor, GenerationConfig, __version__

folder, base, asked, out = sys.argv[1:]
assert __version__ == "4.57.6", __version__
given = torch.load(asked)
model, told = AutoModelForImageTextToText.from_pretrained(folder, output_loading_info=True)
assert not told["missing_keys"] and not told["unexpected_keys"] and not told["mismatched_keys"], told
processor = AutoProcessor.from_pretrained(folder)
made = processor(text=given["text"], videos=given["frames"], do_sample_frames=False, video_metadata=given["metadata"],
                 return_tensors="pt")
inputs = {name: given["inputs"][name] for name in made}
with torch.no_grad():
    logits = model(**inputs).logits
    adapted = PeftModel.from_pretrained(AutoModelForImageTextToText.from_pretrained(base), folder + "/adapter")(**inputs).logits
chat = processor.apply_chat_template(given["messages"], tokenize=False, add_generation_prompt=True)
assert GenerationConfig.from_pretrained(folder).eos_token_id == [processor.tokenizer.eos_token_id]
np.savez(out, logits=logits, adapted=adapted, ids=made["input_ids"], pixels=made["pixel_values_videos"], chat=chat)
"""


@dataclass(frozen=True)
class Saved:
    """A model as a run writes it, what it was asked, and what it answers here."""

    folder: Path
    base: Path
    asked: Path
    given: dict[str, Any]
    logits: torch.Tensor
    adapted: torch.Tensor
    """What its adapters answer here, on the model that they were begun with."""


@pytest.fixture(scope="module")
def oldest() -> Iterator[Path]:
    """The Python of an environment with the oldest versions; torch, which they share, is that of this one."""
    folder = Path(tempfile.mkdtemp(prefix="affectree-oldest-"))
    python = folder / "bin" / "python"
    subprocess.run([UV, "venv", "-q", "--python", sys.executable, folder], check=True)
    subprocess.run([UV, "pip", "install", "-q", "--python", python, "--no-deps", OLDEST[1]], check=True)
    subprocess.run([UV, "pip", "install", "-q", "--python", python, OLDEST[0], "pillow", "jinja2"], check=True)
    (own,) = (folder / "lib").glob("python*/site-packages")
    (own / "after.pth").write_text(f"import sys; sys.path.append({site.getsitepackages()[0]!r})\n")
    yield python
    shutil.rmtree(folder)


@pytest.fixture(scope="module", params=FAMILIES)
def saved(request: pytest.FixtureRequest, tiny_models: dict[str, Path]) -> Iterator[Saved]:
    """In a folder that others may look into, as pytest's own are not."""
    folder, base = Path(tempfile.mkdtemp(prefix="affectree-saved-")), tiny_models[request.param]
    folder.chmod(0o755)
    words = ["model.init=tiny", "model.lora={rank: 4}", "grpo.mix={rationale: 1}", "rewards.scorers={leaf: {spec: leaf_f1}}"]
    spec = learner_spec(load_config(None, words, files=False), str(base))
    model = AutoModelForImageTextToText.from_pretrained(base, dtype=torch.float32)
    add_adapters(model, spec.model.lora)
    for layer in adapted(model).values():
        layer.lora_B["default"].weight.data.normal_(0, 0.1, generator=torch.Generator().manual_seed(1))
    save_policy(model, whole_weights(model), whole_adapter(model), spec, folder / "model", None)
    given = question(AutoProcessor.from_pretrained(base))
    torch.save(given, folder / "asked.pt")
    with torch.no_grad():
        logits = AutoModelForImageTextToText.from_pretrained(folder / "model")(**given["inputs"]).logits
        began = AutoModelForImageTextToText.from_pretrained(base)
        by_peft = PeftModel.from_pretrained(began, str(folder / "model" / ADAPTER))(**given["inputs"]).logits
    yield Saved(folder / "model", base, folder / "asked.pt", given, logits, by_peft)
    shutil.rmtree(folder)


def question(processor: Any) -> dict[str, Any]:
    """A clip of random frames and a question about it."""
    frames = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (4, 3, 64, 64), dtype=np.uint8))
    messages = [{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": "What is the hair color?"}]}]
    text = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    metadata = [{"fps": 2.0, "total_num_frames": 4, "frames_indices": [0, 1, 2, 3], "duration": 2.0}]
    given = {"text": [text], "videos": [frames], "video_metadata": metadata}
    inputs = dict(processor(**given, do_sample_frames=False, return_tensors="pt"))
    return {"messages": messages, "text": [text], "frames": [frames], "metadata": metadata, "inputs": inputs}


@pytest.mark.timeout(600)
def test_transformers_4_57_reads_the_folder_with_equal_logits(oldest: Path, saved: Saved, tmp_path: Path) -> None:
    words = [oldest, "-c", ASK, saved.folder, saved.base, saved.asked, tmp_path / "found.npz"]
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(words, cwd=tmp_path, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found = np.load(tmp_path / "found.npz")
    np.testing.assert_allclose(found["logits"], saved.logits.numpy(), atol=1e-5)
    np.testing.assert_allclose(found["adapted"], saved.adapted.numpy(), atol=1e-5)
    np.testing.assert_allclose(found["pixels"], saved.given["inputs"]["pixel_values_videos"].numpy(), atol=1e-6)
    assert str(found["chat"]) == saved.given["text"][0]
    ours = saved.given["inputs"]["input_ids"].numpy()
    if (
        saved.base.name == "qwen3_vl"
    ):  # 5.15's processor leaves the placeholder's own vision marks around a clip's, 4.57's does not
        tokens = AutoProcessor.from_pretrained(saved.base).tokenizer
        marks = tokens.convert_tokens_to_ids(["<|vision_start|>", "<|vision_end|>"])
        ours, theirs = ([i for i in ids[0].tolist() if i not in marks] for ids in (ours, found["ids"]))
        assert theirs == ours
    else:
        np.testing.assert_array_equal(found["ids"], ours)


def test_another_user_reads_every_file(saved: Saved) -> None:
    files = [file for file in saved.folder.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"model.safetensors", "adapter_model.safetensors", "config.json", "tokenizer.json"}
    assert (saved.folder / ADAPTER).is_dir()
    if os.geteuid() != 0:  # who cannot become another user goes by the modes
        assert all(file.stat().st_mode & 0o004 for file in files)
        assert all(folder.stat().st_mode & 0o001 for folder in (saved.folder, saved.folder / ADAPTER))
        return
    done = subprocess.run(["cat", *files], user=NOBODY, group=NOBODY, extra_groups=(), cwd="/", capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert len(done.stdout) == sum(file.stat().st_size for file in files)
