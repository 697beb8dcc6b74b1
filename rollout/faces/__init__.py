"""A data set of drawn people, whose affective trees are known. It is made on the spot, for tests and for the quickstart.

people.py     what people look like, what they show and what they feel
trees.py      their affective trees
questions.py  what is asked about a clip, and the answers: its rows
drawing.py    the frames of a clip
dataset.py    the folder: clips and rows for train, val and test
words.py      what is seen of them in words, without tags
emo_cfg.py    a small folder that is laid out like Emo-CFG; emo_cfg_questions.py has what it asks
"""
