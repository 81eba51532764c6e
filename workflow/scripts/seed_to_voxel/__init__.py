"""The science and the naming of seed-to-voxel, as pure functions that know nothing of Snakemake.

A module imports only what stands before it in the data's way:

- ``errors``, ``joblog``, ``tables``, ``bids``, ``seeds``, ``runs``, ``configuration``, ``fingerprint``: what plans the
  workflow; the standard library alone (and jsonschema, which Snakemake brings).
- ``simulated_brain``, ``simulated_networks``, ``simulated_confounds``, ``simulation``; ``download``,
  ``development_fmri``: inputs.
- ``images``, ``confounds``, ``cleaning``, ``timeseries``: from volumes to cleaned series.
- ``correlation``, ``provenance``, ``maps``: from series to maps and their sidecars.
- ``figures``, ``printed``: what people look at.
"""
