"""Reward functions as open-r1, R1-V, Video-R1 and R1-Omni write them: messages, columns by keyword, factories, a registry."""

import math
import re
from functools import partial, update_wrapper


def extract_answer(text):
    found = re.search(r"<answer>\s*(.*?)\s*</answer>", text, re.DOTALL)
    return found.group(1).strip() if found else ""


def accuracy_reward(completions, solution, **kwargs):
    """Video-R1: the kind of a problem stands in a column of which it reads the first value."""
    question_type = kwargs["problem_type"][0]
    contents = [completion[0]["content"] for completion in completions]
    rewards = []
    for content, sol in zip(contents, solution):
        try:
            output_ans, gt_ans = extract_answer(content), extract_answer(sol)
            if question_type == "multiple choice":
                reward = 1.0 if output_ans.strip() == gt_ans.strip() else 0.0
            else:
                reward = 0.0
        except Exception as error:
            print(f"Error in reward_fn for question_type '{question_type}': {error}")
            reward = 0.0
        rewards.append(reward)
    return rewards


def format_reward(completions, **kwargs):
    """R1-V and R1-Omni."""
    pattern = r"<think>.*?</think>\s*<answer>.*?</answer>"
    completion_contents = [completion[0]["content"] for completion in completions]
    return [1.0 if re.fullmatch(pattern, content, re.DOTALL) else 0.0 for content in completion_contents]


def get_cosine_scaled_reward(
    min_value_wrong: float = -1.0,
    max_value_wrong: float = -0.5,
    min_value_correct: float = 0.5,
    max_value_correct: float = 1.0,
    max_len: int = 1000,
):
    def cosine_scaled_reward(completions, solution, **kwargs):
        rewards = []
        for content, sol in zip([completion[0]["content"] for completion in completions], solution):
            is_correct = extract_answer(content) == extract_answer(sol)
            cosine = math.cos(len(content) / max_len * math.pi)
            low, high = (min_value_correct, max_value_correct) if is_correct else (max_value_wrong, min_value_wrong)
            rewards.append(float(low + 0.5 * (high - low) * (1.0 + cosine)))
        return rewards

    return cosine_scaled_reward


def get_repetition_penalty_reward(ngram_size: int, max_penalty: float):
    if max_penalty > 0:
        raise ValueError(f"max_penalty {max_penalty} should not be positive")

    def repetition_penalty_reward(completions, **kwargs) -> float:
        rewards = []
        for completion in [completion[0]["content"] for completion in completions]:
            words = completion.lower().split()
            ngrams = list(zip(*[words[i:] for i in range(ngram_size)]))
            rewards.append((1 - len(set(ngrams)) / len(ngrams)) * max_penalty if ngrams else 0.0)
        return rewards

    return repetition_penalty_reward


def tag_count_reward(completions, tag="think", **kwargs) -> list[float]:
    return [float(completion[0]["content"].count(f"<{tag}>")) for completion in completions]


reward_funcs_registry = {
    "accuracy": accuracy_reward,
    "format": format_reward,
    "tag_count": update_wrapper(partial(tag_count_reward, tag="answer"), tag_count_reward),
    "cosine": get_cosine_scaled_reward(max_len=200),
}
