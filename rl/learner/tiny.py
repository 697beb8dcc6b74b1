"""Builds a small model of a supported family on the spot and saves it in the ordinary Hugging Face format.

Every later line of code is then the same for 4 million and for 7 billion parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    PreTrainedModel,
    ProcessorMixin,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2Tokenizer,
    Qwen2VLImageProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)
from transformers.models.qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideoProcessor

from rl.config.schema import TinySpec
from rl.learner.checkpoint_files import publish
from rl.learner.saving import save_weights

# Qwen2.5's own special tokens, in their order; the chat template and the processor rely on the names.
SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)

# Qwen2.5's pre-tokenizer: contractions, words with their leading space, single digits, punctuation, space.
_SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

_CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


Settings = dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """What a small model of one family is made of, beside what those of all families share."""

    processor: Callable[[Qwen2Tokenizer, Settings], ProcessorMixin]
    """(tokenizer, fewest and most pixels) -> the processor."""
    model: Callable[[TinySpec, Settings, Settings, Settings], PreTrainedModel]
    """(shape, settings of the text part, of the vision tower, of the whole) -> a model with random weights."""


def build_tiny(directory: Path, texts: Iterable[str], spec: TinySpec, seed: int) -> Path:
    """Make config, tokenizer (byte-level BPE trained on `texts`), processor and random weights.

    Returns:
        `directory`, which then loads like any checkpoint of the family.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = _train_tokenizer(texts, spec.vocab)
    RECIPES[spec.family].processor(tokenizer, {"shortest_edge": 28 * 28, "longest_edge": 100_352}).save_pretrained(directory)
    generator_state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    model = _model(tokenizer, spec).float()
    torch.random.set_rng_state(generator_state)
    model.generation_config.eos_token_id = [tokenizer.convert_tokens_to_ids("<|im_end|>")]
    model.generation_config.pad_token_id = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    model.config.update({"architectures": [type(model).__name__], "dtype": "float32"})
    model.config.save_pretrained(directory)
    model.generation_config.save_pretrained(directory)
    publish(directory)
    save_weights(model, model.state_dict().items(), torch.float32, directory)
    return directory


def _train_tokenizer(texts: Iterable[str], vocab: int) -> Qwen2Tokenizer:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab - len(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    bpe.add_special_tokens(list(SPECIAL_TOKENS))
    return Qwen2Tokenizer(
        tokenizer_object=bpe,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        unk_token=None,  # type: ignore[arg-type]  # transformers declares only text, and takes None
        bos_token=None,
        extra_special_tokens=list(SPECIAL_TOKENS),
        model_max_length=8192,
    )


def _model(tokenizer: Qwen2Tokenizer, spec: TinySpec) -> PreTrainedModel:
    token_id = tokenizer.convert_tokens_to_ids
    half_head = spec.hidden // spec.heads // 2
    section = [half_head - 2 * (half_head * 3 // 8), half_head * 3 // 8, half_head * 3 // 8]
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": spec.hidden,
        "intermediate_size": spec.intermediate,
        "num_hidden_layers": spec.layers,
        "num_attention_heads": spec.heads,
        "num_key_value_heads": spec.kv_heads,
        "max_position_embeddings": 8192,
        "initializer_range": spec.init_std,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": section},
        "bos_token_id": None,
        "eos_token_id": token_id("<|im_end|>"),
        "pad_token_id": token_id("<|endoftext|>"),
        "tie_word_embeddings": True,
    }
    vision = {
        "depth": spec.vision_depth,
        "hidden_size": spec.vision_hidden,
        "out_hidden_size": spec.hidden,
        "intermediate_size": spec.vision_intermediate,
        "num_heads": spec.vision_hidden // 64,
        "initializer_range": spec.init_std,
    }
    tokens = {
        "image_token_id": token_id("<|image_pad|>"),
        "video_token_id": token_id("<|video_pad|>"),
        "vision_start_token_id": token_id("<|vision_start|>"),
        "vision_end_token_id": token_id("<|vision_end|>"),
        "tie_word_embeddings": True,
    }
    return RECIPES[spec.family].model(spec, text, vision, tokens)


def _qwen2_5_processor(tokenizer: Qwen2Tokenizer, size: Settings) -> ProcessorMixin:
    return Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(size=dict(size)),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(size=dict(size)),
        chat_template=_CHAT_TEMPLATE,
    )


def _qwen2_5_model(spec: TinySpec, text: Settings, vision: Settings, whole: Settings) -> PreTrainedModel:
    vision |= {"fullatt_block_indexes": [spec.vision_depth - 1], "tokens_per_second": 1}
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=vision, **whole))


def _qwen3_processor(tokenizer: Qwen2Tokenizer, size: Settings) -> ProcessorMixin:
    return Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(size=dict(size), patch_size=16),
        tokenizer=tokenizer,
        video_processor=Qwen3VLVideoProcessor(size=dict(size)),
        chat_template=_CHAT_TEMPLATE,
    )


def _qwen3_model(spec: TinySpec, text: Settings, vision: Settings, whole: Settings) -> PreTrainedModel:
    text |= {"head_dim": spec.hidden // spec.heads}
    text["rope_parameters"] |= {"mrope_interleaved": True}
    vision |= {"deepstack_visual_indexes": [0], "num_position_embeddings": 256}
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=text, vision_config=vision, **whole))


RECIPES = {
    "qwen2_5_vl": Recipe(_qwen2_5_processor, _qwen2_5_model),
    "qwen3_vl": Recipe(_qwen3_processor, _qwen3_model),
}
"""Recipes by model type; one for each entry of `rollout.families.FAMILIES`."""
