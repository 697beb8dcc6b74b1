"""The mathematics of GRPO: pure functions, and the only place that knows OpenRLHF.

- `advantages`, `gdpo`, `ema_grpo`: advantage estimators; `estimators`: all of them by name, or a user's own.
- `credit`, `branch_credit`: which tokens get which advantage.
- `assign`: scored groups -> training groups.
- `filters`: which groups and samples are learned from.
- `policy_losses`: policy losses by name, or a user's own; `losses`: the whole loss of a micro-batch.
- `objective`: constants and sizes of a loss (no torch).
- `schedules`: learning rates.
- `openrlhf`: OpenRLHF's losses, without its GPU-only imports.
"""
