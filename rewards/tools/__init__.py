"""Tools for people who write scorers: what stands behind `affectree reward` and `rewards.testing`.

`probing` checks a scorer with `probes` and with the rows that `given_rows` reads, `recorded` reads the rollouts of a run (their
columns: `rollout_columns`), `rescoring` scores them again, `reward_hacks` holds completions that try to be paid without being
right, `display` prints all of it.
"""
