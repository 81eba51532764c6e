"""Runs that the workflow makes or fetches itself: simulation and downloads.

Here: what leaves files that look like anybody's preprocessed runs, and the tables of nodes that nilearn ships.
Not here: reading runs; the next rooms treat all of them alike.
"""
