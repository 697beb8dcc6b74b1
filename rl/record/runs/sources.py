"""The texts of the functions of the user's own that a run uses: kept with it, so that it goes on without their files.

`sources/sources.json` names them by the settings that do; each text lies in a folder of its own with the files beside it that it
imports.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import unified_diff
from itertools import starmap
from pathlib import Path

from rewards.files import read_json_object
from rewards.plugins.importing import also_look_in, folder_of
from rewards.plugins.spec import Source, read_source, use_instead
from rewards.plugins.versions import installed_hash
from rl.config.functions import strangers_functions
from rl.config.schema import Config
from rl.record.files import write_atomically
from rl.record.runs.errors import RunError

_LINES = 12
"""Lines of a difference that are told."""
_SHOWN = 12
"""Signs of a hash in the name of its folder."""


@dataclass(frozen=True)
class Kept:
    """What a run keeps of a function."""

    target: str
    """As the configuration has it."""
    sha256: str
    """Of its text with the files beside it, or of its module's package."""
    path: str = ""
    """The file that its text was read from; empty for a module, which is installed."""
    folder: str = ""
    """Where its text and those beside it are, within `sources`."""
    where: str = ""
    """The working directory that a module was found in; empty for one that is installed."""
    former: tuple[str, ...] = ()
    """Folders of the texts that the run used before, the oldest first."""

    @property
    def function(self) -> str:
        """What the target names in its file."""
        return self.target.rpartition(":")[2]


class Sources:
    """The folder of the texts that a run keeps."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path / "sources.json"

    def read(self) -> dict[str, Kept]:
        """What is kept, by the dotted key of the setting that names it. Raises `RunError` if that cannot be read."""
        if not self._file.is_file():
            return {}
        try:
            found = read_json_object(self._file, RunError)
            return {key: Kept(**{**one, "former": tuple(one["former"])}) for key, one in found.items()}
        except (TypeError, KeyError) as error:
            raise RunError(f"{self._file}: does not say which texts the run keeps; restore it, or remove {self.path}") from error

    def stand_in(self) -> dict[str, str]:
        """Have kept texts stand in for files that are gone, and modules found where they were, in this process.

        Returns:
            By the dotted key of the setting, what is to be told of it.
        """
        told = {}
        for key, one in self.read().items():
            use_instead(one.target, None)
            if one.where:
                also_look_in(one.where)
            if gone := self._gone(one):
                use_instead(one.target, self._source(one))
                told[key] = f"{gone} is gone; the text that the run keeps is used ({self._main(one)})"
        return told

    def go_on(self, config: Config) -> list[str]:
        """Compare what a run would use with what it keeps, which is nothing where it begins, and keep what it uses from here on.
        This process uses these texts, whatever becomes of their files.

        A file that has changed is used as it is now.

        Args:
            config: the run's, as it begins or goes on.

        Returns:
            What is to be told: a line for each file, with the beginning of its difference below it.
        """
        gone, before, now = self.stand_in(), self.read(), dict[str, Kept]()
        told = dict[str, list[str]]()
        changed = dict[str, list[tuple[str, Kept, Kept]]]()
        for key, (kind, target) in strangers_functions(config).items():
            was = before.get(key)
            if was is not None and was.target == target and key in gone:
                now[key] = replace(was, sha256=self._source(was).sha256)
                told.setdefault(gone[key], []).append(key)
                if now[key].sha256 != was.sha256:
                    told.setdefault(f"{self._main(was)} has been changed, and is used as it is now", []).append(key)
            elif (found := self._kept(kind, target)) is not None:
                former = (*was.former, was.folder) if was and was.folder not in ("", found.folder) else was.former if was else ()
                now[key] = replace(found, former=tuple(dict.fromkeys(former)))
                if was is not None and was.target == target and was.sha256 != found.sha256:
                    changed.setdefault(found.path or target, []).append((key, was, found))
        self._write(now)
        return [f"{', '.join(keys)}: {line}" for line, keys in told.items()] + list(starmap(self._changed, changed.items()))

    def changed(self, config: Config) -> dict[str, Kept]:
        """What is kept of functions whose file or module is another one now, by the dotted key of the setting that names them."""
        kept, found = self.read(), dict[str, Kept]()
        for key, (kind, target) in strangers_functions(config).items():
            was = kept.get(key)
            if was is not None and was.target == target:
                source = read_source(kind, target)
                now = source.sha256 if source else installed_hash(kind, target.rpartition(":")[0])
                if now not in (None, was.sha256):
                    found[key] = was
        return found

    def former(self, one: Kept) -> str:
        """The `file.py:function` of a text that is kept."""
        return f"{self._main(one)}:{one.function}"

    def _kept(self, kind: str, target: str) -> Kept | None:
        """Keep a function's text as it is now; None for a module that is not there, which is told where it is loaded."""
        source = read_source(kind, target)
        if source is None:
            name = target.rpartition(":")[0]
            sha = installed_hash(kind, name)
            return Kept(target, sha, where=folder_of(name) or "") if sha else None
        use_instead(target, source)
        folder = f"{Path(source.path).stem}-{source.sha256[:_SHOWN]}"
        for name, text in source.files().items():
            file = self.path / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, text)
        return Kept(target, source.sha256, source.path, folder)

    def _gone(self, one: Kept) -> Path | None:
        """A file of which the run keeps the text and that is gone, where what is left beside it is as it was."""
        named = Path(one.target.rpartition(":")[0])
        if not one.folder or not self._main(one).is_file() or not named.is_file():
            return named if one.folder and self._main(one).is_file() else None
        files = {Path(one.path).parent / name: text for name, text in self._files(one.folder).items()}
        missing = [file for file in files if not file.is_file()]
        as_it_was = all(_text(file) == text for file, text in files.items() if file not in missing)
        return missing[0] if missing and as_it_was else None

    def _main(self, one: Kept) -> Path:
        return self.path / one.folder / Path(one.path).name

    def _source(self, one: Kept) -> Source:
        """What is kept, as if it had been read from its file."""
        source = read_source(str(self.path), self.former(one))
        assert source is not None
        return source

    def _files(self, folder: str) -> dict[str, str]:
        """The kept texts of a folder, by their paths in it."""
        below = self.path / folder
        return {str(file.relative_to(below)): _text(file) for file in sorted(below.rglob("*.py"))}

    def _changed(self, name: str, settings: Sequence[tuple[str, Kept, Kept]]) -> str:
        """What is told of a file or a module that is another one than before.

        Args:
            name: what it is called.
            settings: key, what was kept and what is now, of each setting that names it.
        """
        keys = ", ".join(key for key, *_ in settings)
        _, was, now = settings[0]
        if not (was.folder and now.folder):
            return f"{keys}: {name} is of another version than before, and is used as it is now"
        words = " ".join(f"{key}={self.former(one)}" for key, one, _ in settings)
        difference = "\n".join(_difference(self._files(was.folder), self._files(now.folder)))
        return f"{keys}: {name} has changed, and is used as it is now; for the former text resume with {words}\n{difference}"

    def _write(self, found: Mapping[str, Kept]) -> None:
        if found or self._file.is_file():
            self.path.mkdir(exist_ok=True)
            write_atomically(self._file, json.dumps({key: asdict(one) for key, one in found.items()}, indent=1))


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8-sig", errors="replace")


def _difference(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The first lines in which files differ, as a unified diff."""
    lines: list[str] = []
    for name in sorted({*before, *now}):
        texts = (before.get(name, "").splitlines(), now.get(name, "").splitlines())
        lines += unified_diff(*texts, f"before/{name}", f"now/{name}", n=1, lineterm="")
    return lines if len(lines) <= _LINES else [*lines[:_LINES], "…"]
