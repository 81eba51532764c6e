"""What everything else stands on: errors, tables, sidecars, a job's log, fingerprints of the code.

Here: what knows files and processes, and nothing of the brain.
Not here: anything that needs numpy.
"""
