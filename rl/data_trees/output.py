"""What comes of all parts: the file with the rows, the one with the rejects, and what to tell of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rewards.errors import UserError
from rl.record.parts import Parts


def rejects_file(out: Path) -> Path:
    """Where the rows that give no tree are listed."""
    return out.with_suffix(".rejects.jsonl")


def put_together(parts: Parts) -> Iterator[str]:
    """Make the file of the parts, and take these away. Yields lines that tell what is in it.

    Raises:
        UserError: if no rationale gives a tree.
    """
    out, rejects = parts.target, rejects_file(parts.target)
    aside = parts.folder / "rows.partial"
    reasons, kept = Counter[str](), Counter[bool]()
    with aside.open("w", encoding="utf-8") as rows_to, rejects.open("w", encoding="utf-8") as rejects_to:
        for record in parts.records():
            if "row" in record:
                rows_to.write(json.dumps(record["row"], ensure_ascii=False) + "\n")
                kept[record["checked"]] += 1
            else:
                rejects_to.write(json.dumps(record["reject"], ensure_ascii=False) + "\n")
                reasons[record["reason"]] += 1
    trees, left_out = kept.total(), reasons.total()
    if trees:
        aside.replace(out)
    parts.remove()
    of_them = f"{kept[True]} agree with the row's answer, of {kept[False]} it is not known"
    yield f"{trees} of {trees + left_out} rationales are trees now: {of_them}"
    for reason, count in reasons.most_common():
        yield f"  {count} left out: {reason}"
    if not trees:
        raise UserError(f"no rationale gives a tree; {rejects} lists why")
    yield f"rows: {out}" + (f"; left out: {rejects}" if left_out else "")
