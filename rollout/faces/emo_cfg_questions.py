"""What the Emo-CFG-shaped folder asks about a drawn person. The questions are the paper's (figures 3 and 12 to 25) where it shows
them; names of files and sources are as its repository has those of the test set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rollout.faces.people import Face, action_units, emotion_of, intensity_of
from rollout.faces.trees import CONFUSED
from rollout.faces.words import action_in_words, appearance_in_words, expression_in_words, rationale_in_words

MAFW = (
    "Anger", "Anxiety", "Contempt", "Disappointment", "Disgust", "Fear", "Happiness", "Helplessness", "Neutral", "Sadness",
    "Surprise",
)  # fmt: skip
_IN_MAFW = {"happy": "GK", "sad": "J", "neutral": "I", "angry": "AE", "surprise": "K", "disgust": "E", "fear": "BF"}
"""Emotion -> letters of the labels that it has, joined as the data set joins them."""
_MAIN_IN_MAFW = {"happy": "G", "sad": "J", "neutral": "I", "angry": "A", "surprise": "K", "disgust": "E", "fear": "F"}
"""Emotion -> the one letter that says it."""
_SENTIMENTS = {"happy": "A", "surprise": "A", "neutral": "B"}
_SEVEN = ("Highly Negative", "Negative", "Weakly Negative", "Neutral", "Weakly Positive", "Positive", "Highly Positive")
_EXPERT = (
    "As an expert in the field of emotions, please provide a detailed description and ultimately predict the emotional states of "
    "single/multiple individuals in the video."
)
_EXPLAIN = (
    "Please analyze which parts of the environment, lighting, background, visual attributes, etc., can explain the reasons for "
    "your answer."
)
_UNITS = (
    "Please watch the video provided and identify the action units (AU) performed by the person in the video, reply directly to "
    "their name (such as AU1, AU6) and output None if no observed."
)


@dataclass(frozen=True)
class Question:
    """One row about a person."""

    file: str
    """Folder and name of its file, without .json; `{split}` stands for train or test."""
    dataset: str
    """The data set whose clip it is about."""
    source: str
    turns: tuple[str, ...]
    """Texts of user and assistant by turns."""


def questions(face: Face, careless: bool) -> Iterator[Question]:
    """All rows of a person; the rationale of a careless one argues for the neighbouring emotion, if there is one."""
    who, what = face.identity, face.performance
    emotion = emotion_of(what)

    def row(file: str, dataset: str, name: str, *turns: str) -> Question:
        return Question(f"{file}/{dataset}_{name}", dataset, f"{dataset}_{name}", turns)

    labels = [f"{who.hair_color}_hair", f"{who.hair_length}_hair"]
    labels += [name for name, worn in (("eyeglasses", who.eyeglasses), ("wearing_hat", who.hat)) if worn == "yes"]
    seen = "[black_hair, brown_hair, blond_hair, red_hair, white_hair, short_hair, long_hair, eyeglasses, wearing_hat]"
    appearance = (
        "Watch the video and identify the attributes of appearance associated with the person. Please refer to the list below "
        f"and document all applicable attributes and output None if not observed: {seen}"
    )
    yield row("attribute", "CelebV-HQ", "Appearance-Recognition", appearance, ", ".join(labels))
    acts = [name for name, mouth in (("smile", "up"), ("frown", "down"), ("gape", "open")) if mouth in (what.onset, what.apex)]
    doing = "Watch the video and identify the actions of the person: [smile, frown, gape]. Output None if not observed."
    yield row("attribute", "CelebV-HQ", "Action-Recognition", doing, ", ".join(acts) or "None")
    yield row("attribute", "CelebV-Text", "Appearance-Caption", _describe("appearance"), appearance_in_words(face))
    yield row("attribute", "CelebV-Text", "Action-Caption", _describe("actions"), action_in_words(face))
    same = "Is it the same person in the first and the last frame? (A) Yes (B) No"
    yield row("attribute", "MEAD", "Identity", same, "A")
    pose = "Identify the head pose of the person: (A) Front (B) R60 (C) L60 (D) Down"
    yield row("attribute", "MEAD", "Head-Pose", pose, {"front": "A", "down": "D"}[what.head])

    hair = "What is the length of the person's hair? A.short hair B.long hair"
    yield row("qa", "CelebV-Text", "QA_Hair", hair, {"short": "A", "long": "B"}[who.hair_length])
    yield row("qa", "CelebV-Text", "QA_Eyebrows", "Describe the eyebrows of the person in the video.", f"{what.brow} eyebrows")
    yield row("qa", "CelebV-Text", "QA_Skin", "Describe the skin of the person in the video.", f"{who.skin} skin")

    clip = "Please watch the video clip and identify the"
    options = _lettered(MAFW)
    yield row("emotion", "MAFW", "Single-Label-Emotion-Recognition", _expression(clip, options), _MAIN_IN_MAFW[emotion])
    yield row("emotion", "MAFW", "Multiple-Label-Emotion-Recognition", _expression(clip, options), _IN_MAFW[emotion])
    fine = f"{clip} fine-grained expression with intensity on the person's face."
    graded = emotion if emotion == "neutral" else f"{emotion} ({intensity_of(what)})"
    yield row("emotion", "MEAD", "Fine-Grained-Emotion-Recognition", fine, graded)
    sentiment = f"{clip} sentiment on the person's face: (A) Positive (B) Neutral (C) Negative"
    yield row("emotion", "MOSEI", "Single-Label-Sentiment-Recognition", sentiment, _SENTIMENTS.get(emotion, "C"))
    seven = f"{clip} fine-grained 7 classes sentiment on the person's face: {_lettered(_SEVEN)}"
    graded = {"A": "F", "B": "D"}.get(_SENTIMENTS.get(emotion, "C"), "B")
    yield row("emotion", "SIMS", "Fine-Grained-Sentiment-Recognition", seven, graded)
    micro = f"{clip} micro expression on the person's face: (A) Happiness (B) Surprise (C) Others"
    small = {"happy": "A", "surprise": "B"}.get(emotion, "C")
    yield row("emotion", "CASME", "Micro-Expression-Recognition", micro, small)
    yield row("emotion", "AffWild2", "Action-Unit-Detection", _UNITS, ", ".join(action_units(what)) or "None")
    spoken = "How does the person feel about what was said before? (A) Positive (B) Neutral (C) Negative"
    yield row("emotion", "PERR", "Conversational-Emotion-Analysis", spoken, _SENTIMENTS.get(emotion, "C"))
    caption = "Please provide a detailed caption describing the emotion displayed by the individual throughout the video."
    yield row("emotion", "CelebV-Text", "Emotion-Caption", caption, expression_in_words(face))

    yield Question("caption/caption_{split}", "L-SVD", "L-SVD", (_EXPERT, rationale_in_words(face)))
    said = CONFUSED.get(emotion, emotion) if careless else emotion
    asked = (_expression(clip, options), _MAIN_IN_MAFW[emotion], _EXPLAIN, rationale_in_words(face, said))
    yield Question("rationale/rationale_{split}", "MAFW", "MAFW_Rationale", asked)


def _expression(clip: str, options: str) -> str:
    return f"{clip} expression on the person's face: {options}"


def _describe(what: str) -> str:
    return f"Please describe the {what} of the person in the video."


def _lettered(options: Sequence[str]) -> str:
    return " ".join(f"({letter}) {option}" for letter, option in zip("ABCDEFGHIJK", options, strict=False))
