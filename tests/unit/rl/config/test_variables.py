"""Which variables are forwarded, and which entries of `cluster.env` cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.config.variables import OF_A_NODE, OF_THE_RUN, chosen, variable_problems, without_fit

SECRET = "s3cr3t-value"


def test_what_is_forwarded_unasked_and_where_a_nodes_own_value_stays() -> None:
    of_the_run = ["HF_TOKEN", "HF_HUB_OFFLINE", "OPENAI_API_KEY", "MLFLOW_TRACKING_TOKEN", "VLLM_USE_V1", "AFFECTREE_X"]
    of_a_node = ["HF_HOME", "HF_HUB_CACHE", "https_proxy", "NO_PROXY", "SSL_CERT_FILE", "NCCL_SOCKET_IFNAME", "AFFECTREE_CACHE"]
    others = ["WANDB_API_KEY", "EDITOR", "AWS_SECRET_ACCESS_KEY", "PATH", "VLLM_HOST_IP", "RAY_ADDRESS"]
    found = chosen([], [*of_the_run, *of_a_node, *others])
    assert found == {**dict.fromkeys(of_the_run, False), **dict.fromkeys(of_a_node, True)}


def test_what_is_asked_for_is_the_drivers_everywhere() -> None:
    there = ["WANDB_API_KEY", "WANDB_PROJECT", "MY_KEY", "MY_KEY_2", "HF_HOME"]
    assert chosen(["WANDB_*", "MY_KEY", "HF_HOME"], there) == dict.fromkeys(
        ["WANDB_API_KEY", "WANDB_PROJECT", "MY_KEY", "HF_HOME"], False
    )


def test_a_pattern_takes_nothing_that_belongs_to_a_process() -> None:
    assert chosen(["*"], ["CUDA_VISIBLE_DEVICES", "RANK", "RAY_JOB_CONFIG_JSON_ENV_VAR", "LD_PRELOAD", "CUDA_HOME"]) == {
        "CUDA_HOME": False
    }


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            "MY_KYE",
            "cluster.env = ['MY_KYE']: is not set here; set it where affectree is started, or take it out; did you mean 'MY_KEY'"
            "?",
        ),
        (
            f"MY_KEY={SECRET}",
            "cluster.env = ['MY_KEY=…']: takes names alone, since the config is saved; set MY_KEY where affectree is started",
        ),
        ("MY KEY", "cluster.env = ['MY KEY']: must be names of variables, or patterns such as WANDB_*"),
        ("", "cluster.env = ['']: must be names of variables, or patterns such as WANDB_*"),
        (
            "CUDA_VISIBLE_DEVICES",
            "cluster.env = ['CUDA_VISIBLE_DEVICES']: each process has a CUDA_VISIBLE_DEVICES of its own, or reads it as it "
            "starts; set it where Ray is started, or by the job's runtime_env",
        ),
    ],
)
def test_what_cannot_be_forwarded_is_told_without_values(entry: str, said: str) -> None:
    environ = {"MY_KEY": SECRET, "CUDA_VISIBLE_DEVICES": "0"}
    assert list(variable_problems([entry], environ)) == [said]
    assert list(variable_problems(["MY_KEY", "WANDB_*"], environ)) == []


def test_patterns_that_fit_nothing() -> None:
    assert without_fit(["WANDB_*", "MY_*", "MY_KEY", "CUDA_*"], ["MY_KEY", "CUDA_VISIBLE_DEVICES"]) == ["WANDB_*", "CUDA_*"]


def test_the_documentation_names_all_that_is_forwarded_unasked() -> None:
    text = (Path(__file__).parents[4] / "docs" / "running-on-a-cluster.md").read_text()
    assert [name for name in (*OF_THE_RUN, *OF_A_NODE) if f"`{name.upper()}`" not in text] == []
