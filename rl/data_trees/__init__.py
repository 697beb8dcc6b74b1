"""Rationales in words become rows that teach trees: `affectree data trees`.

readers.py   a text -> what it states, by rules or by a judge behind an endpoint
work.py      the rows of a file, part by part
output.py    the parts -> the file, the rejects, and the counts
"""
