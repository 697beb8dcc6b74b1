"""What an engine's caches have saved."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CacheCounts:
    """What an engine's caches have saved since its start, in tokens. A request that is begun anew after it was put off counts
    again."""

    prompt: int = 0
    """Tokens of requests: of their prompts, and of what had been drawn of those that are begun anew."""
    prompt_hits: int = 0
    """Those whose keys and values were in the prefix cache."""
    media: int = 0
    """Tokens of these requests that show media."""
    media_hits: int = 0
    """Those that the vision tower did not compute: they were in the prefix cache or in the encoder cache."""

    def since(self, before: CacheCounts) -> CacheCounts:
        """What was counted after an earlier reading."""
        return CacheCounts(
            self.prompt - before.prompt,
            self.prompt_hits - before.prompt_hits,
            self.media - before.media,
            self.media_hits - before.media_hits,
        )
