"""The format of a file: how a row as the file has it becomes the columns that docs/data.md describes.

A format is a function from a row, as a dict, to those columns. One that ships is chosen by its name, or by `auto`; one of a
user's own is named by `path/file.py:function`.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rewards.errors import UserError
from rewards.files import type_name
from rewards.plugins.loading import load_function
from rewards.plugins.spec import FunctionSpec, with_function_source
from rollout.rows.formats.canonical import canonical
from rollout.rows.formats.renaming import check_names, renamed
from rollout.rows.formats.shipped import SHIPPED
from rollout.rows.row import RowError

AUTO = FunctionSpec("auto")
"""`data.format=auto`: the first shipped format that the file is in, by its columns and its first row."""
_KIND = "row format"


@dataclass(frozen=True)
class RowFormat:
    """The format of one file, or of several that are alike."""

    spec: FunctionSpec
    """How to find the format again in another process: never `auto`, and with the text of its file."""
    read: Callable[..., Any]
    """The function, with its parameters."""
    path: Path
    """The file."""
    detected: bool = False
    """Whether `auto` chose it."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Columns that the rows call otherwise: affectree's name -> theirs."""

    @property
    def name(self) -> str:
        """What the config calls it."""
        return self.spec.target

    @property
    def ships(self) -> bool:
        """Whether it is one of affectree's own."""
        return self.name in SHIPPED

    @property
    def reader(self) -> str:
        """What errors add to the row, such as ` as sharegpt reads it`; empty where columns have the names that the file gives."""
        return "" if self.ships and SHIPPED[self.name].keeps_names else f" as {self.name} reads it"

    def sentence(self, what: str) -> str:
        """How rows are read, to be said once.

        Args:
            what: what the rows are of, such as a file or a data set.
        """
        how = "auto" if self.detected else self.name
        return f"rows of {what} are read as {self.name} (data.format: {how})"

    def columns(self, row: dict[str, Any], where: str, file: Path | None = None) -> Mapping[str, Any]:
        """The columns of one row, under affectree's names. What they hold is checked when the row is built.

        Args:
            row: as the file has it.
            where: the file and the row, for errors.
            file: the row's file, where that is not `path`.

        Raises:
            RowError: if the row is not in this format, or a user's function raises, or returns something else than columns.
        """
        takes_file = self.ships and SHIPPED[self.name].takes_file
        try:
            found = self.read(row, file or self.path) if takes_file else self.read(row)
        except UserError as error:  # the function tells the user itself what is wrong
            raise RowError(f"{where}: {error}") from error
        except (Exception, SystemExit) as error:
            what = f"{type(error).__name__}{self._line_of(error)}: {error}"
            raise RowError(f"{where}: the format {self.name} failed ({what}); mend it, or mend or remove the row") from error
        if not isinstance(found, Mapping):
            raise RowError(f"{where}: the format {self.name} must return a dict of columns, found {type_name(found)}; mend it")
        found = renamed(found, self.names)
        if "messages" not in found:
            if self.ships:
                raise RowError(
                    f"{where}: has no `messages`, as {self.name} rows need; found {', '.join(map(str, row)) or 'nothing'}"
                )
            has = f"only {', '.join(map(str, found))}" if found else "nothing"
            raise RowError(f"{where}: the format {self.name} must return a column `messages`, found {has}; mend it")
        return found

    def _line_of(self, error: BaseException) -> str:
        source = self.spec.source
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if source and frame.filename == source.path]
        return f" in line {lines[-1]}" if lines else ""


def open_format(
    spec: FunctionSpec,
    path: Path,
    columns: Sequence[str],
    first: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
) -> RowFormat:
    """Find the format of a file.

    Args:
        spec: `data.format` and its parameters.
        path: the file.
        columns: those of the file.
        first: its first row, by whose shape `auto` decides where columns do not; None to go by columns alone.
        names: columns that the rows call otherwise: affectree's name -> theirs.

    Raises:
        RowError: if the file lacks columns that a format which ships needs, or `names` are wrong.
        PluginError: if a user's function cannot be found, imported or called with the parameters.
    """
    names = names or {}
    detected = spec.target == AUTO.target
    called = [*columns, *(ours for ours, theirs in names.items() if theirs in columns)]
    if detected:
        spec = replace(spec, target=_detected(path, called, first))
    if spec.target in SHIPPED:
        _check_columns(spec.target, path, called)
    check_names(names, path, columns if spec.target in SHIPPED else None)
    spec = spec if spec.source else with_function_source(_KIND, spec)
    given = ("row", "file") if spec.target in SHIPPED and SHIPPED[spec.target].takes_file else ("row",)
    return RowFormat(spec, load_function(_KIND, spec, _functions(), given), path, detected, names)


def _detected(path: Path, columns: Sequence[str], first: Mapping[str, Any] | None) -> str:
    """The first format that a file is in; `canonical` if it is in none."""
    for name, shipped in SHIPPED.items():
        if set(shipped.needs) <= set(columns) and shipped.fits(path, first or {}):
            return name
    return "canonical"


def _functions() -> dict[str, Callable[..., Any]]:
    return {AUTO.target: canonical, **{name: shipped.read for name, shipped in SHIPPED.items()}}


def _check_columns(name: str, path: Path, columns: Sequence[str]) -> None:
    missing = [column for column in SHIPPED[name].needs if column not in columns]
    if missing:
        others = [other for other, shipped in SHIPPED.items() if set(shipped.needs) <= set(columns)]
        hint = (
            f"set data.format={others[0]}, which they fit"
            if others
            else ("name theirs in data.columns, or set data.format to a function that reads them")
        )
        raise RowError(f"{path}: {name} rows need a column `{missing[0]}`, found {', '.join(columns)}; {hint}")
