"""The model that a run begins with: whether it is complete, and how large it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import prod
from pathlib import Path

from rl.config.schema import ModelConfig, TinySpec
from rl.doctor.finding import Finding, gib
from rollout.families import family_of, family_problem

_TOKENIZERS = ("tokenizer.json", "vocab.json", "tokenizer_config.json")
_PROCESSORS = ("preprocessor_config.json", "processor_config.json")


class Incomplete(Exception):
    """The weights cannot be loaded. The text says which file and why."""


@dataclass(frozen=True)
class Weights:
    """How much a folder's safetensors files hold."""

    parameters: int
    size: int
    """In bytes."""


def checkpoint(model: ModelConfig, ask_hub: bool = False) -> Finding:
    """Whether the checkpoint is there and complete, by the headers of its files.

    Args:
        model: the configuration's model.
        ask_hub: if the model is not on this machine, ask the Hugging Face hub for it.
    """
    if model.init == "tiny":
        return Finding(
            "checkpoint",
            "ok",
            f"a tiny {model.tiny.family} of about {tiny_parameters(model.tiny) / 1e6:.1f} M parameters is built",
        )
    folder = local_folder(model)
    if folder is None:
        return _on_hub(str(model.path), ask_hub)
    try:
        family = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError) as error:
        return Finding("checkpoint", "fault", f"{folder / 'config.json'} cannot be read ({error})", "check model.path")
    if problem := family_problem(family):
        found, _, advice = problem.partition("; ")
        return Finding("checkpoint", "fault", f"{folder}: {found}", advice)
    for what, names in (("tokenizer", _TOKENIZERS), ("processor", _PROCESSORS)):
        if not any((folder / name).is_file() for name in names):
            return Finding(
                "checkpoint", "fault", f"{folder}: no {what} ({' or '.join(names)})", "copy it from the original model"
            )
    try:
        weights = read_weights(folder)
    except Incomplete as error:
        return Finding("checkpoint", "fault", str(error), "copy or download the model again")
    return Finding("checkpoint", "ok", f"{folder}: {family}, {weights.parameters / 1e9:.2f} G parameters, {gib(weights.size)}")


def parameters_of(model: ModelConfig) -> int | None:
    """How many parameters the model has: counted, computed for a tiny one, or as its name says. None if nothing tells."""
    if model.init == "tiny":
        return tiny_parameters(model.tiny)
    folder = local_folder(model)
    try:
        if folder is not None:
            return read_weights(folder).parameters
    except Incomplete:
        return None
    named = re.search(r"(\d+(?:\.\d+)?)[bB]\b", str(model.path))
    return int(float(named[1]) * 1.25e9) if named else None  # Qwen2.5-VL-3B has 3.75 G with its vision tower


def local_folder(model: ModelConfig) -> Path | None:
    """Where the checkpoint is on this machine: the folder that is named, or one in the hub's cache. None if it is not here."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    path = str(model.path)
    named = Path(path).expanduser()
    if named.exists() or path.startswith((".", "/", "~")):
        return named
    try:
        cached = try_to_load_from_cache(path, "config.json")
    except HFValidationError:
        return named
    return Path(cached).parent if isinstance(cached, str) else None


def read_weights(folder: Path) -> Weights:
    """Count parameters and bytes of a folder's safetensors files, by their headers.

    Raises:
        Incomplete: if a file is missing, cut off, or only git's stand-in for it.
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except (ValueError, KeyError) as error:
            raise Incomplete(f"{index} cannot be read ({error})") from None
    elif (folder / "model.safetensors").is_file():
        names = ["model.safetensors"]
    else:
        raise Incomplete(f"{folder}: no weights (model.safetensors, or model.safetensors.index.json and what it lists)")
    counts = [_read_head(folder / name) for name in names]
    return Weights(sum(counts), sum((folder / name).stat().st_size for name in names))


def _read_head(file: Path) -> int:
    """How many parameters a safetensors file holds. Raises `Incomplete`."""
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            start = opened.read(8)
            if start == b"version ":
                raise Incomplete(f"{file} only stands for a file in git; run `git lfs pull` there")
            length = int.from_bytes(start, "little")
            head = json.loads(opened.read(length)) if 0 < length <= size - 8 else None
    except OSError as error:
        raise Incomplete(f"{file} cannot be read ({error.strerror})") from None
    except ValueError:
        head = None
    if not isinstance(head, dict):
        raise Incomplete(f"{file} is not a safetensors file, or its head is cut off")
    tensors = [entry for name, entry in head.items() if name != "__metadata__"]
    whole = 8 + length + max((entry["data_offsets"][1] for entry in tensors), default=0)
    if size != whole:
        raise Incomplete(f"{file} is cut off: {size} of {whole} bytes")
    return sum(prod(entry["shape"]) for entry in tensors)


def _on_hub(name: str, ask: bool) -> Finding:
    """The finding for a model on the Hugging Face hub that is not in this machine's cache."""
    from httpx import HTTPError
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError

    here = "download it to a folder that this machine sees and set model.path to it"
    if constants.HF_HUB_OFFLINE:
        return Finding("checkpoint", "fault", f"{name} is not on this machine, and HF_HUB_OFFLINE is set", f"unset it, or {here}")
    if not ask:
        return Finding(
            "checkpoint", "warning", f"{name} is not on this machine; it is downloaded from {constants.ENDPOINT} at start"
        )
    try:
        found = HfApi().model_info(name, timeout=3.0, files_metadata=True)
    except HfHubHTTPError as error:
        return Finding(
            "checkpoint",
            "fault",
            f"{name}: {str(error).splitlines()[0]}",
            f"check model.path, log in with `hf auth login`, or {here}",
        )
    except (HTTPError, OSError) as error:
        return Finding(
            "checkpoint",
            "fault",
            f"{name} is not on this machine, and {constants.ENDPOINT} is not reached ({type(error).__name__})",
            here,
        )
    size = sum(file.size or 0 for file in found.siblings or ())
    return Finding("checkpoint", "warning", f"{name} is not on this machine; {gib(size)} are downloaded at start")


def tiny_parameters(spec: TinySpec) -> int:
    """How many parameters a model that `rl.learner.tiny` builds has, to within a few percent."""
    family = family_of(spec.family)
    layer = 2 * spec.hidden**2 + 2 * spec.hidden * 64 * spec.kv_heads + 3 * spec.hidden * spec.intermediate
    block = 4 * spec.vision_hidden**2 + 3 * spec.vision_hidden * spec.vision_intermediate
    merger = 4 * spec.vision_hidden * (4 * spec.vision_hidden + spec.hidden)
    patches = 3 * 2 * family.patch**2 * spec.vision_hidden  # colours x frames x pixels
    mergers = 2 if family.deepstack else 1
    return spec.layers * layer + spec.vision_depth * block + mergers * merger + patches + spec.vocab * spec.hidden
