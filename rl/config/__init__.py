"""What a run is told: settings with their meanings, and everything that is wrong with them, before anything heavy is imported.

schema.py       Config, the whole; the one import of everybody else
sections/       its sections, a docstring beneath every field
fields.py       the range and the unit of a field's numbers
keys.py         which keys there are, and what they may hold
layers.py       files and words of a command line, as they were written
composition.py  layers laid over one another
load.py         a Config of files and words
saved.py        … of a run that was begun, with words over it
changes.py      in which settings two Configs differ
resumption.py   which of them may, when a run goes on, and why
going_on.py     whether a run may go on with others, or a fork begin
lengths.py      what becomes of lengths and learning rates then
rates.py        learning rates
rules.py        what a Config has to keep to, beyond its types
ranges.py       … numbers in their range, choices that there are
combinations.py … settings that go together
judge_rules.py  … the judge and whoever asks it
determinism_rules.py … what a run that is to be like others does without
rule.py         … one such condition
functions.py    … names of functions and families
data_sets.py    the data sets that are named
places.py       … files, folders and addresses
paths.py        absolute paths in place of relative ones
variables.py    … variables that workers are given
effects.py      … settings of the command line that would change nothing
clips.py        how media become frames
completions.py  how long completions may be
captions.py     which tasks are answered by captions
model_check.py  whether a checkpoint can be had and is supported
explain.py      what `affectree config explain` says of a key
explain_view.py … on a terminal
"""
