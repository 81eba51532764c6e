"""Confounds, censored volumes, and the one linear operator that cleans a run.

Here: what is done along time, and what it leaves.
Not here: images; nor, in the pure functions, files and logging.
"""
