"""Texts that many tests share."""

GOOD = """<tree>
attribute
a1 hair color: brown
a2 eyebrow angle: lowered
expression
e1 scowl < a2
emotion
m1 angry (strong) < e1
</tree>
<answer>Angry</answer>"""
"""A rationale without a defect."""
