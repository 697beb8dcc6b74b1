"""Which version of the weights drew which tokens."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from actors.engine.token_versions import TokenVersions
from rollout.samples import VersionSpan


def test_marks_say_which_version_drew_which_tokens() -> None:
    def state(index: int, tokens: int) -> SimpleNamespace:
        counting = SimpleNamespace(num_output_tokens=lambda: tokens)
        return SimpleNamespace(parent_req=SimpleNamespace(external_req_id="r"), request_index=index, detokenizer=counting)

    states: dict[str, SimpleNamespace] = {}
    llm = SimpleNamespace(
        engine_core=SimpleNamespace(outputs_queue=asyncio.Queue()), output_processor=SimpleNamespace(request_states=states)
    )
    versions = TokenVersions(llm)
    versions.version = 1
    with versions.watched("r"):
        states.update({"0": state(0, 3), "1": state(1, 0)})  # a third was finished before
        asyncio.run(versions.mark())
        versions.version = 2
        assert versions.spans("r", 0, 5) == (VersionSpan(1, 3), VersionSpan(2, 2))
        assert versions.spans("r", 1, 4) == (VersionSpan(2, 4),)
        assert versions.spans("r", 2, 6) == (VersionSpan(1, 6),)
