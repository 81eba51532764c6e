"""How good a run is: measures, limits, the table of all runs, and what goes with motion.

Here: numbers and verdicts.
Not here: pictures and pages of them.
"""
