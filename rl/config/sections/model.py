"""The section `model`: the checkpoint that is trained, or the tiny one that is built, and adapters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rl.config.fields import bounded

Dtype = Literal["float32", "bfloat16"]


@dataclass
class TinySpec:
    """The shape of the small model that model.init=tiny builds, with random weights."""

    family: str = "qwen2_5_vl"
    """The family of checkpoints whose architecture it has."""
    hidden: int = bounded(192, "features", least=64)
    """Width of the language model: 64 times model.tiny.heads, since the engines' attention on CPUs needs heads of 64."""
    layers: int = bounded(4, "layers", least=1)
    """Layers of the language model."""
    heads: int = bounded(3, "heads", least=1)
    """Attention heads of each layer."""
    kv_heads: int = bounded(1, "heads", least=1)
    """Key and value heads of each layer; must divide model.tiny.heads."""
    intermediate: int = bounded(512, "features", least=1)
    """Width of the language model's feed-forward layers."""
    vocab: int = bounded(1024, "tokens", least=300, because="each byte and each special token is one")
    """Size of the vocabulary; the tokenizer is trained on the training rows."""
    vision_hidden: int = bounded(192, "features", least=64)
    """Width of the vision tower: a multiple of 64."""
    vision_depth: int = bounded(2, "layers", least=1)
    """Layers of the vision tower."""
    vision_intermediate: int = bounded(384, "features", least=1)
    """Width of the vision tower's feed-forward layers."""
    init_std: float = bounded(0.04, above=0)
    """Standard deviation of the first weights. About 1 / sqrt(hidden) is right; the usual 0.02 is made for wide models and
    learns slowly in a small one."""


@dataclass
class LoraConfig:
    """Low-rank adapters: only they are trained, and the model without them is the reference of the KL penalty."""

    rank: int = bounded(16, least=1)
    """Rank of each adapter's two matrices."""
    alpha: float = bounded(32.0, above=0)
    """Scale: an adapter adds alpha / rank times its product to the layer's output."""
    modules: list[str] = field(
        default_factory=lambda: ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    )
    """Names of the linear layers of the language model that get an adapter, in every block."""
    sync: Literal["merged", "adapter"] = "merged"
    """What engines are sent: `merged`, whole weights with the adapters added; `adapter`, the adapters alone, which engines
    then add as they compute."""


@dataclass
class ModelConfig:
    """The model that is trained."""

    path: str | None = None
    """Folder of a checkpoint or its name on the Hugging Face hub; must be null with model.init=tiny."""
    init: Literal["checkpoint", "tiny"] = "checkpoint"
    """Where the first weights come from: `checkpoint` loads model.path, `tiny` builds a small model as model.tiny says."""
    tiny: TinySpec = field(default_factory=TinySpec)
    """The shape of the small model; used with model.init=tiny."""
    dtype: Dtype = "float32"
    """Precision of the weights that are trained."""
    freeze: list[Literal["vision", "projector"]] = field(default_factory=list)
    """Modules that are not trained: `vision` is the tower, `projector` leads from it into the language model."""
    lora: LoraConfig | None = None
    """Trains low-rank adapters and nothing else; null trains the weights. `model.lora={}` takes the defaults."""
    trust_remote_code: bool = False
    """Run Python code that comes with the checkpoint. Set it only for checkpoints whose code you have read."""

    @property
    def frozen_vision(self) -> bool:
        """Whether nothing of the vision side is trained, so that it makes the same of a clip in every step."""
        return self.lora is not None or {"vision", "projector"} <= set(self.freeze)
