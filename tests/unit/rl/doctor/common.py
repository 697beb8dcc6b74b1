"""What the tests of the doctor share."""

from __future__ import annotations

from rl.doctor.finding import Finding

NOWHERE = "/proc/nowhere"
"""A folder that nobody can make, root neither."""
GIB = 2**30


def verdicts(findings: list[Finding]) -> list[str]:
    return [one.verdict for one in findings]
