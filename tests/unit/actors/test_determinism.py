"""Variables of runs that are to be alike."""

from __future__ import annotations

import pytest

from actors.determinism import EVERYWHERE, ON_GPUS, deterministic_variables


def test_what_a_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EVERYWHERE | ON_GPUS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setenv("VLLM_BATCH_INVARIANT", "0")
    assert deterministic_variables(on_cpu=False) == {**EVERYWHERE, **ON_GPUS, "PYTHONHASHSEED": "7", "VLLM_BATCH_INVARIANT": "0"}


def test_on_cpus_nothing_is_said_to_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    found = deterministic_variables(on_cpu=True)
    assert found["PYTHONHASHSEED"] == "0"
    assert not found.keys() & ON_GPUS.keys()
