"""What a run's map may be held against: the null distribution of r, several comparisons, null seeds.

Here: pure functions of series and operators.
Not here: drawing, files.
"""
