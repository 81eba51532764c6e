"""The only room that touches what is private in Snakemake: scheduler, report, failures.

Here: each change with the versions that it is for.
Not here: anything else; no other room imports this one.
"""
