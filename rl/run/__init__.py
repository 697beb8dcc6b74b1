"""What a run does with its workers; `rl/train.py` is made of these.

- `begin`: workers, tracker and results are started, and whatever happens is told and stopped.
- `state`: what the phases of a run share, and how what they did is kept.
- `joining`: the cluster is joined; `workers`: engines, reward workers and learner ranks, started side by side.
- `preparation`, `task_check`: the rows of a run, and whether they fit its settings.
- `inputs`: what a run is given, noted when it begins and compared when it goes on.
- `imitation`: whether rows that are tuned on have a turn to imitate.
- `lengths`: whether the prompts of these rows fit; `row_limits`: how long they may be.
- `specs`: what workers are told, from the config.
- `sft`: the supervised steps; `steps`, `learning`: the two halves of a GRPO step; `prefetch`: rollouts made ahead.
- `checks`: what stops a run, or is said of it, when a step looks wrong.
- `evaluator`: held-out evaluation and validation; `judged`: the scores of held-out captions.
- `forecast`: what a run will do, and how long it may take.
- `serving`: engines alone, for `affectree reason`.
- `evaluation`: one model is evaluated, for `affectree eval`; `evaluated`: which; `rows_to_ask`: on what; `asking`: its answers;
  `evaluation_files`: what is left behind.
- `replay/`: recorded steps are learned from again, for `affectree replay`.
"""
