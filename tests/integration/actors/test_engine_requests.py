"""What engines are asked and what they answer: prompts, media and log-probs are the learner's."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewards.tree.parser import parse
from rl.config.clips import clip_spec
from rl.config.schema import Config
from rl.record.endings import mendable
from rl.run.workers import Workers
from rollout import tree_sampling
from rollout.prompts import PromptEncoder
from rollout.rows.data import RowData, open_rows
from rollout.samples import Prompt, SamplingSpec
from tests.integration.actors.inside import learner_log_probs, replaced, within
from tests.integration.agreement import assert_media_agree

pytestmark = pytest.mark.timeout(400)


def test_prompts_are_the_same_on_both_sides_and_vision_ids_never_sampled(
    workers: Workers, prompts: list[Prompt], encoder: PromptEncoder, version: int
) -> None:
    groups = workers.engines.groups(prompts, SamplingSpec(8, 64))
    for prompt, group in zip(prompts, groups, strict=True):
        assert (prompt.encoded.ids == encoder.vision_tokens[0]).sum() == 8
        for sample in group.samples:
            np.testing.assert_array_equal(sample.prompt_ids, prompt.encoded.ids)
            assert sample.version == version
            assert len(sample.ids) == len(sample.log_probs)
            assert not set(sample.ids.tolist()) & set(encoder.banned_ids)
            assert np.isfinite(sample.log_probs).all()


def test_images_and_several_clips_are_the_same_on_both_sides(workers: Workers, media_rows: Path) -> None:
    assert_media_agree(workers, open_rows(media_rows))


@pytest.mark.parametrize("fps", [1.0, 3.0, 4.0])
def test_positions_agree_at_any_rate(workers: Workers, rows: RowData, config: Config, fps: float) -> None:
    spec = replace(clip_spec(config.data), fps=fps, min_frames=2)
    (rank,) = workers.learners.ranks.actors
    one, other = (slot.actor for slot in workers.engines.slots)
    with (
        replaced(one, "requests.store.spec", spec),
        replaced(other, "requests.store.spec", spec),
        replaced(rank, "learner.encoder.store.spec", spec),
        replaced(rank, "learner.encoder._pixels", {}),
    ):
        (prompt,) = workers.prompts(rows, rows.indices_by_task()["rationale"][:1], f"at{fps}")
        assert workers.sync.logprob_difference(prompt) < 1e-4


def test_a_prompt_that_leaves_no_room_is_told_with_its_files(workers: Workers, rows: RowData) -> None:
    row = replace(rows[0], question="<video>" + "Who smiles? " * 300)
    (encoded,) = workers.learners.encode([row])
    with pytest.raises(Exception, match=r"rollout\.max_model_len = 512") as told:
        workers.engines.groups([Prompt("long", row, encoded)], SamplingSpec(1, 8))
    assert str(mendable(told.value)).startswith(f"prompt long ({row.media[0].path}) has {len(encoded.ids)} tokens")


def test_structured_rationales_keep_the_grammar_and_other_tasks_are_free(
    workers: Workers, rows: RowData, prompts: list[Prompt]
) -> None:
    (group,) = workers.engines.groups(prompts[:1], SamplingSpec(8, 120, structured=True))
    question = workers.prompts(rows, rows.indices_by_task()["emotion_single"][:1], "free")
    (free,) = workers.engines.groups(question, SamplingSpec(8, 24, structured=True))
    for sample in group.samples:
        assert re.match(r"<tree>\n(attribute|person [1-9]\d?\nattribute)\na", sample.text)
        defects = {defect.kind for defect in parse(sample.text).defects}
        cut_off = {"unclosed_tree", "missing_level", "empty_level", "no_answer", "unclosed_answer", "unknown_line"}
        of_meaning = {"unknown_reference", "orphan_expression", "duplicate_id", "spelling"}  # beyond a grammar; an id twice
        assert defects <= of_meaning | (cut_off | {"no_evidence"} if sample.finish_reason == "length" else set())
    assert not any(sample.text.startswith("<tree>") for sample in free.samples)


def test_a_seed_repeats_under_another_load(workers: Workers, rows: RowData) -> None:
    indices = rows.indices_by_task()["rationale"]
    sampling = SamplingSpec(16, 8, seed=5)
    alone = workers.engines.groups(workers.prompts(rows, indices[:1], "seeded"), sampling)[0]
    among = workers.engines.groups(workers.prompts(rows, indices[:48], "seeded"), sampling)[0]  # more than one step's tokens
    for one, other in zip(alone.samples, among.samples, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
    assert len({sample.ids.tobytes() for sample in alone.samples}) == 16


def test_tree_shaped_groups_are_draws_of_the_policy(workers: Workers, prompts: list[Prompt]) -> None:
    with every_engine_stops_at(workers, "e", "a"):  # which a model that cannot write trees yet soon writes
        groups = workers.engines.groups(prompts[:2], SamplingSpec(8, 200, branching=(2, 2, 2)))
    for group in groups:
        whole = [sample for sample in group.samples if len(sample.path) == 3]
        assert len(whole) > 4  # the others reached no header
        for sample, path in zip(group.samples, itertools.product(range(2), repeat=3), strict=True):
            assert sample.path == path[: len(sample.path)]
            assert sample.ends[-1] == len(sample.ids) == sum(span.tokens for span in sample.versions)
            assert "e" in (start := text_of(workers, sample.ids[: sample.ends[0]])) and sample.text.startswith(start)
        for one, other in itertools.combinations(whole, 2):
            shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one.path, other.path, strict=True)))
            until = one.ends[shared - 1] if shared else 0
            assert np.array_equal(one.ids[:until], other.ids[:until])
            assert not np.array_equal(one.ids[: until + 8], other.ids[: until + 8])
        for ours, sample in zip(learner_log_probs(workers, group), group.samples, strict=True):
            np.testing.assert_allclose(ours, sample.log_probs, atol=1e-4)


@contextmanager
def every_engine_stops_at(workers: Workers, *headers: str) -> Iterator[None]:
    """Sections of a tree end at these texts while the block runs."""
    before = tree_sampling.HEADERS
    try:
        set_headers(workers, headers)
        yield
    finally:
        set_headers(workers, before)


def set_headers(workers: Workers, headers: Sequence[str]) -> None:
    def exchange(engine: Any) -> None:
        from rollout import tree_sampling

        tree_sampling.HEADERS = headers

    for slot in workers.engines.slots:
        within(slot.actor, exchange)


def text_of(workers: Workers, ids: np.ndarray) -> str:
    text: str = within(workers.learners.ranks.actors[0], lambda one: one.learner.encoder.decode(ids))
    return text
