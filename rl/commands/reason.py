"""`affectree reason`: clips, reasoned about stage by stage."""

from __future__ import annotations

import os
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from rewards.errors import UserError
from rl.config.schema import Config
from rl.record.console import console, warn


def reason(
    clips: Annotated[list[Path], typer.Argument(help="Videos or images of people.")],
    model: Annotated[Path, typer.Option(help="A run directory, whose model is taken, or a model folder.", exists=True)],
    width: Annotated[int, typer.Option(help="Candidates at each of the three stages.", min=1)] = 4,
    scorer: Annotated[
        str, typer.Option(help="Who chooses: agreement, likelihood, endpoint, or judge, the run's own.")
    ] = "agreement",
    endpoint: Annotated[str | None, typer.Option(help="Base URL of an OpenAI-compatible judge, for --scorer endpoint.")] = None,
    judge_model: Annotated[str | None, typer.Option(help="The judge's model, for --scorer endpoint.")] = None,
    temperature: Annotated[float, typer.Option(help="Sampling temperature of the candidates; above 0.", min=1e-3)] = 1.0,
    max_tokens: Annotated[
        int | None, typer.Option(help="Longest rationale; if not given, 512 or half of --max-model-len.", min=1)
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the candidates.", min=0)] = None,
    max_model_len: Annotated[
        int | None,
        typer.Option(help="Tokens of a clip with its rationale at most; the run's rollout.max_model_len if not given.", min=64),
    ] = None,
) -> None:
    """Reason about clips stage by stage: the best attributes, on them the best expressions, on these the best emotion."""
    from rl.config.model_check import check_folder
    from rl.record.runs.directory import RunDirectory
    from rollout.judges import check_judge, judge_of

    config, folder = Config(), model
    if (model / "config.yaml").is_file():
        directory, config = RunDirectory.open(model)
        folder = directory.finished_model()
    if scorer == "oracle":
        raise UserError(
            "--scorer oracle compares with gold trees, which clips do not have; use agreement, likelihood, endpoint or judge"
        )
    check_judge(scorer, endpoint, judge_model)
    if scorer != "judge":
        config.rewards.judge = None
    elif config.rewards.judge is None:
        raise UserError("--scorer judge asks the judge of a run that sets rewards.judge; name such a run as --model")
    check_folder(folder)
    config.determinism = False  # each clip is asked when it can be, not in step with others
    config.rollout.max_model_len = max_model_len or config.rollout.max_model_len
    most = config.rollout.max_model_len
    longest = max_tokens or min(512, most // 2)
    if longest >= most:
        raise UserError(f"--max-tokens {longest} leaves no room for a clip; lower it, or raise --max-model-len, which is {most}")
    problems = {clip: problem for clip in clips if (problem := _problem(clip))}
    usable = [clip for clip in clips if clip not in problems]
    if not usable:
        raise UserError("; ".join(problems.values()))
    for problem in problems.values():
        warn(problem)
    from rl.record.reasoned_view import reasoned_view
    from rl.run.serving import ReasonSpec, reason_clips

    unanswered = list(problems)
    chooser = partial(judge_of, scorer, endpoint, judge_model)
    with closing(reason_clips(config, folder, usable, ReasonSpec(width, longest, temperature, seed), chooser)) as found:
        for clip, one in zip(usable, found, strict=True):
            if isinstance(one, str):
                warn(f"{clip}: {one.removeprefix(f'{clip.resolve()}: ')}")
                unanswered.append(clip)
            else:
                console.print(reasoned_view(clip, one))
    if unanswered:
        warn(f"{len(clips) - len(unanswered)} of {len(clips)} clips were answered; not {', '.join(map(str, unanswered))}")
        raise typer.Exit(1)


def _problem(clip: Path) -> str | None:
    """Why a clip cannot be looked at; None for one that can be opened."""
    from rollout.media.decoding import check_media
    from rollout.media.medium import MediaError, medium_of

    if not os.path.exists(clip):  # noqa: PTH110 - which is false, too, of a name that no file can have
        return f"{clip}: no such file; check the path"
    if clip.is_dir():
        return f"{clip}: is a folder; name its clips, such as {clip}/*.mp4"
    try:
        check_media(medium_of(clip))
    except MediaError as error:
        return str(error)
    return None
