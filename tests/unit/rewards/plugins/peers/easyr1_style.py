"""A batch reward as EasyR1's examples write it."""


def compute_score(reward_inputs, format_weight=0.1):
    scores = []
    for reward_input in reward_inputs:
        accuracy = float(reward_input["response"] == reward_input["ground_truth"])
        short = float(reward_input["response_length"] < 100)
        overall = (1 - format_weight) * accuracy + format_weight * short
        scores.append({"overall": overall, "format": short, "accuracy": accuracy})
    return scores
