"""The small files of a checkpoint: configuration, tokenizer, processor, chat template.

They are taken as they are from the checkpoint that a run began with, since training changes none of them. What only
transformers 5 writes is put as published checkpoints have it, which transformers 4.57 and 5 both read.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download

Contents = dict[str, Any]

_COPIED = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "special_tokens_map.json",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
    "processor_config.json",
    "chat_template.json",
    "chat_template.jinja",
    "additional_chat_templates/*.jinja",
    "*.py",
    "LICENSE*",
    "NOTICE*",
)
_PARTS_OF_PROCESSOR = {"image_processor": "preprocessor_config.json", "video_processor": "video_preprocessor_config.json"}
"""Key in transformers 5's processor_config.json -> the file that published checkpoints have instead."""


def checkpoint_folder(checkpoint: str, download: bool = False) -> Path:
    """The folder of a checkpoint, which is named or lies in the hub's cache.

    Args:
        checkpoint: a folder, or a name on the hub.
        download: have the hub asked for small files that are not in the cache; else the checkpoint must have been loaded.
    """
    if Path(checkpoint).is_dir():
        return Path(checkpoint)
    return Path(snapshot_download(checkpoint, allow_patterns=list(_COPIED), local_files_only=not download))


def copy_files(base: Path, folder: Path, dtype: str) -> None:
    """Copy the small files of a checkpoint into a new one.

    Args:
        base: the checkpoint that they are taken from.
        folder: the new one; is made if it is not there.
        dtype: of the new one's weights, such as `bfloat16`; its configuration says so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in (found for pattern in _COPIED for found in sorted(base.glob(pattern))):
        copy = folder / file.relative_to(base)
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(file, copy)  # the contents alone: the mode of a file in the hub's cache is its own
    publish(folder)
    _change(folder / "config.json", lambda config: with_dtype(config, dtype))


def publish(folder: Path) -> None:
    """Put the files of a checkpoint that transformers 5 wrote as published checkpoints have them; others stay as they are."""
    _change(folder / "config.json", with_rope_scaling)
    _change(folder / "tokenizer_config.json", with_additional_special_tokens)
    _split_processor(folder)


def with_dtype(config: Contents, dtype: str) -> Contents:
    """A configuration that says which precision the weights have, in all of its parts that say it."""

    def changed(part: Contents) -> Contents:
        return {
            key: changed(value) if isinstance(value, dict) else dtype if key in ("dtype", "torch_dtype") else value
            for key, value in part.items()
        }

    return changed(config if "torch_dtype" in config else config | {"dtype": dtype})


def with_rope_scaling(config: Contents) -> Contents:
    """A configuration whose parts say `rope_theta` and `rope_scaling` where transformers 5 says both in `rope_parameters`."""
    changed: Contents = {}
    for key, value in config.items():
        if key == "rope_parameters" and isinstance(value, dict) and "rope_theta" in value:
            changed["rope_theta"] = value["rope_theta"]
            changed["rope_scaling"] = {name: one for name, one in value.items() if name != "rope_theta"}
        else:
            changed[key] = with_rope_scaling(value) if isinstance(value, dict) else value
    return changed


def with_additional_special_tokens(config: Contents) -> Contents:
    """A tokenizer's configuration that lists its special tokens under the name which transformers 4 knows."""
    named = "extra_special_tokens"
    if not isinstance(config.get(named), list):
        return config
    return {"additional_special_tokens" if key == named else key: value for key, value in config.items()}


def _split_processor(folder: Path) -> None:
    """Give the parts of a processor the files of their own that published checkpoints have."""
    file = folder / "processor_config.json"
    if not file.is_file():
        return
    contents = _read(file)
    parts = {key: contents.pop(key) for key in _PARTS_OF_PROCESSOR if isinstance(contents.get(key), dict)}
    if not parts:
        return
    of_class = {"processor_class": contents["processor_class"]} if "processor_class" in contents else {}
    for key, part in parts.items():
        _write(folder / _PARTS_OF_PROCESSOR[key], part | of_class)
    if contents.keys() == of_class.keys():
        file.unlink()
    else:
        _write(file, contents)


def _change(file: Path, change: Callable[[Contents], Contents]) -> None:
    """Write a JSON file again if a change makes a difference, if it is there."""
    if file.is_file() and (changed := change(contents := _read(file))) != contents:
        _write(file, changed)


def _read(file: Path) -> Contents:
    contents: Contents = json.loads(file.read_text(encoding="utf-8"))
    return contents


def _write(file: Path, contents: Contents) -> None:
    file.write_text(json.dumps(contents, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
