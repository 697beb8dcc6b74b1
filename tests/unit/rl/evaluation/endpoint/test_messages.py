"""Rows as chat messages, with every pixel as it was decoded."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from rl.evaluation.answers import Sampling
from rl.evaluation.endpoint.messages import image_parts, messages_of, video_part
from rl.evaluation.endpoint.request import body
from rl.evaluation.endpoint.server import Server
from rollout.media.medium import Clip, Medium
from rollout.rows.row import Row, Turn

RNG = np.random.default_rng(0)
VIDEO = Clip("a.mp4", RNG.integers(0, 256, (4, 20, 30, 3), dtype=np.uint8), 2.0)
IMAGE = Clip("b.png", RNG.integers(0, 256, (1, 10, 10, 3), dtype=np.uint8), 0.0)
ROW = Row(
    0,
    "<image>And here?",
    (Medium("video", "a.mp4"), Medium("image", "b.png")),
    "qa",
    context=(Turn("system", "Be brief."), Turn("user", "Look: <video> who?"), Turn("assistant", "A <video> man.")),
)


def pixels(text: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


def test_all_turns_are_sent_with_media_at_their_tags() -> None:
    system, user, assistant, asked = messages_of(ROW, [VIDEO, IMAGE], video_part)
    assert (system["role"], system["content"]) == ("system", [{"type": "text", "text": "Be brief."}])
    assert [part["type"] for part in user["content"]] == ["text", "video_url", "text"]
    assert (user["content"][0]["text"], user["content"][2]["text"]) == ("Look: ", " who?")
    assert assistant["content"] == [{"type": "text", "text": "A <video> man."}]  # what a model said shows nothing
    assert [part["type"] for part in asked["content"]] == ["image_url", "text"]


def test_frames_arrive_as_they_were_decoded() -> None:
    kind, _, frames = video_part(VIDEO)[0]["video_url"]["url"].partition(",")
    assert kind == "data:video/jpeg;base64"
    assert np.array_equal(np.stack([pixels(frame) for frame in frames.split(",")]), VIDEO.frames)
    images = [part["image_url"]["url"] for part in image_parts(VIDEO)]
    assert np.array_equal(np.stack([pixels(url.partition(",")[2]) for url in images]), VIDEO.frames)


def request(server: Server, sampling: Sampling, sample: int = 0) -> dict[str, Any]:
    return body(server, ROW, [VIDEO, IMAGE], sampling, 24, sample)


def test_vllm_is_told_all_that_it_would_else_decide_itself() -> None:
    sent = request(Server("http://x/v1", "m", True, True, (7, 9)), Sampling())
    assert sent["logit_bias"] == {"7": -100.0, "9": -100.0}
    assert (sent["temperature"], sent["top_p"], sent["top_k"], sent["repetition_penalty"]) == (0.0, 1.0, 0, 1.0)
    assert sent["media_io_kwargs"] == {"video": {"num_frames": -1, "fps": 2.0}}
    metadata = {"fps": 2.0, "total_num_frames": 4, "frames_indices": [0, 1, 2, 3], "duration": 2.0}
    assert sent["mm_processor_kwargs"] == {"do_sample_frames": False, "video_metadata": [metadata]}
    assert "seed" not in sent
    other = request(Server("http://x/v1", "m", True), Sampling())
    assert other["mm_processor_kwargs"] == {"do_sample_frames": False}
    assert "logit_bias" not in other


def test_other_servers_are_sent_what_openai_knows_and_images_alone() -> None:
    sent = request(Server("http://x/v1", "m"), Sampling(0.7, 4, seed=5), sample=2)
    assert set(sent) == {"model", "messages", "temperature", "max_tokens", "seed"}
    assert (sent["seed"], sent["temperature"], sent["max_tokens"]) == (7, 0.7, 24)
    assert [part["type"] for part in sent["messages"][1]["content"]] == ["text", *["image_url"] * 4, "text"]
