"""The affective tree: what it is made of, how it is written and read, and how far two trees are apart.

`nodes` holds the tree as data, `parser` reads it from a completion, `writer` writes it, `taxonomy` knows the aspects and their
synonyms, `answers` reads what stands in `<answer>`, `lines` says which line states which node, `gold` checks gold trees. These
names are handed on here; `edit_distance`, `edit_script` and `unordered` bring numba and are imported where they are needed.
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
