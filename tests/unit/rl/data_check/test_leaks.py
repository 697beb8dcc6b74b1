"""Clips that several splits share, by content."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from rl.data_check.facts import FILE
from rl.data_check.leaks import Clip, Leak, content_digest, leaks

TRAIN = np.array([(0, 1, 101, 10), (1, 2, 102, 20), (2, 3, 103, 30), (3, 4, 104, 30)], dtype=FILE)
VAL = np.array([(0, 5, 105, 20), (1, 3, 103, 30)], dtype=FILE)
TEST = np.array([(0, 6, 106, 40), (1, 7, 107, 20)], dtype=FILE)


class Disk:
    def __init__(self, contents: dict[int, bytes]) -> None:
        self.contents, self.read = contents, list[int]()

    def __call__(self, clips: Iterable[Clip]) -> Iterable[bytes]:
        for clip in clips:
            self.read.append(clip.medium)
            yield self.contents[clip.medium]


def test_files_of_equal_size_are_read_and_compared() -> None:
    disk = Disk({2: b"a", 5: b"a", 7: b"b", 3: b"c", 4: b"d"})
    assert leaks([TRAIN, VAL, TEST], disk) == [Leak(Clip(1, 0, 5), Clip(0, 1, 2)), Leak(Clip(1, 1, 3), Clip(0, 2, 3))]
    assert sorted(disk.read) == [2, 3, 4, 5, 7]  # 1 and 6 are as large as no other, and 3 is read once


def test_a_file_that_both_splits_name_is_not_read_where_no_other_is_as_large() -> None:
    disk = Disk({})
    assert leaks([TRAIN[:3], VAL[1:]], disk) == [Leak(Clip(1, 1, 3), Clip(0, 2, 3))]
    assert not disk.read


def test_one_split_cannot_leak() -> None:
    assert leaks([TRAIN], Disk({})) == leaks([TRAIN, TEST[:0]], Disk({})) == leaks([], Disk({})) == []


def test_files_are_compared_by_all_that_they_hold(tmp_path: Path) -> None:
    content = bytes(3 * 2**20)
    for name, data in {"a": content, "b": content, "c": content[:-1] + b"x"}.items():
        (tmp_path / name).write_bytes(data)
    a, b, c = (content_digest([str(tmp_path / name)], b"") for name in "abc")
    assert a == b != c
    assert content_digest([], content) == a
