"""What is read in a browser or a paper: overview, viewers, quality, printed numbers, methods text.

Here: templates and the code that fills them.
Not here: drawing.
"""
