"""Steps of a run are learned from again, from its recorded rollouts, for `affectree replay`. No engine is started.

- `replaying`: the replay itself: learner ranks are started and learn from one step after the other.
- `asked`: which steps, and what they begin from.
- `settings`: the run's settings with words over them; what a replay has no use for is refused.
- `prompts`: the prompts of recorded groups, made again from the rows and compared.
- `scoring`: rewards as they were recorded, or given anew.
- `figures`: what is compared, recorded beside replayed; `view`: the table of it.
- `output`: the files of a replay, where they are wanted.
"""
