"""A finished study as something to keep: an archive that says who made what from what, and its verification.

Here: the list of contents, the description (RO-Crate), the bill of materials, packing and comparing.
Not here: what Snakemake knows of its jobs.
"""
