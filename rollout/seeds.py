"""Seeds of a run's parts, all derived from the run's own."""

from __future__ import annotations

import hashlib

BELOW = 2**32
"""Seeds are below this: what NumPy's older generators and torch's on CPUs tell apart."""


def derived(seed: int, *names: str | int) -> int:
    """The seed of one part of a run, from 0 to 2^32 - 1.

    It is the same in every process and with every version of Python. Parts that are named differently have draws that have
    nothing to do with one another, as have the same parts of runs with different seeds.

    Args:
        seed: the run's, `config.seed`.
        names: what the part is called, from the whole to its part, such as `"engine", 1`.
    """
    key = repr((seed, *names)).encode()
    return int.from_bytes(hashlib.sha256(key).digest()[:8], "big") % BELOW
