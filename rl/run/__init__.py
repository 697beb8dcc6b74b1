"""What a run does with its workers; `rl/train.py` is made of these.

- `begin`: workers, tracker and results are started, and whatever happens is told and stopped.
- `state`: what the phases of a run share, and how what they did is kept.
- `workers`: engines, reward workers and learner ranks, started side by side.
- `preparation`, `task_check`: the rows of a run, and whether they fit its settings.
- `specs`: what workers are told, from the config.
- `sft`: the supervised steps; `steps`: what a GRPO step is made of; `prefetch`: rollouts made ahead.
- `checks`: what stops a run, or is said of it, when a step looks wrong.
- `evaluator`: held-out evaluation and validation; `judged`: the scores of held-out captions.
- `forecast`: what a run will do, and how long it may take.
- `serving`: engines alone, for `affectree reason`.
"""
