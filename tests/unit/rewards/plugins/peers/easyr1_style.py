"""A batch reward as EasyR1's examples write it."""

from typing import Any

REWARD_NAME = "faces"
REWARD_TYPE = "batch"


def compute_score(reward_inputs: list[dict[str, Any]], format_weight: float = 0.1) -> list[dict[str, float]]:
    scores = []
    for reward_input in reward_inputs:
        accuracy = float(reward_input["response"] == reward_input["ground_truth"])
        short = float(reward_input["response_length"] < 100)
        overall = (1 - format_weight) * accuracy + format_weight * short
        scores.append({"overall": overall, "format": short, "accuracy": accuracy})
    return scores
