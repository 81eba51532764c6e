"""The places of a run: opened, streamed volume by volume, smoothed, saved on a grid.

Here: what knows NIfTI and space.
Not here: time; what happens along it is cleaning.
"""
