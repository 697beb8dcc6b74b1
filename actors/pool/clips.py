"""Prompts about the same media, which one engine is asked one after the other: it computes the media, and the beginning that the
prompts share, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar


class Asking(Protocol):
    """What engines are asked: a prompt of the policy, or a question to a judge. Called a prompt in this room."""

    @property
    def key(self) -> str:
        """Unique among all that is asked."""

    @property
    def media(self) -> Sequence[Any]:
        """Videos and images that it is about."""


Asked = TypeVar("Asked", bound=Asking)


def by_clip(prompts: Sequence[Asked]) -> list[list[Asked]]:
    """Prompts by the media that they are about, in the order in which each comes first. One without media is by itself."""
    found: dict[Any, list[Asked]] = {}
    for place, prompt in enumerate(prompts):
        found.setdefault(tuple(prompt.media) or place, []).append(prompt)
    return list(found.values())


def dealt(clips: Sequence[Sequence[Asked]], samples: Callable[[Asked], int], engines: int) -> list[list[Asked]]:
    """The prompts of each engine: clip after clip goes to the engine that has the fewest samples so far.

    What of a clip is left when the engine has its share of all samples goes to the next one, so that shares differ by one
    prompt at most.

    Args:
        clips: prompts by clip.
        samples: how many samples a prompt asks for.
        engines: how many there are.
    """
    share = sum(samples(prompt) for clip in clips for prompt in clip) / engines
    found: list[list[Asked]] = [[] for _ in range(engines)]
    have = [0] * engines
    for clip in clips:
        number = have.index(min(have))
        for prompt in clip:
            if have[number] >= share:
                number = have.index(min(have))
            found[number].append(prompt)
            have[number] += samples(prompt)
    return found


def batches(prompts: Sequence[Asked], samples: Callable[[Asked], int], most: int) -> list[list[Asked]]:
    """Prompts in order, in as few batches as have at most so many samples each; a prompt that needs more is one by itself."""
    found: list[list[Asked]] = []
    room = 0
    for prompt in prompts:
        if not found or samples(prompt) > room:
            found.append([])
            room = most
        found[-1].append(prompt)
        room -= samples(prompt)
    return found
