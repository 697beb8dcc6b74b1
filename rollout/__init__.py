"""From rows of a data set to prompts, and from completions to samples. Imports neither ray nor vllm.

Rows
    rows/             files of rows -> rows
    faces/            the data set of drawn faces

Prompts
    media/            video and image files -> frames
    families.py       what the families of checkpoints differ in
    positions.py      three-dimensional rotary positions
    prompts.py        rows -> token ids, positions and pixels
    lengths.py        how many tokens prompts have, without decoding, and how much smaller media fit
    prompt_checks.py  what has to hold of a prompt before and after an engine is asked

Seeds
    seeds.py          seeds of a run's parts, derived from the run's own

Samples
    samples.py        the stations of a sample, from prompt to training group
    scoring.py        groups are scored
    tree_sampling.py  groups sampled as trees
    reasoning.py      stage-wise reasoning at test time
    judges.py         who decides between its candidates
"""
