"""compute_score as verl's documentation writes it."""


def compute_score(data_source, solution_str, ground_truth, extra_info=None, bonus=0.0):
    hit = float(ground_truth.lower() in solution_str.lower())
    return {"score": hit + bonus, "acc": hit, "source": data_source, "known": float("age" in (extra_info or {}))}


def plain_score(data_source, solution_str, ground_truth, extra_info=None):
    return 1.0 if solution_str == ground_truth else 0.1
