"""How answers are read: one rule for completions and for gold, for `qa`, `root` and evaluation (docs/affective-tree.md).

- `text`: where in a text its answer stands
- `options`: the choices of a closed question, given apart or written in the question
- `reading`: the labels that an answer states, and how far they are those of the gold answer
- `columns`: gold answers and options as data sets have them
"""
