"""The model that `affectree eval` evaluates: a run's, a folder's or a server's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rewards.errors import UserError
from rl.config.load import load_config
from rl.config.model_check import check_folder
from rl.config.schema import Config
from rl.evaluation.endpoint.server import Server, find_server
from rl.evaluation.questions import digest_of_folder
from rl.evaluation.saved import EvaluationFolder
from rl.record.runs.directory import RunDirectory

CONFIGS = (".yaml", ".yml")
"""How the names of configurations end, other than those of rows."""
_NOTHING_TRAINED = ("model.init=tiny", "model.path=null", "grpo.steps=0", "grpo.mix={rationale: 1}", "grpo.max_tokens=1")
"""Words that stand in for what a configuration must say of a training."""


@dataclass(frozen=True)
class Evaluated:
    """A model that can be asked, or what it was found to be."""

    name: str
    config: Config
    """How it looks at media, how long its answers may be, and who judges captions."""
    place: EvaluationFolder
    """Where its evaluation is kept."""
    folder: Path | None = None
    """Its checkpoint, where engines serve it."""
    server: Server | None = None
    run: RunDirectory | None = None
    """The run that it comes of."""

    @property
    def identity(self) -> str:
        """What answers are kept by: the content of its folder with the engines' precision, or the server's address and its name
        there."""
        if self.folder:
            return f"{digest_of_folder(self.folder)}:{self.config.rollout.dtype or self.config.model.dtype}"
        return ":".join(self.server.identity if self.server else [self.name])


def find_model(
    model: str, served_name: str | None, out: Path | None, data: Sequence[Path] = (), settings: Sequence[str] = ()
) -> Evaluated:
    """The model that a word of the command line means.

    Args:
        model: a run directory, a checkpoint's folder, or an address.
        served_name: the model's name at an address.
        out: folder of the evaluation; one beside the run, or in `evaluations`, if None.
        data: files that name rows; a configuration among them says how media are looked at, unless a run does.
        settings: `key=value` words.

    Raises:
        UserError: if it is none of these.
    """
    given = next((file for file in data if file.suffix in CONFIGS), None)
    if model.startswith(("http://", "https://")):
        server = find_server(model, served_name)
        return Evaluated(server.model, evaluation_config(given, settings), _place(out, server.model), server=server)
    if served_name is not None:
        raise UserError(f"--model names a model of a server, and {model} is no address; leave it out")
    folder = Path(model)
    if not folder.is_dir():
        raise UserError(
            f"{model}: no such folder; name a run, a checkpoint's folder, an address such as http://localhost:8000/v1, or "
            "the --out of an earlier evaluation"
        )
    if (folder / "config.yaml").is_file():
        run, config = RunDirectory.open(folder)
        config = load_config(run.config_file, settings, files=False) if settings else config
        return Evaluated(folder.resolve().name, config, _place(out or run.path / "evaluation", ""), run.finished_model(), run=run)
    check_folder(folder)
    name = folder.resolve().name
    return Evaluated(name, evaluation_config(given, settings), _place(out, name), folder)


def evaluation_config(file: Path | None, settings: Sequence[str]) -> Config:
    """A configuration that need not say what is trained, and how.

    Args:
        file: a configuration, or None for the defaults.
        settings: `key=value` words over it.
    """
    return load_config(file, [*_NOTHING_TRAINED, *settings], files=False)


def _place(out: Path | None, name: str) -> EvaluationFolder:
    plain = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in name).strip(".") or "model"
    return EvaluationFolder(out or Path("evaluations") / plain)
