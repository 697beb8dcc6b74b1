"""The environment variables that a run would send to its workers: their names."""

from __future__ import annotations

from collections.abc import Mapping

from rewards.plugins.spec import PluginError
from rewards.plugins.variables import named
from rl.config.schema import Config, scorer_entries
from rl.config.variables import chosen, without_fit
from rl.doctor.finding import Finding


def forwarded(config: Config, environ: Mapping[str, str]) -> Finding:
    """Which variables are sent; a warning for patterns of `cluster.env` that fit none.

    Args:
        config: of the run. What scorers declare in their code is not looked at.
        environ: the variables of this process.
    """
    try:
        of_scorers = {name for entry in scorer_entries(config) for name in named(entry.scorer)}
    except PluginError:  # told by the check of the scorers
        of_scorers = set()
    names = sorted({*chosen(config.cluster.env, environ), *(name for name in of_scorers if name in environ)})
    sent = f"workers are sent {', '.join(names) or 'none'}"
    if unfit := without_fit(config.cluster.env, environ):
        advice = "set them where affectree is started, or take the pattern out"
        return Finding("variables", "warning", f"cluster.env: no variable fits {', '.join(unfit)}; {sent}", advice)
    return Finding("variables", "ok", sent)
