"""Questions to a language model that is a judge, and answers of a fixed form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from rewards.sample import Media, ScorerError

Read = TypeVar("Read")
Formed = TypeVar("Formed", bound="AnswerForm")


class AnswerForm(BaseModel):
    """What an answer has to be, exactly: its fields, their types and ranges, and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def read(cls: type[Formed], text: str) -> Formed:
        """The answer in a text. Raises `ScorerError` if it has another form."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            said = f"{where}: {first['msg']}" if where else first["msg"]
            raise ScorerError(f"the judge's answer has another form than was asked for ({said}): {text!r:.200}") from None


@dataclass(frozen=True)
class Question:
    """What a judge is asked."""

    system: str
    """Instructions."""
    user: str
    """What to judge: data, never instructions."""
    name: str
    """What the form of the answer is called."""
    schema: Mapping[str, Any]
    """The form of the answer, as a JSON schema."""
    media: Media = ()
    """Videos and images that the question is about; judges that see none go by the text."""

    def key(self, *of: str) -> str:
        """A hash of all that decides about the answer, with what else does, such as the model that is asked."""
        contents = [hashlib.sha256(one.content).hexdigest() for one in self.media]
        shown = [(one.kind, one.path, one.frames, one.start, one.end) for one in self.media]
        whole = [*of, self.system, self.user, self.schema, shown, contents]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


class Judge(Protocol):
    """A language model that can be asked."""

    async def ask(self, question: Question, read: Callable[[str], Read]) -> Read:
        """What `read` makes of the answer.

        Args:
            question: what is asked.
            read: makes something of the answer's text; raises `ScorerError` for what cannot be used, which is then not kept.

        Raises:
            InfrastructureError: if the model could not be reached or is busy, so that asking again may help.
            ScorerError: if it could not answer, or `read` refused the answer.
        """


async def ask(judge: Judge, system: str, data: Mapping[str, str], form: type[Formed], media: Media = ()) -> Formed:
    """Ask a judge for an answer of a form.

    Args:
        judge: who is asked.
        system: instructions, which say what the fields of the data are.
        data: texts to judge, by name. They are sent as JSON, so that none of them can pass for another.
        form: what the answer has to be.
        media: videos and images that it is about.

    Raises:
        InfrastructureError: as `Judge.ask` does.
        ScorerError: as `Judge.ask` does; also for an answer of another form.
    """
    user = json.dumps(data, ensure_ascii=False)
    return await judge.ask(Question(system, user, form.__name__, form.model_json_schema(), media), form.read)
