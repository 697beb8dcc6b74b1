"""A folder of large files at a second place, without a copy where the file system can."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Collection
from pathlib import Path

_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
"""What a file system answers that cannot link there, or will not for this user."""


def share_folder(source: Path, target: Path, leave: Collection[str] = ()) -> None:
    """Have a folder's files at another place too, by hard links, else as copies.

    Only for files that are never written again, but replaced: what is written to a linked file shows at both places.

    Args:
        source: the folder.
        target: is made if it is not there.
        leave: names of files in it that are left out.

    Raises:
        FileNotFoundError: if the folder, or a file of it, goes away meanwhile.
    """
    target.mkdir(parents=True, exist_ok=True)
    for one in sorted(source.iterdir()):
        if one.is_dir():
            share_folder(one, target / one.name)
        elif one.name not in leave:
            _share(one.resolve(), target / one.name)


def _share(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copy2(source, target)
