"""The science and the naming of seed-to-voxel, in rooms along the data's way.

Each room imports only those before it: ``base``, ``study``, ``inputs``, ``images``, ``cleaning``, ``series``,
``connectivity``, ``quality``, ``figures``, ``pages``. Beside them stands ``snakemake_internals``, which stands on
``base`` alone and which no room imports. What lives in a room, and what does not, is said in its ``__init__.py``.
"""
