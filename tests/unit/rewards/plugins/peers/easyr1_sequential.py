"""A sequential reward as EasyR1's examples for R1-V write it."""

import re
from typing import Any

REWARD_NAME = "r1v"
REWARD_TYPE = "sequential"


def compute_score(reward_input: dict[str, Any], format_weight: float = 0.5) -> dict[str, float]:
    if not isinstance(reward_input, dict):
        raise ValueError("Please use `reward_type=sequential` for r1v reward function.")
    found = re.search(r"<answer>(.*?)</answer>", reward_input["response"])
    given = found.group(1).strip() if found else reward_input["response"].strip()
    accuracy = 1.0 if given == reward_input["ground_truth"].strip() else 0.0
    shaped = 1.0 if re.fullmatch(r"<think>.*?</think>\s*<answer>.*?</answer>", reward_input["response"], re.DOTALL) else 0.0
    return {"overall": (1 - format_weight) * accuracy + format_weight * shaped, "format": shaped, "accuracy": accuracy}
