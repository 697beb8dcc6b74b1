"""Data sets: files of rows, and which of their rows come when.

row.py           one row
data.py          the rows of a split
data_set.py      a data set: its files, and how they are read
sets.py          data sets -> splits
holdout.py       clips that are held out as val
clips.py         the numbers of clips
files.py         names, folders and patterns -> files
table.py         files -> rows as they are written there
json_rows.py     … where they are in JSON
arrow_rows.py    … Parquet and dataset folders
class_names.py   … whose class labels are numbers
reading.py       rows as they are written -> rows
part.py          rows of files that are read alike, by their index
index.py         what is known of all rows without reading them
indexing.py      the pass over all rows that finds it out
cache.py         where it is kept
content.py       what files hold, in few words
parallel.py      worker processes
progress.py      whom to tell how far that has come
rejects.py       rows that cannot be used
checked.py       … that `affectree data check` found
build.py         a row of its columns
conversation.py  the turns in `messages`
media_columns.py what names a video or an image
placing.py       which place of a conversation shows which of them
literals.py      tags and special tokens in prose
values.py        what the other columns of a row may hold
remarks.py       what is told of a row that can be used
media_files.py   whether the files that rows name are there
fitted.py        rows of which some have smaller media, so that their prompts fit
mixing.py        which rows come next, and which are evaluated
draws.py         draws from weighted pools, from any place on
clip_groups.py   rows about one clip that are drawn together
clip_draws.py    draws of these
trees.py         from a rationale in words to its gold tree
tree_rows.py     the row that teaches that tree
formats/         how rows are read: formats that ship and those of users
"""
