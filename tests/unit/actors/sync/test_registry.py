"""Transfers by name: those that ship, and a stranger's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from ray import cloudpickle

from actors.learners.group import LearnerGroup
from actors.sync.adapter import AdapterTransfer
from actors.sync.broadcast import BroadcastTransfer
from actors.sync.memory import MemoryTransfer
from actors.sync.registry import TRANSFERS, make_transfer
from rewards.plugins.spec import PluginError
from rl.config import functions
from rl.config.schema import LoraConfig, ModelConfig, RolloutConfig

NOBODY = cast(LearnerGroup, None)
"""A transfer asks nothing of the learners as it is made."""
DISK = "examples/disk_transfer.py:DiskTransfer"


def make(model: ModelConfig | None = None, **rollout: Any) -> Any:
    return make_transfer(NOBODY, model or ModelConfig(), RolloutConfig(**rollout))


def test_a_config_is_refused_that_names_another_than_these() -> None:
    assert set(functions.TRANSFERS) == set(TRANSFERS)


def test_those_that_ship_are_made_by_name() -> None:
    assert type(make(transfer="memory")) is MemoryTransfer
    assert type(make(transfer="broadcast")) is BroadcastTransfer
    with pytest.raises(PluginError, match="weight transfer: 'pigeon' is not known; use one of memory, broadcast, or file"):
        make(transfer="pigeon")


@pytest.mark.parametrize(("sync", "expected"), [("adapter", AdapterTransfer), ("merged", MemoryTransfer)])
def test_adapters_alone_have_a_way_of_their_own(sync: Any, expected: type) -> None:
    assert type(make(ModelConfig(lora=LoraConfig(sync=sync)))) is expected


def test_a_strangers_file_makes_one_whose_functions_ranks_without_the_file_can_be_sent(tmp_path: Path) -> None:
    transfer = make(transfer=DISK, transfer_parameters={"folder": str(tmp_path)})
    assert type(transfer).__name__ == "DiskTransfer"
    module = type(transfer).__module__
    sent = cloudpickle.dumps(type(transfer))
    assert module.startswith("affectree_plugin_") and b"DiskTransfer" in sent and b"prepare" in sent


def test_parameters_that_it_does_not_take_are_refused() -> None:
    with pytest.raises(PluginError, match=r"weight transfer: .*fodler"):
        make(transfer=DISK, transfer_parameters={"fodler": "x"})
