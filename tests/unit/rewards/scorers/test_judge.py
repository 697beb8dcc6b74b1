"""Which judge a scorer's setting means."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from rewards.mix import build_mix
from rewards.mix_settings import mix_entries
from rewards.sample import RewardSample
from rewards.scorers.endpoint import Endpoint
from rewards.scorers.judge import JudgeError, check_judge, hosting, open_judge
from tests.unit.rewards.scorers.test_questions import Parrot

ENDPOINT = {"url": "http://localhost:1/v1", "model": "m"}


def test_an_endpoint_is_opened_once() -> None:
    judge = open_judge(ENDPOINT)
    assert isinstance(judge, Endpoint)
    assert open_judge(dict(ENDPOINT)) is judge


def test_hosted_is_the_judge_that_the_process_was_given_last_and_none_otherwise() -> None:
    with pytest.raises(JudgeError, match=r"a run that sets rewards\.judge.*name an endpoint"):
        open_judge("hosted")
    outer, inner = Parrot(""), Parrot("")
    with hosting(outer):
        with hosting(inner):
            assert open_judge("hosted") is inner
        with hosting(None):
            assert open_judge("hosted") is outer
    with pytest.raises(JudgeError):
        open_judge("hosted")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("hostd", "judge must be hosted, or an endpoint such as {url: http://host/v1, model: name}, found 'hostd'"),
        (True, "found True"),
        ({"ulr": "x", "model": "m"}, "judge: an endpoint has no setting 'ulr'; did you mean 'url'?"),
        ({"url": "x"}, "judge: an endpoint needs model, as text; found {'url': 'x'}"),
        ({"url": 1, "model": None}, "judge: an endpoint needs url and model"),
    ],
)
def test_settings_that_cannot_be_are_refused(setting: Any, said: str) -> None:
    with pytest.raises(JudgeError) as refused:
        check_judge(setting)
    assert said in str(refused.value)


def test_a_scorer_of_ones_own_asks_the_judge_as_the_docs_show(tmp_path: Path) -> None:
    page = Path("docs/writing-scorers.md").read_text()
    (shown,) = (code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "AnswerForm" in code)
    file = tmp_path / "mine.py"
    file.write_text(shown)
    judge = Parrot('{"polite": true}')
    with build_mix(mix_entries({"mine": {"spec": f"{file}:score", "isolation": "thread"}})) as mix, hosting(judge):
        assert mix(RewardSample("Thank you.")).value == 1.0
    (question,) = judge.asked
    assert question.user == '{"text": "Thank you."}'
