"""Free captions: from a text without tags to the affective tree that it denotes, by rules.

`reader` is what others call: `read_caption`. Under it, `words` makes sentences of a text and finds the taxonomy's phrases,
`people` knows of whom each word speaks, `negation` which words are denied, `values` which values belong to which noun.
`accuracy` says how well they read.
"""
