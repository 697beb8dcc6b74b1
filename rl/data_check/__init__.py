"""Whether a data set can be trained on: `affectree data check`. No torch, no Ray, but where prompts are measured.

run.py            a whole check
opening.py        which rows are checked
check.py          its parts, one after another
batch.py          the rows of a batch, looked at by a worker process
work.py           what worker processes keep
uses.py           what a run does with which rows

row_rules.py      what a single row shows by itself
gold.py           … whether its gold earns everything
labels.py         … whether its answer is one that is allowed
media_check.py    each video and image, looked at once
lengths.py        tokens of prompts
repeats.py        equal rows, and rows that contradict each other
leaks.py          clips that splits share

finding.py        one thing that is wrong
findings.py       all of them, written and counted
facts.py          what is kept of each row
named.py          which rows name which medium
labels_by_task.py how often each label is right
summarising.py    a split in figures
summary.py        all figures of a check
view.py           … on a terminal
page.py           … as a page (page.html)
"""
