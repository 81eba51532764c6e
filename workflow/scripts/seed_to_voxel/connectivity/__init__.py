"""Correlation and its Fisher transform, what their maps say, and named nodes of the brain.

Here: from series to maps, their sidecars and summaries.
Not here: inference; drawing.
"""
