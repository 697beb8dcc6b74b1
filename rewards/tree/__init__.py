"""The affective tree: what it is made of, how it is read and written, and how far two trees are apart.

- `nodes`: the tree as data; `taxonomy`: the aspects, emotions and their synonyms
- `parser`: text -> tree; `writer`: tree -> text; `spelling`: one line of it, written right or otherwise
- `judging`: which nodes of a completion are right, person by person (`judged_person`), as far as the gold tree covers them
  (`coverage`); `matching`: who is who; `verdicts`: what comes of it
- `gold`: checks gold trees; `lines`: which line and which token belongs to which level
- `edit_distance`: the distance of ordered trees; `unordered`: in any order of siblings; `edit_script`: the edits themselves

The names below are handed on from here. The last three bring numba or scipy, and are imported only where they are needed.
"""

from rewards.tree.nodes import LEVELS, AffectiveTree, Attribute, Emotion, Expression, Node, Person, to_node
from rewards.tree.parser import Defect, Parsed, parse
from rewards.tree.taxonomy import fold, taxonomy
from rewards.tree.writer import write

__all__ = [
    "LEVELS",
    "AffectiveTree",
    "Attribute",
    "Defect",
    "Emotion",
    "Expression",
    "Node",
    "Parsed",
    "Person",
    "fold",
    "parse",
    "taxonomy",
    "to_node",
    "write",
]
