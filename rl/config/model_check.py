"""Whether a model that a user names can be had and is of a family that is supported, before anything is started."""

from __future__ import annotations

import queue
import re
import threading
from pathlib import Path

from rewards.errors import UserError
from rewards.files import read_json_object
from rl.config.schema import JudgeConfig, ModelConfig
from rollout.families import family_problem

HUB_SECONDS = 4.0
"""How long the hub is given to answer; it is asked for one small file."""
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


class ModelError(UserError):
    """A model that cannot be had; says where it was looked for and what to do."""


def is_folder_name(path: str, where: Path = Path()) -> bool:
    """Whether a model's name means a folder, not one of the hub's. Relative paths start from `where`."""
    return path.startswith((".", "/", "~")) or (where / path).exists() or not _HUB_NAME.fullmatch(path)


def checkpoint_problem(folder: Path) -> str | None:
    """Why a folder is no checkpoint of any family, and what to do; None if it is one."""
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "no such folder"
        return f"{folder}: {found}; name the folder of a checkpoint, or a model of the hub such as Qwen/Qwen2.5-VL-3B-Instruct"
    return None if (folder / "config.json").is_file() else f"{folder}: holds no config.json; name the folder of a checkpoint"


def folder_problem(folder: Path) -> str | None:
    """Why a folder is no checkpoint that can be trained, and what to do; None if it is one."""
    if problem := checkpoint_problem(folder):
        return problem
    file = folder / "config.json"
    try:
        return _type_problem(str(file), read_json_object(file).get("model_type"))
    except UserError as error:
        return str(error)


def check_model(model: ModelConfig) -> None:
    """Whether the checkpoint that a config names can be had: here, from the hub's cache, or from the hub.

    Raises:
        ModelError: if it cannot, or is of another family.
    """
    if model.init == "tiny" or model.path is None:
        return
    local = is_folder_name(model.path)
    problem = folder_problem(Path(model.path).expanduser()) if local else _hub_problem(model.path)
    if problem:
        raise ModelError(f"model.path = {model.path!r}: {problem}")


def check_judge_model(judge: JudgeConfig | None) -> None:
    """Whether the judge's checkpoint, which may be of any family, can be had; raises `ModelError` if it cannot."""
    if judge is None:
        return
    local = is_folder_name(judge.model)
    problem = checkpoint_problem(Path(judge.model).expanduser()) if local else _hub_problem(judge.model, any_family=True)
    if problem:
        raise ModelError(f"rewards.judge.model = {judge.model!r}: {problem}")


def check_folder(folder: Path) -> None:
    """Raises `ModelError` for a folder that engines cannot serve."""
    problem = folder_problem(folder)
    if problem is None and not any(folder.glob("*.safetensors")) and not any(folder.glob("*.bin")):
        problem = f"{folder}: holds no weights (*.safetensors); name the folder of a whole checkpoint"
    if problem:
        raise ModelError(problem)


def _hub_problem(name: str, any_family: bool = False) -> str | None:
    """Asks in a thread, since names may take minutes to resolve where there is no network."""
    answer: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=lambda: answer.put(_ask_hub(name, any_family)), daemon=True).start()
    try:
        return answer.get(timeout=HUB_SECONDS)
    except queue.Empty:
        return _nowhere(f"no answer within {HUB_SECONDS:g} s")


def _ask_hub(name: str, any_family: bool) -> str | None:
    from httpx import HTTPError
    from huggingface_hub import HfApi, try_to_load_from_cache
    from huggingface_hub.errors import GatedRepoError, HFValidationError, OfflineModeIsEnabled, RepositoryNotFoundError

    try:
        if isinstance(cached := try_to_load_from_cache(name, "config.json"), str):
            return None if any_family else folder_problem(Path(cached).parent)
        config = HfApi().model_info(name, timeout=HUB_SECONDS, expand=["config"]).config or {}
    except HFValidationError:
        return "neither a folder here nor a name that the hub allows; check the path"
    except GatedRepoError:
        return "the hub gives it only to those who accepted its terms; do that there, then log in with `hf auth login`"
    except RepositoryNotFoundError:
        return "neither a folder here nor on the hub; check the name, or log in with `hf auth login` if it is private"
    except OfflineModeIsEnabled:
        return _nowhere("HF_HUB_OFFLINE is set")
    except (HTTPError, OSError, ValueError) as error:
        return _nowhere((str(error).strip() or type(error).__name__).splitlines()[0])
    return _type_problem("on the hub", config["model_type"]) if "model_type" in config and not any_family else None


def _nowhere(reason: str) -> str:
    return f"neither a folder nor to be had from the hub ({reason}); check the path, or download it and name the folder"


def _type_problem(where: str, found: object) -> str | None:
    problem = family_problem(found)
    return f"{where}: {problem}" if problem else None
