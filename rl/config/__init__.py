"""What a run is told: settings with their meanings, and everything that is wrong with them, before anything heavy is imported.

schema.py       Config, the whole; the one import of everybody else
sections/       its sections, a docstring beneath every field
fields.py       the range and the unit of a field's numbers
keys.py         which keys there are, and what they may hold
layers.py       files and words of a command line, as they were written
composition.py  layers laid over one another
load.py         a Config of files and words, or of a run that was begun
rules.py        what a Config has to keep to, beyond its types
ranges.py       … numbers in their range, choices that there are
combinations.py … settings that go together
judge_rules.py  … the judge and whoever asks it
rule.py         … one such condition
functions.py    … names of functions and families
places.py       … files, folders and addresses
effects.py      … settings of the command line that would change nothing
captions.py     which tasks are answered by captions
model_check.py  whether a checkpoint can be had and is supported
explain.py      what `affectree config explain` says of a key
explain_view.py … on a terminal
"""
