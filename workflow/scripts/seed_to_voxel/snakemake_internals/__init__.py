"""The only room that touches what is private in Snakemake: scheduler, report, failures, screen.

Here: each change as a `patches.Patch` (the versions it is for, what happens without it) beside its code, and in
`session` the few names that the Snakefile calls. Not here: anything of the study or the brain; no other room
imports this one.
"""
