"""How findings are shown."""

from __future__ import annotations

import io

from rich.console import Console

from rl.doctor.finding import Finding, gib, table


def test_the_table_shows_everything() -> None:
    file = io.StringIO()
    Console(file=file, width=120).print(table([Finding("disk [0]", "fault", "1 MiB free", "free some"), Finding("b", "ok", "y")]))
    for word in ("fault", "disk [0]", "1 MiB free", "free some", "ok"):
        assert word in file.getvalue()


def test_a_finding_is_a_line_with_its_advice() -> None:
    assert str(Finding("disk", "fault", "1 MiB free", "free some")) == "disk: 1 MiB free; free some"
    assert str(Finding("disk", "ok", "1 TiB free")) == "disk: 1 TiB free"


def test_sizes_are_in_the_unit_that_fits() -> None:
    assert [gib(size) for size in (64 * 2**20, 2**30 - 1, 3 * 2**29)] == ["64 MiB", "1024 MiB", "1.5 GiB"]
