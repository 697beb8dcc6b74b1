"""compute_score as verl's documentation writes it."""

import numpy as np


def compute_score(data_source, solution_str, ground_truth, extra_info=None, bonus=0.0):
    hit = float(ground_truth.lower() in solution_str.lower())
    return {"score": hit + bonus, "acc": hit, "source": data_source, "known": float("age" in (extra_info or {}))}


def plain_score(data_source, solution_str, ground_truth, extra_info=None):
    return 1.0 if solution_str == ground_truth else 0.1


def numpy_score(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    hit = np.bool_(solution_str == ground_truth)
    return {"score": np.float32(hit), "acc": hit, "array": np.array([0.5]), "pred": solution_str, "none": None, "nan": np.nan}


def rule_of_a_data_set(solution_str, ground_truth, method="strict", format_score=0.0, score=1.0):
    """As the rules in `verl/utils/reward_score`, which know no data source."""
    return score if solution_str == ground_truth else format_score


async def judged(data_source, solution_str, ground_truth, extra_info=None):
    return {"score": len(solution_str) / 100}


def compute_scores(data_sources, solution_strs, ground_truths, extra_infos, **kwargs):
    """For verl's BatchRewardManager."""
    rows = zip(data_sources, solution_strs, ground_truths, extra_infos)
    return [{"score": float(text == truth), "age": info["age"]} for _, text, truth, info in rows]
