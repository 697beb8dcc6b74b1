"""Formats of rows: how a row as a file has it becomes the columns of docs/data.md. One small file for each.

registry.py    the format of a file: shipped or a user's, chosen by name or by `auto`
shipped.py     the formats that ship
renaming.py    columns that rows call otherwise
canonical.py   ms-swift's messages, also with typed parts
sharegpt.py    ShareGPT, LLaVA, LLaMA-Factory
easyr1.py      EasyR1
verl.py        verl
trl.py         TRL
video_r1.py    Video-R1
emo_cfg.py     Emo-CFG, whose tasks are told by emo_cfg.yaml
"""
