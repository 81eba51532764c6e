"""The passes over a run: the seeds' places and means, the voxels' cleaned series.

Here: where images and the operator meet.
Not here: correlating series.
"""
