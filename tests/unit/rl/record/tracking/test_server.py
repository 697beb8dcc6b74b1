"""Where MLflow is."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.record.tracking.server import database_beside, is_database_file, without_password


@pytest.mark.parametrize("password", ["secret", "sec@ret", "sec/ret", "s:e@c/r@et"])
def test_no_part_of_a_password_stays(password: str) -> None:
    said = without_password(f"MLflow at http://me:{password}@host:5000/x?a failed, at http://host/y")
    assert said == "MLflow at http://***@host:5000/x?a failed, at http://host/y"


def test_the_database_is_beside_the_run() -> None:
    uri = database_beside(Path("/data/a#b/runs/one"))
    assert (uri, is_database_file(uri)) == ("sqlite:////data/a%23b/runs/mlflow.db", True)
    assert not is_database_file("http://host:5000")
