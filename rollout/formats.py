"""Formats of rows: how a row as a file has it becomes the columns that docs/data.md describes.

A format is a function from a row, as a dict, to those columns. One that ships is chosen by its name, or by `auto` from a file's
columns; one of a user's own is named by `path/file.py:function`.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rewards.errors import UserError
from rewards.files import type_name
from rewards.plugins.loading import load_function
from rewards.plugins.spec import FunctionSpec, with_function_source
from rollout.row_files import RowError

AUTO = FunctionSpec("auto")
"""`data.format=auto`: the first shipped format whose columns the file has."""
_KIND = "row format"
_GIVEN = ("row",)


@dataclass(frozen=True)
class Shipped:
    """A format that ships."""

    read: Callable[..., Any]
    needs: tuple[str, ...]
    """Columns without which a file is not in this format."""


def canonical(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Rows in ms-swift form: their columns are those of docs/data.md already."""
    return row


SHIPPED = {"canonical": Shipped(canonical, ("messages",))}
"""The formats that ship, by the name that `data.format` gives them; `auto` tries them in this order."""


@dataclass(frozen=True)
class RowFormat:
    """The format of one file."""

    spec: FunctionSpec
    """How to find the format again in another process: never `auto`, and with the text of its file."""
    read: Callable[[dict[str, Any]], Any]
    """The function, with its parameters."""

    @property
    def name(self) -> str:
        """What the config calls it."""
        return self.spec.target

    @property
    def ships(self) -> bool:
        """Whether it is one of affectree's own."""
        return self.name in SHIPPED

    def columns(self, row: dict[str, Any], where: str) -> Mapping[str, Any]:
        """The columns of one row. What they hold is checked in `row_values`.

        Args:
            row: as the file has it.
            where: the file and the row, for errors.

        Raises:
            RowError: if a user's function raises, or returns something else than columns.
        """
        try:
            found = self.read(row)
        except UserError as error:  # the function tells the user itself what is wrong
            raise RowError(f"{where}: {error}") from error
        except (Exception, SystemExit) as error:
            what = f"{type(error).__name__}{self._line_of(error)}: {error}"
            raise RowError(f"{where}: the format {self.name} failed ({what}); mend it, or mend or remove the row") from error
        if not isinstance(found, Mapping):
            raise RowError(f"{where}: the format {self.name} must return a dict of columns, found {type_name(found)}; mend it")
        if "messages" not in found:
            has = f"only {', '.join(map(str, found))}" if found else "nothing"
            raise RowError(f"{where}: the format {self.name} must return a column `messages`, found {has}; mend it")
        return found

    def _line_of(self, error: BaseException) -> str:
        source = self.spec.source
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if source and frame.filename == source.path]
        return f" in line {lines[-1]}" if lines else ""


def open_format(spec: FunctionSpec, path: Path, columns: Sequence[str]) -> RowFormat:
    """Find the format of a file.

    Args:
        spec: `data.format` and its parameters.
        path: the file, for errors.
        columns: those of the file.

    Raises:
        RowError: if the file lacks columns that a format which ships needs.
        PluginError: if a user's function cannot be found, imported or called with the parameters.
    """
    if spec.target == AUTO.target:
        fits = (name for name, shipped in SHIPPED.items() if set(shipped.needs) <= set(columns))
        spec = replace(spec, target=next(fits, next(iter(SHIPPED))))
    if spec.target in SHIPPED:
        _check_columns(spec.target, path, columns)
    spec = spec if spec.source else with_function_source(_KIND, spec)
    return RowFormat(spec, load_function(_KIND, spec, _functions(), _GIVEN))


def _functions() -> dict[str, Callable[..., Any]]:
    return {AUTO.target: canonical, **{name: shipped.read for name, shipped in SHIPPED.items()}}


def _check_columns(name: str, path: Path, columns: Sequence[str]) -> None:
    missing = [column for column in SHIPPED[name].needs if column not in columns]
    if not missing:
        return
    hint = "; set data.format to a function that reads them"
    if "conversations" in columns:
        hint = (
            "; rename `conversations` to `messages`, `from` to `role` (user or assistant) and `value` to `content`, "
            "or set data.format to a function that does"
        )
    raise RowError(f"{path}: rows need a `{missing[0]}` column (ms-swift form), found {', '.join(columns)}{hint}")
