"""What lmms-eval calls to ask affectree's rows and to measure the answers; it needs affectree installed beside lmms-eval."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

TAG = re.compile("<(?:video|image)>")


def doc_to_visual(doc: dict[str, Any]) -> list[Any]:
    """The media of a row: videos by their paths, images opened."""
    return [path if kind == "video" else _image(path) for kind, path in json.loads(doc["media"])]


def doc_to_text(doc: dict[str, Any], lmms_eval_specific_kwargs: Any = None) -> str:
    """The question without its tags, for models that are shown media first."""
    return TAG.sub("", doc["question"]).strip()


def doc_to_messages(doc: dict[str, Any], lmms_eval_specific_kwargs: Any = None) -> list[dict[str, Any]]:
    """All turns, with media where their tags are."""
    media = iter(json.loads(doc["media"]))
    turns = [*json.loads(doc["context"]), ["user", doc["question"]]]
    return [{"role": role, "content": _content(role, text, media)} for role, text in turns]


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, Any]:
    """Measures of an answer, each with its clip, by which lmms-eval clusters its standard errors."""
    from rewards.sample import RewardSample
    from rewards.scorers.captions import caption
    from rl.evaluation.scoring import answer_scores, is_caption

    gold = json.loads(doc["gold"])
    gold |= {"answers": tuple(gold["answers"]), "options": tuple(gold["options"])}
    sample = RewardSample(completion=results[0], **gold)
    if is_caption(sample.task):
        found = asyncio.run(caption(sample))  # by words: it is given no judge to wait for
        scores = {} if found is None else {"score": found.value}
    else:
        scores = answer_scores(sample)
    return {name: {"score": value, "clip": doc["clip"]} for name, value in scores.items()}


def mean_score(items: list[dict[str, Any]]) -> float:
    """The mean over rows."""
    return float(sum(item["score"] for item in items) / len(items))


def _content(role: str, text: str, media: Any) -> list[dict[str, Any]]:
    if role != "user":
        return [{"type": "text", "text": text}]
    pieces = re.split("(<video>|<image>)", text)
    parts = []
    for piece in pieces:
        if TAG.fullmatch(piece):
            kind, path = next(media)
            parts.append({"type": kind, "url": path if kind == "video" else _image(path)})
        elif piece:
            parts.append({"type": "text", "text": piece})
    return parts


def _image(path: str) -> Any:
    from PIL import Image

    return Image.open(path).convert("RGB")
