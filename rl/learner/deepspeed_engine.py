"""DeepSpeed around the policy: start, step over micro-batches, gather weights."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import deepspeed
import torch
import torch.distributed as dist
from torch import nn

from rl.config.schema import LearnerConfig
from rl.learner.lora import adapted, adapter_matrices, checkpoint_name, merged

_SETTINGS = ("betas", "weight_decay")
"""What an optimizer is told by the configuration, and would take from a checkpoint; so would DeepSpeed's `clip_grad` be."""


def join_ranks(rank: int, ranks: int, address: str, port: int) -> torch.device:
    """Join the process group; returns this rank's device."""
    # Ray gives every actor a device of its own, so the local rank is always 0
    os.environ.update(
        MASTER_ADDR=address, MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE=str(ranks), LOCAL_RANK="0", LOCAL_SIZE="1"
    )
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(0)
    # DeepSpeed would compile a shared-memory all-reduce for CPU inference. Training does not use it, and a process
    # that is killed while it compiles leaves a lock on which every later one waits for ever.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed(dist_backend="nccl" if on_gpu else "gloo", auto_mpi_discovery=False, verbose=False)
    return torch.device("cuda", 0) if on_gpu else torch.device("cpu")


def start(policy: nn.Module, config: LearnerConfig, ranks: int, bf16: bool) -> Any:
    """Wrap a policy in a DeepSpeed engine with AdamW, on one of `ranks`; `bf16` if its weights are bfloat16."""
    trained = [p for p in policy.parameters() if p.requires_grad]
    # fused, it is as fast on host memory as DeepSpeed's own CPU optimizer, which has to be compiled at the first start
    optimizer = torch.optim.AdamW(trained, lr=0.0, betas=(0.9, config.beta2), weight_decay=config.weight_decay, fused=True)
    zero: dict[str, Any] = {"stage": config.zero_stage}
    for part in config.offload:
        zero["offload_param" if part == "parameters" else "offload_optimizer"] = {"device": "cpu"}
    engine, *_ = deepspeed.initialize(
        model=policy,
        optimizer=optimizer,
        config={
            "train_micro_batch_size_per_gpu": 1,
            "train_batch_size": ranks,
            "gradient_clipping": config.gradient_clip,
            "bf16": {"enabled": bf16},
            "zero_optimization": zero,
            "zero_allow_untested_optimizer": True,
            "zero_force_ds_cpu_optimizer": False,
            "steps_per_print": 1_000_000_000,
        },
    )
    return engine


def optimizer_step(engine: Any, losses: Sequence[Callable[[bool], torch.Tensor]], learning_rate: float) -> float:
    """One optimizer step whose gradient is the sum over `losses` (already divided by the step's totals).

    Ranks with fewer micro-batches repeat their last one with weight 0, so that collectives stay in step; each loss is
    told whether it counts.

    Returns:
        The gradient's norm before clipping.
    """
    for group in engine.optimizer.param_groups:
        group["lr"] = learning_rate
    rounds = int(all_max(len(losses), engine.device))
    for index in range(rounds):
        engine.set_gradient_accumulation_boundary(index == rounds - 1)
        counts = index < len(losses)
        loss = losses[min(index, len(losses) - 1)](counts)
        engine.backward(loss if counts else loss * 0.0)
    plain = gradient_norm(engine) if engine.zero_optimization_stage() == 0 else None
    engine.step()
    norm = engine.get_global_grad_norm() if plain is None else plain
    return float(norm) if norm is not None else float("nan")


def gradient_norm(engine: Any) -> torch.Tensor:
    """Norm of the gradients as they stand on this rank; without ZeRO, DeepSpeed does not report it."""
    return torch.nn.utils.get_total_norm([p.grad for p in engine.module.parameters() if p.grad is not None])


def all_sum(values: dict[str, float], device: torch.device) -> dict[str, float]:
    """Sums over all ranks, key by key; every rank passes the same keys."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return values
    tensor = torch.tensor([values[key] for key in sorted(values)], dtype=torch.float64, device=device)
    dist.all_reduce(tensor)
    return dict(zip(sorted(values), tensor.tolist(), strict=True))


def whole_shapes(engine: Any) -> dict[str, tuple[int, ...]]:
    """Name in the checkpoint -> shape of each weight that `whole_weights` yields."""
    entries = engine.module.model.state_dict(keep_vars=True).items()
    return {name: tuple(getattr(t, "ds_shape", t.shape)) for entry, t in entries if (name := checkpoint_name(entry)) is not None}


def whole_weights(model: Any, merge: bool = True) -> Iterator[tuple[str, torch.Tensor]]:
    """All weights, one after another: (name in the checkpoint, whole tensor) on rank 0. Other ranks take part and get nothing.

    Under ZeRO-3 one tensor at a time is whole, and only until the next is asked for. Tied tensors come under each of their
    names, since an engine that is sent one of them keeps the others as they were.

    Args:
        model: the policy's.
        merge: give each weight with its adapter added; else as it is under the adapter.
    """
    layers = adapted(model) if merge else {}
    for entry, tensor in model.state_dict(keep_vars=True).items():
        name = checkpoint_name(entry)
        if name is None:
            continue
        layer = layers.get(name)
        with gathered([tensor] if layer is None else layer.parameters()):
            if not dist.is_initialized() or dist.get_rank() == 0:
                yield name, tensor.detach() if layer is None else merged(layer)


def whole_adapter(model: Any) -> dict[str, torch.Tensor]:
    """All adapters on rank 0: name in peft's files -> tensor on the CPU. Other ranks take part and get nothing."""
    found: dict[str, torch.Tensor] = {}
    for weight, layer in adapted(model).items():
        matrices = adapter_matrices(layer, weight)
        with gathered(matrices.values()):
            if not dist.is_initialized() or dist.get_rank() == 0:
                found |= {name: matrix.detach().to("cpu", copy=True).contiguous() for name, matrix in matrices.items()}
    return found


@contextmanager
def gathered(parameters: Iterable[torch.Tensor]) -> Iterator[None]:
    """Parameters that ZeRO-3 has sharded are whole while the block runs; a collective of all ranks."""
    with ExitStack() as whole:
        for parameter in parameters:
            if hasattr(parameter, "ds_id"):
                # each by itself: of several, DeepSpeed waits for the last one only, and gloo may finish it before others
                whole.enter_context(deepspeed.zero.GatheredParameters([parameter]))
        yield


def all_max(value: float, device: torch.device) -> float:
    """The largest of all ranks' values."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return value
    tensor = torch.tensor(value, dtype=torch.float64, device=device)
    dist.all_reduce(tensor, op=dist.ReduceOp.MAX)
    return float(tensor)


def save_state(engine: Any, directory: str) -> None:
    """Write weights, optimizer and random state, sharded as DeepSpeed has them; all ranks take part."""
    state = {"torch": torch.get_rng_state().tolist()}
    engine.save_checkpoint(directory, tag="state", client_state=state)


def load_state(engine: Any, directory: str) -> None:
    """Go on from `save_state`, with this engine's own settings. Raises FileNotFoundError if it did not write everything."""
    optimizer = engine.optimizer
    settings = [{key: group[key] for key in _SETTINGS} for group in optimizer.param_groups]
    clip = getattr(optimizer, "clip_grad", None)
    path, state = engine.load_checkpoint(directory, tag="state")
    if path is None:
        raise FileNotFoundError(f"{directory}: no learner state; the checkpoint is incomplete")
    for group, own in zip(optimizer.param_groups, settings, strict=True):
        group.update(own)
    if clip is not None:
        optimizer.clip_grad = clip
    torch.set_rng_state(torch.tensor(state["torch"], dtype=torch.uint8))
