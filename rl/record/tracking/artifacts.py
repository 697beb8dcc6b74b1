"""Files of a run that MLflow has a copy of."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from rl.record.runs.directory import RunDirectory

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SHA256 = "affectree.sha256."


def attached_files(directory: RunDirectory) -> list[Path]:
    """The files of a run that MLflow gets, as far as they are there."""
    files = [directory.config_file, directory.summary_file, directory.report_file, directory.metrics.path]
    evaluation = directory.path / "evaluation"
    return [file for file in (*files, evaluation / "table.md", evaluation / "results.json") if file.is_file()]


def attach_missing(client: MlflowClient, run_id: str, files: Sequence[Path]) -> int:
    """Attach the files that a run does not have with this content, each with a tag that says what is in it. Returns how many."""
    tags = client.get_run(run_id).data.tags
    sizes = {listed.path: listed.file_size for listed in client.list_artifacts(run_id)}
    sent = 0
    for file in files:
        digest = digest_of(file)
        listed = file.name in sizes and sizes[file.name] in (None, file.stat().st_size)
        if not listed or tags.get(_SHA256 + file.name) != digest:
            client.log_artifact(run_id, str(file))
            client.set_tag(run_id, _SHA256 + file.name, digest)
            sent += 1
    return sent


def digest_of(file: Path) -> str:
    """SHA-256 of a file's content."""
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()
