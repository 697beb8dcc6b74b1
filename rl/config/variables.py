"""Which of the driver's environment variables reach the workers of a run, by their names alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from rewards.errors import did_you_mean

OF_THE_RUN = (
    *("HF_*", "HUGGING_FACE_*", "HUGGINGFACE_*", "TRANSFORMERS_*"),  # the hub's token and endpoint, offline or not
    "VLLM_*",  # how engines and the judge work
    *("OPENAI_*", "MLFLOW_*"),  # judges behind endpoints, and scorers that log
    "AFFECTREE_*",
)
"""Names and patterns that are forwarded unasked, and say how this run is to be done: the driver's value is taken."""

OF_A_NODE = (
    *("HF_HOME", "HF_*_CACHE", "HF_TOKEN_PATH", "HUGGINGFACE_*_CACHE", "TRANSFORMERS_CACHE", "VLLM_*_ROOT"),
    "AFFECTREE_CACHE",
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("NCCL_*", "GLOO_*"),
)
"""Names and patterns that are forwarded unasked, and say where things are and how they are reached: a node's own value stays."""

OF_A_PROCESS = (
    *("RAY_*", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"),  # Ray's
    *("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"),  # the learner's
    *("VLLM_HOST_IP", "VLLM_PORT", "AFFECTREE_LOGS", "AFFECTREE_ENGINE_PROCESS"),  # the engine's
    *("PATH", "LD_*", "PYTHON*", "VIRTUAL_ENV", "HOME", "USER", "LOGNAME", "HOSTNAME", "PWD", "TMPDIR", "SHLVL", "_"),
)
"""Names and patterns that are never forwarded: each process has its own, or reads them before it could be given others."""

_PATTERN = re.compile(r"[A-Za-z_*?\[][A-Za-z0-9_*?\[\]!-]*")


def is_pattern(name: str) -> bool:
    """Whether an entry of `cluster.env` may stand for several names."""
    return any(sign in name for sign in "*?[")


def fits(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name is one of these, or fits a pattern of these."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def chosen(asked: Collection[str], environ: Iterable[str]) -> dict[str, bool]:
    """The variables that are forwarded, by name, each with whether a node's own value stays.

    Args:
        asked: names and patterns that are forwarded beside those that are so unasked; their values are the driver's everywhere.
        environ: names of the variables that there are.
    """
    found = {}
    for name in sorted(environ):
        if fits(name, OF_A_PROCESS):
            continue
        if fits(name, asked):
            found[name] = False
        elif fits(name, OF_A_NODE):
            found[name] = True
        elif fits(name, OF_THE_RUN):
            found[name] = False
    return found


def variable_problems(asked: Sequence[str], environ: Mapping[str, str]) -> Iterator[str]:
    """A line for each entry of `cluster.env` that cannot be forwarded. No value is shown, not even one that stands there."""
    for entry in asked:
        name, assigned, _ = entry.partition("=")
        key = f"cluster.env = [{name!r}]" if not assigned else f"cluster.env = [{name + '=…'!r}]"
        if assigned:
            yield f"{key}: takes names alone, since the config is saved; set {name} where affectree is started"
        elif not _PATTERN.fullmatch(name):
            yield f"{key}: must be names of variables, or patterns such as WANDB_*"
        elif not is_pattern(name) and fits(name, OF_A_PROCESS):
            yield (
                f"{key}: each process has a {name} of its own, or reads it as it starts; set it where Ray is started, or by the "
                "job's runtime_env"
            )
        elif not is_pattern(name) and name not in environ:
            yield f"{key}: is not set here; set it where affectree is started, or take it out{did_you_mean(name, environ)}"


def without_fit(asked: Iterable[str], environ: Iterable[str]) -> list[str]:
    """Patterns of `cluster.env` that no variable fits."""
    names = chosen(patterns := [one for one in asked if is_pattern(one)], environ)
    return [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)]
