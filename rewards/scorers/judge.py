"""Which judge a scorer asks: the one that the run hosts, or one behind an endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Literal, TypeAlias

from rewards.errors import UserError, nearest_or_all
from rewards.scorers.endpoint import EndpointSpec, open_endpoint
from rewards.scorers.questions import Judge

HOSTED = "hosted"
"""The setting that means the run's own judge."""
JudgeSetting: TypeAlias = Literal["hosted"] | Mapping[str, Any]
"""A scorer's parameter `judge`: `hosted`, or the fields of `EndpointSpec`."""

_hosted: list[Judge] = []
"""The judge that this process was given last, if it was given one."""


class JudgeError(UserError):
    """A judge that cannot be asked; the message says what the setting may be."""


@contextmanager
def hosting(judge: Judge | None) -> Iterator[None]:
    """Have `judge: hosted` mean this judge, in this process, while the block runs; None changes nothing."""
    given = [judge] if judge is not None else []
    _hosted.extend(given)
    try:
        yield
    finally:
        del _hosted[len(_hosted) - len(given) :]


def open_judge(setting: JudgeSetting) -> Judge:
    """The judge that a setting means.

    Raises:
        JudgeError: for a setting that cannot be, and for `hosted` where no run hosts one.
    """
    check_judge(setting)
    if isinstance(setting, Mapping):
        return open_endpoint(EndpointSpec(**setting))
    if not _hosted:
        raise JudgeError(
            "judge: hosted is the judge of a run that sets rewards.judge, and there is none here; name an endpoint in its "
            "place, judge: {url: …, model: …}"
        )
    return _hosted[-1]


def check_judge(setting: Any) -> None:
    """Raises `JudgeError` for a setting that cannot be; whether the judge is there is not tried."""
    known = [field.name for field in fields(EndpointSpec)]
    if setting == HOSTED:
        return
    if not isinstance(setting, Mapping):
        raise JudgeError(f"judge must be hosted, or an endpoint such as {{url: http://host/v1, model: name}}, found {setting!r}")
    unknown = [str(key) for key in setting if key not in known]
    if unknown:
        raise JudgeError(f"judge: an endpoint has no setting {unknown[0]!r}{nearest_or_all(unknown[0], known)}")
    missing = [key for key in ("url", "model") if not isinstance(setting.get(key), str)]
    if missing:
        raise JudgeError(f"judge: an endpoint needs {' and '.join(missing)}, as text; found {dict(setting)!r}")
