"""Findings are written as they come, and counted by kind."""

from __future__ import annotations

from pathlib import Path

from rl.data_check.findings import Findings
from rollout.rows.rejects import Reject, read_rejects


def reject(row: int, reason: str = "no assistant turn") -> Reject:
    return Reject("rows.jsonl", row, "messages", reason, "mend it")


def word(number: int) -> str:
    """A word of its own for each number, without digits."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


def test_errors_and_warnings_are_written_apart(tmp_path: Path) -> None:
    rejects, warnings = tmp_path / "rejects.jsonl", tmp_path / "warnings.jsonl"
    with Findings([10, 2], rejects, warnings) as findings:
        findings.error(0, 2, reject(3))
        findings.error(0, 2, reject(3, "too long"))
        findings.warning(reject(5, "earns less (qa 0.5)"))
        findings.warning(reject(6, "earns less (qa 0.25)"))
        findings.more_warnings({"`messages`: earns less (qa …)": 7})
    assert read_rejects(rejects) == [reject(3), reject(3, "too long")]
    assert [one.row for one in read_rejects(warnings)] == [5, 6]
    assert findings.unusable[0].nonzero()[0].tolist() == [2] and not findings.unusable[1].any()
    kinds = {(kind.severity, kind.name): kind for kind in findings.kinds()}
    assert kinds["warning", "`messages`: earns less (qa …)"].count == 9
    assert kinds["error", "`messages`: too long"].examples == ("rows.jsonl, row 3, key `messages`: too long; mend it",)


def test_however_many_there_are_few_are_kept(tmp_path: Path) -> None:
    with Findings([4000], tmp_path / "rejects", tmp_path / "warnings") as findings:
        for row in range(3000):
            findings.warning(reject(row + 1))
            findings.warning(reject(row + 1, f"strange {word(row)}"))
            findings.error(0, row, reject(row + 1))
    assert len(read_rejects(tmp_path / "rejects")) == 3000
    assert sum(one.reason == "no assistant turn" for one in read_rejects(tmp_path / "warnings")) == 1000
    kinds = findings.kinds()
    assert len(kinds) <= 502
    assert sum(kind.count for kind in kinds) == 9000
    assert all(len(kind.examples) <= 3 for kind in kinds)
