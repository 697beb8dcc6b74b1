"""Rewards: what a completion is worth, and why. Nothing here needs torch, Ray or vLLM.

For everybody:
- `sample`: what a scorer is given and gives back, and the reward that comes of it
- `mix`: scorers routed by task and averaged; `mix_settings`: a mix read from a config or a file
- `testing`: helpers for a researcher's own tests; `exports`: a mix as reward function of other trainers
- `cli`: `affectree reward …`

Rooms, from the bottom:
- `tree/`: the affective tree, how it is read and written, and how far two trees are apart
- `answers/`: the one rule by which answers are read
- `captions/`: free text -> tree
- `scorers/`: the scorers that ship, and their registry
- `plugins/`: finding, loading and calling what strangers wrote; scorers in processes of their own
- `tools/`: checking scorers, scoring recorded rollouts again, reward hacks

Beside them:
- `readings`: what each line of a completion states, for learners that credit lines or nodes apart
- `exported_mix`: a mix that can be pickled; `host_samples`: samples from what other trainers pass
- `files`: reads files that a user names; `bases`: settings files that name others below them
- `errors`: the error that a user can mend
"""
