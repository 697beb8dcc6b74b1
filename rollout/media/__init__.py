"""Videos and images: what rows name, the frames that it becomes, and how these are kept (docs/media.md).

What is asked and answered
    medium.py     what a question is about, how it becomes frames, the frames and their shape
    decoding.py   media -> frames
    probe.py      media -> the shape of their frames
    store.py      frames that are kept, up to a budget in bytes
    shared.py     frames that processes of one node share
    shared_folder.py  … the folder that these are in, which is gone with the last of them
    decoders.py   processes that decode what may crash or hang the decoder

How
    container.py  video files, opened: packets and frames
    times.py      when frames are shown
    survey.py     what a video shows, found without decoding it
    sampling.py   which moments of a video become frames
    display.py    how a stored picture is shown
    video.py      videos -> frames
    pictures.py   images, and videos given as a list of pictures
    identity.py   which frames are the same
"""
