"""From rows of a data set to prompts, and from completions to samples. Imports neither ray nor vllm.

Rows
    rows.py           one row, and all rows of a file
    formats.py        how rows are read: formats that ship and those of users
    row_files.py      files of rows -> tables
    row_values.py     what the columns of a row may hold
    row_media.py      whether the files that rows name are there
    mixing.py         which rows come next, and which are evaluated
    faces/            the data set of drawn faces

Prompts
    media.py          video and image files -> frames
    families.py       what the families of checkpoints differ in
    positions.py      three-dimensional rotary positions
    prompts.py        rows -> token ids, positions and pixels
    prompt_checks.py  what has to hold of a prompt before and after an engine is asked

Samples
    samples.py        the stations of a sample, from prompt to training group
    tree_sampling.py  groups sampled as trees
    reasoning.py      stage-wise reasoning at test time
    judges.py         who decides between its candidates
"""
