"""From maps of runs to what holds of subjects and of groups: models, permutations, inference.

Here: pure functions of subjects' maps and designs.
Not here: the null of a single run's map, drawing, files.
"""
