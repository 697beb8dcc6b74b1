"""Broken and odd rows, each with what becomes of it.

Rows that can be read name only the files in `FILES`, which whoever reads them with their media has to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FILES = ("clip.mp4", "other.mp4", "1.png", "2.png")
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAADgAAAA4CAIAAAAn5KxJAAAAWUlEQVR4nO3OQQ3AIAAAMUDNJCIRWbOwxyVkSaug8+xn/MG6HfhKtCZaE62J1kRrojXRmmhN"
    "tCZaE62J1kRrojXRmmhNtCZaE62J1kRrojXRmmhNtCZaE629OUwB2JzHeSYAAAAASUVORK5CYII="
)
"""A picture of 56 x 56 pixels, in base64."""
TREE = "<tree>\nattribute\na1 mouth corners: up\nexpression\ne1 smile < a1\nemotion\nm1 happy < e1\n</tree>"


@dataclass(frozen=True)
class OddRow:
    """A row, and what becomes of it."""

    name: str
    row: Any
    said: str | None = None
    """A part of what the message says of it; None where the row can be used."""
    read: Mapping[str, Any] = field(default_factory=dict)
    """What is read from it: fields of `Row` and their values, and `files`, the paths of its media or frames."""
    noted: str | None = None
    """What one of its notes says."""


def user(content: Any) -> dict[str, Any]:
    """A user's turn."""
    return {"role": "user", "content": content}


def reply(content: Any) -> dict[str, Any]:
    """An assistant's turn."""
    return {"role": "assistant", "content": content}


def asked(text: str = "<video>Which?", **columns: Any) -> dict[str, Any]:
    """A row of one question and its reply."""
    return {"messages": [user(text), reply("happy")], **columns}


def with_video(named: Any, **columns: Any) -> dict[str, Any]:
    """A row whose `videos` hold something."""
    return asked(videos=[named], **columns)


def with_image(named: Any) -> dict[str, Any]:
    """A row whose `images` hold something."""
    return asked("<image>Which?", images=[named])


USED = (
    OddRow("no task", with_video("clip.mp4"), read={"task": "qa", "answer": "happy", "files": ["clip.mp4"]}),
    OddRow("videos as one text", asked(videos="clip.mp4"), read={"files": ["clip.mp4"]}),
    OddRow("videos as a text in JSON", asked(videos='["clip.mp4"]'), read={"files": ["clip.mp4"]}),
    OddRow("videos as one mapping", asked(videos={"path": "clip.mp4"}), read={"files": ["clip.mp4"]}),
    OddRow("videos empty", asked("Which?", videos=[]), read={"question": "Which?", "files": []}),
    OddRow("videos null", asked("Which?", videos=None), read={"question": "Which?", "files": []}),
    OddRow("column video", asked(video="clip.mp4"), read={"files": ["clip.mp4"], "columns": {}}),
    OddRow("column image", asked("<image>Which?", image="1.png"), read={"files": ["1.png"]}),
    OddRow("column video of pictures", asked(video=["1.png", "2.png"]), read={"files": ["1.png", "2.png"]}),
    OddRow("list of frames", with_video(["1.png", "2.png"]), read={"files": ["1.png", "2.png"]}),
    OddRow("path and bytes null", with_video({"path": "clip.mp4", "bytes": None}), read={"files": ["clip.mp4"]}),
    OddRow("bytes in base64", with_image({"path": "gone.png", "bytes": PNG}), read={"question": "<image>Which?"}),
    OddRow("data URI", with_image(f"data:image/png;base64,{PNG}"), read={"question": "<image>Which?"}),
    OddRow(
        "no tag at all",
        asked("Which?", videos=["clip.mp4"], images=["1.png"]),
        read={"question": "<video><image>Which?", "files": ["clip.mp4", "1.png"]},
    ),
    OddRow(
        "no tag, several turns",
        {"messages": [user("What do you see?"), reply("a smile"), user("Which?"), reply("happy")], "videos": ["clip.mp4"]},
        read={
            "question": "Which?",
            "files": ["clip.mp4"],
            "context": (("user", "<video>What do you see?"), ("assistant", "a smile")),
        },
    ),
    OddRow(
        "tag in the first of several turns",
        {"messages": [user("<video>What?"), reply("a smile"), user("Which?"), reply("happy")], "videos": ["clip.mp4"]},
        read={"question": "Which?", "reference": "happy", "context": (("user", "<video>What?"), ("assistant", "a smile"))},
    ),
    OddRow(
        "system turn",
        {"messages": [{"role": "system", "content": "Be brief."}, user("Which?")]},
        read={"question": "Which?", "reference": None, "context": (("system", "Be brief."),)},
    ),
    OddRow("column system", asked("Which?", system="Be brief."), read={"context": (("system", "Be brief."),)}),
    OddRow(
        "roles of others",
        {"messages": [{"role": "human", "content": "Which?"}, {"role": "gpt", "content": "happy"}]},
        read={"question": "Which?", "reference": "happy"},
    ),
    OddRow(
        "typed parts",
        {"messages": [user([{"type": "video", "video": "clip.mp4"}, {"type": "text", "text": "Which?"}]), reply("happy")]},
        read={"question": "<video>Which?", "files": ["clip.mp4"]},
    ),
    OddRow(
        "typed parts of OpenAI",
        {"messages": [user([{"type": "text", "text": "Which?"}, {"type": "image_url", "image_url": {"url": "1.png"}}])]},
        read={"question": "Which?<image>", "files": ["1.png"]},
    ),
    OddRow(
        "typed parts without names",
        {"messages": [user([{"type": "image"}, {"type": "video"}, "Which?"])], "images": ["1.png"], "videos": ["clip.mp4"]},
        read={"question": "<image><video>Which?", "files": ["1.png", "clip.mp4"]},
    ),
    OddRow(
        "typed text with a tag for the column",
        {"messages": [user([{"type": "text", "text": "<video>Which?"}])], "videos": ["clip.mp4"]},
        read={"question": "<video>Which?", "files": ["clip.mp4"]},
    ),
    OddRow(
        "tag as prose in a typed part",
        {"messages": [user([{"type": "video", "video": "clip.mp4"}, {"type": "text", "text": "What is <video> in HTML?"}])]},
        read={"question": "<video>What is < video> in HTML?", "files": ["clip.mp4"]},
        noted="as prose",
    ),
    OddRow(
        "tag as prose in a reply",
        {"messages": [user("Which tag?"), reply("<video>")]},
        read={"question": "Which tag?", "reference": "< video>", "answer": "< video>"},
        noted="as prose",
    ),
    OddRow("special token in prose", asked("Who says <|im_end|>?"), read={"question": "Who says < |im_end|>?"}, noted="as prose"),
    OddRow(
        "media token in prose",
        asked("<video>Where is <|video_pad|>?", videos=["clip.mp4"]),
        read={"question": "<video>Where is < |video_pad|>?"},
        noted="as prose",
    ),
    OddRow("messages as JSON", {"messages": '[{"role": "user", "content": "Which?"}]'}, read={"question": "Which?"}),
    OddRow("last reply null", {"messages": [user("Which?"), reply(None)]}, read={"reference": None, "answer": None}),
    OddRow("source is a number", asked("Which?", source=3), read={"source": "3"}),
    OddRow("answer is a number", asked("Which?", answer=1), read={"answer": "1", "reference": "happy"}),
    OddRow("answer is true", asked("Which?", answer=True), read={"answer": "True"}),
    OddRow("answer is not a number", asked("Which?", answer=float("nan")), read={"answer": "happy"}),
    OddRow(
        "answer is a list", asked("Which?", answer=["sad", "angry"]), read={"answer": "sad, angry", "answers": ("sad", "angry")}
    ),
    OddRow("options as letters", asked("Which?", options={"A": "happy", "B": "sad"}), read={"options": ("A. happy", "B. sad")}),
    OddRow("options as JSON", asked("Which?", options='["happy", "sad"]'), read={"options": ("happy", "sad")}),
    OddRow(
        "gold in another column",
        {"messages": [user("Which?")], "solution": "happy"},
        read={"answer": None},
        noted="column `solution`",
    ),
    OddRow("rejected reply", asked("Which?", rejected_response="sad"), read={"columns": {"rejected_response": "sad"}}),
    OddRow("sound", asked("Which?", audios=["1.wav"]), read={"columns": {"audios": ["1.wav"]}}, noted="not used"),
    OddRow("tools", asked("Which?", tools="[{}]"), noted="have `tools`, which are not used"),
    OddRow(
        "a turn that is not to be learned",
        {"messages": [user("Which?"), {**reply("sad"), "loss": False}]},
        read={"reference": "sad"},
        noted="have turns with `loss`, which is not read",
    ),
    OddRow(
        "turns of a table",
        {"messages": [{**user("Which?"), "name": None, "images": []}, {**reply("sad"), "weight": 1}]},
        read={"reference": "sad"},
    ),
    OddRow("wrong reply of KTO", asked("Which?", label=False), read={"reference": "happy"}, noted="`label: false`"),
    OddRow("right reply of KTO", asked("Which?", label=True), read={"reference": "happy"}),
    OddRow(
        "video in another column",
        asked("Which?", id=1, clip=["clip.mp4"]),
        read={"files": []},
        noted="show no video or image, but a column `clip` names one: data.columns={videos: clip} (or images)",
    ),
    OddRow(
        "picture of a table in another column", asked("Which?", face={"bytes": PNG, "path": None}), noted="column `face` names"
    ),
    OddRow("tag of others", asked("<VIDEO>Which?"), read={"question": "<VIDEO>Which?"}, noted="may be the place of a video"),
    OddRow("tag of others with a number", asked("<video_0>Which?", videos=["clip.mp4"]), noted="may be the place of a video"),
    OddRow(
        "tag as Qwen writes it",
        asked("Look: <|vision_start|><|video_pad|><|vision_end|>Which?", videos=["clip.mp4"]),
        read={"question": "Look: <video>Which?", "files": ["clip.mp4"]},
    ),
    OddRow(
        "column system beside messages as JSON",
        {"messages": '[{"role": "user", "content": "Which?"}]', "system": "Be brief."},
        read={"context": (("system", "Be brief."),), "columns": {}},
    ),
    OddRow(
        "column system of another format",
        {"problem": "Which?", "answer": "happy", "system": "Be brief."},
        read={"context": (("system", "Be brief."),)},
    ),
    OddRow(
        "column system beside a system turn",
        {"messages": [{"role": "system", "content": "Be long."}, user("Which?")], "system": "Be brief."},
        read={"context": (("system", "Be long."),)},
    ),
    OddRow("videos as a mapping in JSON", asked(videos='{"path": "clip.mp4"}'), read={"files": ["clip.mp4"]}),
    OddRow(
        "frames of a table",
        with_video([{"path": "1.png", "bytes": None}, {"path": "2.png", "bytes": None}]),
        read={"files": ["1.png", "2.png"]},
    ),
    OddRow("data URI in capitals", with_image(f"DATA:image/png;BASE64,{PNG}"), read={"question": "<image>Which?"}),
    OddRow("our own name for notes", asked("Which?", **{"affectree:notes": "x"}), read={"columns": {}}),
    OddRow(
        "other columns named as fields",
        asked("Which?", index=7, question="?"),
        read={"index": 0, "columns": {"index": 7, "question": "?"}},
    ),
)
"""Rows that can be used."""

REFUSED = (
    OddRow("messages null", {"messages": None}, "key `messages`: no user turn found; a row needs one"),
    OddRow("messages empty", {"messages": []}, "key `messages`: no user turn found; a row needs one"),
    OddRow("messages a number", {"messages": 3}, "key `messages`: must be a list of turns, found a number"),
    OddRow(
        "messages a mapping", {"messages": user("Which?")}, "key `messages`: must be a list of turns, found `key: value` pairs"
    ),
    OddRow(
        "messages as text", {"messages": "Which?"}, "key `messages`: is a text that is no list of turns (line 1: expecting value)"
    ),
    OddRow(
        "null turn",
        {"messages": [user("Which?"), None]},
        "turn 2 must have `role` and `content`, found nothing; mend or remove it",
    ),
    OddRow("turn as text", {"messages": ["Which?"]}, "turn 1 must have `role` and `content`, found text"),
    OddRow(
        "no role",
        {"messages": [{"content": "Which?"}]},
        "turn 1 has no `role`, only content; roles are system, user and assistant",
    ),
    OddRow("role null", {"messages": [{"role": None, "content": "?"}]}, "turn 1 has no `role`, only role, content"),
    OddRow(
        "role tool", {"messages": [user("?"), {"role": "tool", "content": "4"}]}, "turn 2 has the role 'tool'; roles are system"
    ),
    OddRow("no user turn", {"messages": [reply("happy")]}, "no user turn found among assistant; a row needs one"),
    OddRow("content null", {"messages": [user(None)]}, "the content of turn 1 must be text, or a list of parts, found nothing"),
    OddRow("content a number", {"messages": [user(3)]}, "the content of turn 1 must be text, or a list of parts, found a number"),
    OddRow("question empty", {"messages": [user("")]}, "the last user turn is empty; write the question, or remove the row"),
    OddRow("two replies", {"messages": [user("?"), reply("a"), reply("b")]}, "assistant and assistant follow the last user turn"),
    OddRow("system last", {"messages": [user("?"), {"role": "system", "content": "a"}]}, "system follow the last user turn"),
    OddRow("part is a number", {"messages": [user([3])]}, "turn 1 has a part that is a number; write {type: text, text: …}"),
    OddRow(
        "part without text", {"messages": [user([{"type": "text"}])]}, "turn 1 has a part without text; parts are text, image and"
    ),
    OddRow(
        "part is sound",
        {"messages": [user([{"type": "audio", "audio": "1.wav"}])]},
        "turn 1 has a part of type 'audio'; parts are",
    ),
    OddRow(
        "part of the assistant is a picture",
        {"messages": [user("?"), reply([{"type": "image", "image": "1.png"}])]},
        "turn 2, of the assistant, has a part that is image; only user turns show media: move it",
    ),
    OddRow(
        "named in part and column",
        {"messages": [user([{"type": "video", "video": "clip.mp4"}])], "videos": ["clip.mp4"]},
        "key `videos`: the parts of `messages` name their videos themselves; name them in one of the two",
    ),
    OddRow(
        "tag without a video",
        asked(),
        "key `videos`: the text asks for 1 video(s) by <video>, found 0; make the tags and the list agree",
    ),
    OddRow(
        "more tags than videos",
        asked("<video><video>?", videos=["clip.mp4"]),
        "asks for 2 video(s) by <video>, found 1; make the",
    ),
    OddRow(
        "some without a tag",
        asked("<video>?", videos=["clip.mp4", "other.mp4"]),
        "asks for 1 video(s) by <video>, found 2; write a tag for each, or none for any: then they go first",
    ),
    OddRow(
        "frames without their list",
        asked(videos=["1.png", "2.png"]),
        "put the frames of one video into a list of their own, [[…]]",
    ),
    OddRow(
        "tag in the reply only",
        {"messages": [user("Draw it."), reply("<image>")], "images": ["1.png"]},
        "key `images`: no user turn has a <image>, but turn 2, of the assistant, does; only user turns show media: write the tag",
    ),
    OddRow(
        "video and videos",
        asked(videos=["clip.mp4"], video="other.mp4"),
        "key `video`: the row has `videos` as well; name its videos",
    ),
    OddRow("video null in the list", with_video(None), "key `videos`: must hold paths of files, found 'None'; name the file"),
    OddRow("video empty in the list", with_video(""), "key `videos`: must hold paths of files, found ''"),
    OddRow("videos a number", asked(videos=3), "key `videos`: must hold paths of files, found '3'"),
    OddRow(
        "https",
        with_video("https://x.org/a.mp4"),
        "https://x.org/a.mp4 is an address, not a path; download it first and name the",
    ),
    OddRow("s3", with_video("s3://bucket/a.mp4"), "s3://bucket/a.mp4 is an address, not a path; download it first"),
    OddRow(
        "data URI without data",
        with_image("data:image/png;base64"),
        "key `images`: 'data:image/png;base64'… is a data URI without",
    ),
    OddRow("data URI of nothing", with_image("data:image/png;base64,"), "is a data URI without data"),
    OddRow("frames with their content", with_video([{"bytes": PNG, "path": "1.png"}]), "frames must be paths of pictures, found"),
    OddRow(
        "a turn's own pictures",
        {"messages": [{**user("Which?"), "images": ["1.png"]}]},
        "turn 1 has `images` of its own; name them in the row's `images`",
    ),
    OddRow("system a list", asked("?", system=["Be brief."]), "key `system`: must be text, found a list"),
    OddRow(
        "boxes of ms-swift",
        {"messages": [user("<image>Find it."), reply("<bbox>")], "images": ["1.png"], "objects": {"bbox": [[1, 2, 3, 4]]}},
        "key `objects`: is not read, and <bbox> in the text stands for it; write its values into the text",
    ),
    OddRow("half a character", asked("Which \ud83d?"), "key `messages`: holds half a character, '\\ud83d'"),
    OddRow("content not base64", with_image({"bytes": "%%%"}), "key `images`: a file's content is not base64 ("),
    OddRow(
        "bytes a number", with_image({"bytes": 3}), "key `images`: `bytes` must be a file's content in base64, found a number"
    ),
    OddRow(
        "mapping without a file", with_video({"start": 1}), "key `videos`: a video has neither `path` nor `bytes`; name the file"
    ),
    OddRow(
        "mapping with a wrong key",
        with_video({"path": "clip.mp4", "begin": 1}),
        "a video has the unknown key 'begin'; it takes path,",
    ),
    OddRow(
        "start is text",
        with_video({"path": "clip.mp4", "start": "1s"}),
        "`start` must be a number of seconds, 0 or more, found '1s'",
    ),
    OddRow(
        "start below 0",
        with_video({"path": "clip.mp4", "start": -1}),
        "`start` must be a number of seconds, 0 or more, found '-1'",
    ),
    OddRow(
        "ends before it starts",
        with_video({"video": "clip.mp4", "video_start": 3, "video_end": 2}),
        "the part of the video ends at 2 s, before it starts at 3 s; correct the seconds",
    ),
    OddRow("no frames", with_video([]), "key `videos`: a list of frames is empty; name its pictures, or remove it"),
    OddRow("frame null", with_video(["1.png", None]), "frames must be paths of pictures, found 'None'"),
    OddRow(
        "list of images",
        with_image(["1.png"]),
        "key `images`: must hold paths of files, found a list; name each image with a tag",
    ),
    OddRow("task a number", asked("?", task=3), "key `task`: must be text, found a number; write the task's name"),
    OddRow("source a list", asked("?", source=["a"]), "key `source`: must be text, found a list"),
    OddRow(
        "answer a mapping",
        asked("?", answer={"emotion": "sad"}),
        "key `answer`: must be text or a list of labels, found {'emotion'",
    ),
    OddRow("options a number", asked("?", options=3), "key `options`: must be a list of texts"),
    OddRow("options with a wrong letter", asked("?", options={"first": "a"}), "key `options`: must give a text to each letter"),
    OddRow(
        "tree a mapping",
        asked("?", tree={"emotion": "happy"}),
        "key `tree`: must be text, found `key: value` pairs; write the tree as text",
    ),
    OddRow("tree broken", asked("?", tree="mouth up; happy"), "key `tree`: the gold tree cannot be read: it has no <tree>"),
    OddRow("covers a list", asked("?", covers=["hat"]), "key `covers`: must be `key: value` pairs"),
    OddRow(
        "problem null",
        {"problem": None, "answer": "a"},
        "the content of turn 1 must be text",
    ),
    OddRow("conversations as text", {"conversations": "Who?"}, "`conversations` is a text that is no list of turns"),
    OddRow(
        "turn null in conversations",
        {"conversations": [None]},
        "turn 1 must have `role`",
    ),
    OddRow("prompt null", {"prompt": None}, "no user turn found"),
    OddRow(
        "ground truth a mapping",
        {"prompt": [user("?")], "reward_model": {"ground_truth": {"a": 1}}},
        "must be text or a list of labels",
    ),
)
"""Rows that cannot be used."""
ZOO = (*USED, *REFUSED)
