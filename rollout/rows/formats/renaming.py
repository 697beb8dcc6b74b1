"""Columns that rows call otherwise: affectree's name -> theirs (`data.columns`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rewards.errors import did_you_mean
from rollout.rows.row import COLUMNS, RowError


def renamed(columns: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    """Columns with affectree's names; those under theirs stay, for scorers. A row that lacks theirs keeps what it has.

    Args:
        columns: as the row's format returns them.
        names: affectree's name -> theirs.
    """
    if not names:
        return columns
    return {**columns, **{ours: columns[theirs] for ours, theirs in names.items() if columns.get(theirs) is not None}}


def check_names(names: Mapping[str, str], path: Path, columns: Sequence[str] | None) -> None:
    """Refuse names that mean nothing; raises `RowError`.

    Args:
        names: affectree's name -> theirs.
        path: the file, for errors.
        columns: those of the file; None where a function of the user's may return others.
    """
    for ours, theirs in names.items():
        if ours not in COLUMNS:
            raise RowError(
                f"{path}: data.columns gives a name to {ours!r}, which is no column of affectree's"
                f"{did_you_mean(ours, COLUMNS) or '; these are ' + ', '.join(COLUMNS)}"
            )
        if columns is not None and theirs not in columns:
            hint = did_you_mean(theirs, columns) or f"; it has {', '.join(columns)}"
            raise RowError(f"{path}: data.columns reads {ours} from {theirs!r}, but the rows have no such column{hint}")
