"""Every voxel a seed, of a group: a page on which a click makes the mean of the subjects' maps.

It is the page of a run (`explorer`) with other numbers below it: of each subject what correlations between its voxels
need (`connectivity.pooled`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..base.errors import InputError
from ..connectivity import pooled, reduced
from ..images.thinned import around
from . import cortex, explorer
from .page import render

FILES = (
    "explorer.html.j2",
    "explorer_group.html.j2",
    "explorer_group.js",
    "pooled.js",
    "explorer.js",
    "explorer_page.js",
    "cortex.js",
    "reduced.js",
    "planes.js",
    "nodes.js",
    "view.js",
    "scale.js",
    "nifti.js",
)

BESIDE = 0.9e6
"""Letters of a page that are no subject's: the cortex, named nodes, scripts."""


def page(
    members: Sequence[pooled.Member],
    at_least: float,
    megabytes: float,
    look: Mapping[str, Any],
    not_read: Sequence[str] = (),
) -> str:
    """A page on which every voxel is a seed, and its map the mean over subjects.

    Parameters
    ----------
    members : sequence of pooled.Member
        Runs of all subjects.
    at_least : float
        Share of the subjects that must cover a voxel.
    megabytes : float
        What the page may weigh, in millions of bytes.
    look : dict
        ``threshold``, ``vmax`` and ``cmap`` of the maps.
    not_read : sequence of str
        Labels of subjects that are no members, as a page never holds so many.

    Returns
    -------
    str
        A self-contained HTML page.

    Raises
    ------
    InputError
        If runs are on different grids, or fewer than two subjects are there or fit.
    """
    pooled.check_grids(members)
    subjects = list(pooled.by_subject(members))
    if len(subjects) < 2:
        raise InputError(
            f"figures.viewers.kinds has explore_group, and {len(subjects)} participants have a run that goes on; "
            "expected two or more"
        )
    pool = pooled.fit(subjects, at_least, max(megabytes * 1e6 - BESIDE, 0), explorer.packed)
    held = subjects[: len(pool.texts)]
    off = pooled.accuracy(held, pool)
    seeds = explorer.placed_seeds(members[0].about["seeds"])
    names = [runs[0].about["subject"] for runs in subjects]
    smoothing = sorted({run.about["smoothing"] or 0 for runs in held for run in runs})
    return render(
        "explorer_group.html.j2",
        FILES,
        script="explorer_group.js",
        one="voxel",
        title=f"mean over {len(held)} participants",
        seeds=seeds,
        widest=explorer.widest(seeds),
        held=names[: len(held)],
        left_out=[*names[len(held) :], *not_read],
        n_runs=sum(map(len, held)),
        several=any(len(runs) > 1 for runs in held),
        at_least=at_least,
        megabytes=megabytes,
        accuracy={
            "moderate": explorer.rounded_up(off.moderate),
            "usual": explorer.rounded_up(off.usual),
            "of_r": explorer.rounded_up(off.of_r),
            "share": f"{100 * reduced.USUAL:g} %",
            "pairs": off.pairs,
        },
        step=pool.step * members[0].about["step"],
        edge=" × ".join(f"{edge:g}" for edge in _edges(pool)),
        n_voxels=int(pool.mask.sum()),
        smoothing=" or ".join(f"{width:g}" for width in smoothing) if any(smoothing) else "",
        look=look,
        views=list(cortex.VIEWS),
        data={
            "name": "group",
            "fineness": pool.fineness,
            "subjects": [
                {"runs": [{"weight": weight, **text} for weight, text in zip(pooled.weights(runs), texts, strict=True)]}
                for runs, texts in zip(held, pool.texts, strict=True)
            ],
            **explorer.shown_on(*_cut(pool), seeds, look),
        },
    )


def _edges(pool: pooled.Pool) -> list[float]:
    """Lengths of a voxel's edges, mm."""
    return [round(float(edge), 2) for edge in np.linalg.norm(pool.affine[:3, :3], axis=0)]


def _cut(pool: pooled.Pool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mask, affine and background, cut to the box around the mask."""
    low, high = around(pool.mask)
    part = tuple(slice(int(first), int(last)) for first, last in zip(low, high, strict=True))
    affine = pool.affine @ np.vstack([np.column_stack([np.eye(3), low]), [0, 0, 0, 1]])
    return pool.mask[part], affine, pool.background[part]
