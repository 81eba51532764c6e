"""Pictures: their look, and every kind that the workflow draws.

Here: what needs matplotlib.
Not here: pages; computing what is drawn.
"""
