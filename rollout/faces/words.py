"""What is seen of drawn people, in words: captions and rationales as the paper's data has them, without tags."""

from __future__ import annotations

from rollout.faces.people import COURSES, Face, emotion_of, intensity_of

FEELINGS = {
    "happy": "happy",
    "sad": "sad",
    "neutral": "calm",
    "angry": "angry",
    "surprise": "surprised",
    "disgust": "disgusted",
    "fear": "afraid",
}
_STRENGTHS = {"weak": "slightly ", "medium": "", "strong": "very "}
_MOUTHS = {
    "smile steady": "The person smiles all the time.",
    "smile growing": "The person begins to smile.",
    "smile fading": "The person smiles at first, and then the smile fades.",
    "frown steady": "The person frowns all the time.",
    "frown growing": "The person begins to frown.",
    "gape steady": "The person gasps, and the mouth is open all the time.",
    "gape growing": "The person gasps, and the mouth falls open.",
    "mouth at rest": "The mouth is closed and does not move.",
}
_EYES = {"narrow": "the eyes are narrowed", "normal": "the eyes are of normal size", "wide": "the eyes are wide"}


def appearance_in_words(face: Face) -> str:
    """What does not change about a person, and the place."""
    who, what = face.identity, face.performance
    glasses, hat = ("wears" if worn == "yes" else "does not wear" for worn in (who.eyeglasses, who.hat))
    return (
        f"The video shows a person with {who.hair_length} {who.hair_color} hair and {who.skin} skin. The person {glasses} "
        f"glasses and {hat} a hat. The scene is {what.light}."
    )


def action_in_words(face: Face) -> str:
    """What the person does."""
    return _MOUTHS[COURSES[(face.performance.onset, face.performance.apex)]]


def expression_in_words(face: Face) -> str:
    """What the face does."""
    what = face.performance
    return f"The eyebrows are {what.brow}, and {_EYES[what.eyes]}. {action_in_words(face)}"


def emotion_in_words(face: Face, emotion: str | None = None) -> str:
    """What the person feels; another emotion if it is given."""
    said = emotion or emotion_of(face.performance)
    strength = "" if said == "neutral" else _STRENGTHS[intensity_of(face.performance)]
    return f"Taken together, this shows that the person is {strength}{FEELINGS[said]}."


def rationale_in_words(face: Face, emotion: str | None = None) -> str:
    """Attributes, then expressions, then the emotion; another emotion if it is given."""
    return "\n\n".join((appearance_in_words(face), expression_in_words(face), emotion_in_words(face, emotion)))
