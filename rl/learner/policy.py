"""The policy: a checkpoint of a supported family, and the log-probabilities that it gives to replies."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import nn
from transformers import AutoModelForImageTextToText

from rl.learner.batch import TokenBatch
from rl.learner.patch_embedding import as_matrix_product
from rl.learner.tower_cache import Features
from rl.learner.tree_attention import Backend, TreeMask, install, tree_mask
from rollout.families import FamilyError, family_of, family_problem

if TYPE_CHECKING:
    from rl.learner.frozen_tower import FrozenTower


def load_model(path: str | Path, dtype: torch.dtype, trust_remote_code: bool = False) -> Any:
    """Load a checkpoint of a supported family by folder or by name.

    Raises:
        FamilyError: if the checkpoint is of another family.
    """
    model = AutoModelForImageTextToText.from_pretrained(
        str(path), dtype=dtype, trust_remote_code=trust_remote_code, attn_implementation="sdpa"
    )
    if problem := family_problem(model.config.model_type):
        raise FamilyError(f"{path}: {problem}")
    return model


def freeze(model: Any, modules: Collection[str]) -> None:
    """Leave modules untrained: the vision tower (`vision`), or what leads from it into the language model (`projector`)."""
    for name, parameter in model.model.visual.named_parameters():
        if ("projector" if "merger" in name.split(".")[0] else "vision") in modules:
            parameter.requires_grad_(False)


class Policy(nn.Module):
    """Wraps a checkpoint so that one forward call gives what losses need and nothing more."""

    def __init__(self, model: Any, banned_ids: Sequence[int], temperature: float = 1.0, backend: Backend | None = None) -> None:
        """
        Args:
            model: a checkpoint of a supported family, from `load_model`.
            banned_ids: ids that are never sampled; they get no probability here either, as in the engine.
            temperature: sampling temperature, so that log-probs are those of the sampled distribution.
            backend: how attention over prefix trees is computed; None takes the best for the device.
        """
        super().__init__()
        self.model: Any = model
        self.family = family_of(model.config.model_type)
        self.backend = backend
        self.frozen_tower: FrozenTower | None = None
        """Where nothing of the vision side is trained: what has been seen before is not computed again."""
        install(model.model.language_model)
        as_matrix_product(model.model.visual)
        self.temperature = temperature
        self.register_buffer("banned", torch.tensor(sorted(banned_ids), dtype=torch.long), persistent=False)

    def forward(
        self, batch: TokenBatch, temperature: float | None = None, entropy: bool = True
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Log-probability of every predicted token and entropy of its distribution, float32, both (N,) in sequence order.

        Args:
            batch: what to read.
            temperature: instead of the sampling temperature; 1 for supervised tuning.
            entropy: False leaves it out: None takes its place.
        """
        backbone = self.model.model
        embeds = backbone.get_input_embeddings()(batch.input_ids)
        deepstack: dict[str, Any] = {}
        seen = self.vision_features(batch)
        if seen is not None and batch.media:
            flat = embeds.flatten(0, 1).index_copy(0, batch.place_at, seen.merged[batch.place_from].to(embeds.dtype))
            embeds = flat.view_as(embeds)
            if seen.deeper:
                places = torch.zeros(batch.input_ids.numel(), dtype=torch.bool, device=embeds.device)
                places[batch.place_at] = True
                deepstack["visual_pos_masks"] = places.view_as(batch.input_ids)
                deepstack["deepstack_visual_embeds"] = [layer[batch.place_from] for layer in seen.deeper]
        elif seen is not None:
            embeds = embeds + 0.0 * torch.stack([layer.sum() for layer in (seen.merged, *seen.deeper)]).sum().to(embeds.dtype)
        hidden = backbone.language_model(
            inputs_embeds=embeds,
            position_ids=batch.position_ids,
            attention_mask=None if batch.branches else batch.attention_mask,
            tree=self.tree(batch),
            use_cache=False,
            **deepstack,
        ).last_hidden_state
        logits = self.model.lm_head(hidden.flatten(0, 1)[batch.predict_at]).float()
        logits = logits.index_fill(1, self.banned, torch.finfo(torch.float32).min)
        log_probs = torch.log_softmax(logits / (temperature or self.temperature), dim=-1)
        chosen = log_probs.gather(1, batch.targets[:, None]).squeeze(1)[batch.distinct]
        return chosen, _entropy(log_probs)[batch.distinct] if entropy else None

    def tree(self, batch: TokenBatch) -> TreeMask | None:
        """Which tokens see which in packed rows; None for rows of one reply each, where a padding mask is enough."""
        return tree_mask(batch.subtree_end, batch.segments, self.backend) if batch.branches else None

    @property
    def can_share(self) -> bool:
        """Whether prefixes can be shared: not with sliding windows, which the mask of a tree does not know."""
        kinds = getattr(self.model.model.language_model.config, "layer_types", None) or ["full_attention"]
        return set(kinds) == {"full_attention"}

    def vision_features(self, batch: TokenBatch) -> Features | None:
        """Features of the batch's distinct media. A batch without any has those of a black clip where other ranks may be seeing
        clips, since under ZeRO the tower's collectives need every rank; else None."""
        if self.frozen_tower is not None:
            return self.frozen_tower.features(batch, self.tower, self.blank)
        if batch.pixel_values is not None and batch.grids is not None:
            return self.tower(batch.pixel_values, batch.grids)
        if dist.is_initialized() and dist.get_world_size() > 1:
            return self.tower(*self.blank(batch.input_ids.device))
        return None

    def tower(self, pixels: torch.Tensor, grids: torch.Tensor) -> Features:
        """Let the vision tower run on media.

        Args:
            pixels: patches of all of them, float32 (patches, d).
            grids: int64 (media, 3), patches of each in time, height and width.
        """
        out = self.model.model.get_video_features(pixels, grids)
        return Features(torch.cat(list(out.pooler_output)), tuple(out.deepstack_features) if self.family.deepstack else ())

    def blank(self, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """Pixels and grid of one black clip of the smallest possible size."""
        vision = self.model.config.vision_config
        side = vision.spatial_merge_size
        width = vision.in_channels * vision.temporal_patch_size * vision.patch_size**2
        return torch.zeros(side * side, width, device=device), torch.tensor([[1, side, side]], device=device)


@torch.no_grad()
def _entropy(log_probs: torch.Tensor) -> torch.Tensor:
    """Of distributions over the last axis, of which some probabilities may be 0."""
    return -(log_probs.exp() * log_probs.clamp(min=-1e4)).sum(-1)
