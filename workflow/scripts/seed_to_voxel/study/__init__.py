"""What is to be done: the config and its checks, runs, seeds, names of files, targets, resources.

Here: what plans the workflow, with the standard library alone.
Not here: reading an image's values, numpy, Snakemake.
"""
