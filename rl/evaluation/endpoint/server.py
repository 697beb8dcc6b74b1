"""Which model a server has, and what may be asked of it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np

from rewards.errors import UserError, one_of
from rewards.files import read_json_object
from rl.evaluation.endpoint.messages import metadata, video_part
from rollout.families import FAMILIES
from rollout.media.medium import Clip

KEY_VARIABLE = "OPENAI_API_KEY"
_VISION_TOKENS = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
_ASKING_SECONDS = 30.0


class EndpointError(UserError):
    """A server that cannot be asked; says what it answered and what to do."""


@dataclass(frozen=True)
class Server:
    """A model behind an address."""

    url: str
    """Base address, such as http://localhost:8000/v1."""
    model: str
    """Name of the model there."""
    is_vllm: bool = False
    """Whether it takes videos, and vLLM's own settings of a request; others are sent frames as images."""
    needs_metadata: bool = False
    """Whether a request has to bring the metadata of its videos, as `Family.engine_needs_metadata`."""
    bans: tuple[int, ...] = ()
    """Ids of vision tokens, which are never sampled."""

    @property
    def identity(self) -> list[str]:
        """What tells it from other models: answers are kept by it."""
        return [self.url, self.model]


def find_server(url: str, model: str | None) -> Server:
    """Ask an address what it serves.

    Args:
        url: base address; `/v1` is added where it has no path.
        model: name of the model; the only one that is served if None.

    Raises:
        EndpointError: if nothing answers there, or it has no such model.
    """
    base = _checked(url)
    with httpx.Client(timeout=_ASKING_SECONDS, headers=headers(), trust_env=not is_local(base)) as client:
        listed = _models(client, base)
        names = [str(one.get("id")) for one in listed]
        if model is None and len(names) != 1:
            if not names:
                raise EndpointError(f"{base} lists no models; mend the address, or name the model by --model")
            raise EndpointError(f"{base} serves {', '.join(names)}; say which by --model")
        if model is not None and names and model not in names:
            raise EndpointError(f"--model: {base}: {one_of(model, names)}")
        chosen = model or names[0]
        about: dict[str, Any] = next((one for one in listed if one.get("id") == chosen), {})
        if about.get("owned_by") != "vllm":
            return Server(base, chosen)
        family = family_of_name(str(about.get("root") or "")) or family_of_name(chosen)
        needs = FAMILIES[family].engine_needs_metadata if family else _takes_metadata(client, base, chosen)
        return Server(base, chosen, True, needs, _vision_tokens(client, base, chosen))


def headers() -> dict[str, str]:
    """What a request says of its sender. The key is read where it is used, and kept nowhere.

    Raises:
        EndpointError: if it holds what no header can, such as a line break.
    """
    key = _key()
    if not (key.isascii() and key.isprintable()):
        raise EndpointError(f"{KEY_VARIABLE} holds signs that no key has, such as a line break; set it again")
    return {"Authorization": f"Bearer {key}"} if key else {}


def in_line(text: str) -> str:
    """What a server said, as the beginning of one line, without the key, which some repeat."""
    return " ".join((text.replace(key, "***") if (key := _key()) else text).split())[:300]


def is_local(url: str) -> bool:
    """Whether an address is this machine's, which is asked without a proxy."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def family_of_name(name: str) -> str | None:
    """The family of a checkpoint: that of its config if the folder is here, else the one that its name holds."""
    if name and (config := Path(name) / "config.json").is_file():
        found = str(read_json_object(config).get("model_type"))
        return found if found in FAMILIES else None
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return next((family for family in FAMILIES if family.replace("_", "") in plain), None)


def _key() -> str:
    return os.environ.get(KEY_VARIABLE, "").strip()


def _checked(url: str) -> str:
    """A base address, with `/v1` where it has no path."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is none
    except ValueError as error:
        raise EndpointError(f"{url} is no address ({error}); such as http://localhost:8000/v1") from error
    if "@" in parts.netloc:  # it would stand in results, trackers and messages
        raise EndpointError(f"the address holds a password; put a key into {KEY_VARIABLE} instead")
    return url.rstrip("/") + ("" if parts.path.strip("/") else "/v1")


def _models(client: httpx.Client, base: str) -> list[dict[str, Any]]:
    """The models that a server lists; none where it keeps no list."""
    try:
        answer = client.get(f"{base}/models")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise EndpointError(f"{base} cannot be reached ({error}); start the server, or mend the address") from error
    if answer.status_code in (401, 403):
        raise EndpointError(f"{base} answered {answer.status_code}; set the key in {KEY_VARIABLE}")
    if answer.status_code >= 500:
        raise EndpointError(f"{base} answered {answer.status_code} ({in_line(answer.text)}); look into the server's log")
    try:
        listed = answer.json()["data"] if answer.is_success else []
    except (ValueError, KeyError, TypeError):
        listed = []
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _vision_tokens(client: httpx.Client, base: str, model: str) -> tuple[int, ...]:
    """Ids of those vision tokens that the model's tokenizer knows: a word of its own is one token."""
    found: list[int] = []
    for token in _VISION_TOKENS:
        asked = {"model": model, "prompt": token, "add_special_tokens": False}
        try:
            answer = client.post(f"{base.removesuffix('/v1')}/tokenize", json=asked)
            ids = answer.json()["tokens"] if answer.is_success else []
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise EndpointError(f"{base}: its tokenizer cannot be asked ({error}); look into the server's log") from error
        found += ids if len(ids) == 1 else []
    return tuple(sorted(set(found)))


def _takes_metadata(client: httpx.Client, base: str, model: str) -> bool:
    """Whether a video may bring its metadata: vLLM 0.29 refuses them where it makes them itself."""
    black = Clip("", np.zeros((2, 56, 56, 3), dtype=np.uint8), 2.0)
    parts = [*video_part(black), {"type": "text", "text": "?"}]
    asked = {"model": model, "messages": [{"role": "user", "content": parts}], "max_tokens": 1}
    kwargs = {"do_sample_frames": False, "video_metadata": [metadata(black)]}
    try:
        return client.post(f"{base}/chat/completions", json={**asked, "mm_processor_kwargs": kwargs}).is_success
    except httpx.HTTPError as error:
        raise EndpointError(f"{base}: a first question got no answer ({error}); look into the server's log") from error
