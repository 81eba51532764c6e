"""How small a corrected p can be, whatever the data: with few subjects there are few ways to rearrange them.

With the standard library alone, as pages and texts say it, too.
"""

from collections.abc import Mapping
from typing import Any


def out_of_reach(about: Mapping[str, Any], level: float) -> str | None:
    """That no p of a map can be so small, and why.

    Parameters
    ----------
    about : dict
        From `map_sidecars.inferred`; what was not permuted has no ``Permutations``, and its p have no such bound.
    level : float
        p at most of what passes.

    Returns
    -------
    str or None
        A sentence; None where something can pass.
    """
    permutations = about.get("Permutations") or {}
    smallest = permutations.get("SmallestP")
    # As a figure's voxels pass: a p of exactly the level does.
    if smallest is None or smallest <= level * (1 + 1e-6):
        return None
    if permutations["Exact"]:
        subjects = (about.get("SubjectsSummarised") or about)["NumberOfSubjects"]
        who = f"{subjects} subjects"
    else:
        who = f"{permutations['Number']} permutations"
    factor = permutations.get("BonferroniFactor", 1)
    corrected = f" with a correction over {factor} families" if factor > 1 else ""
    return f"{who}{corrected} allow no p below {min(smallest, 1):.3g}: nothing can pass {level:g}."
