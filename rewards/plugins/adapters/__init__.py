"""Reward functions written for other trainers, called as their own trainer would call them.

- `registry`: each name's adapter
- `peer`: the function to adapt, and how what it returns becomes scores
- `columns`: the data set's columns as these trainers pass them
- `trl`, `verl`, `openrlhf`, `ms_swift`, `easyr1`: one trainer each, by its documented contract
- `recognising`: whose contract a function looks like, and refusing the wrong one; `clues`: what its code tells
"""
