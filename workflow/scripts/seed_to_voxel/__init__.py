"""The science and the naming of seed-to-voxel, as pure functions that know nothing of Snakemake.

A module imports only what stands before it in the data's way: ``errors``, ``joblog``, ``bids``,
``seeds``, ``runs`` (standard library alone, so that the workflow is planned without numpy), then
``simulation`` and ``download`` (inputs), ``images``, ``confounds``, ``cleaning``, ``timeseries``,
``correlation``, and last ``figures``.
"""
