"""Whether the files that a study was made from are still those that its jobs read."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ..base.errors import InputError
from ..base.steps import Step


def changed_at(path: str | os.PathLike) -> float:
    """When a file was changed, put where it is, or pointed to by another link; seconds since 1970.

    Other than the time of its content, which `rsync -a` and `cp -p` take along, nobody sets this one back.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    float
        The latest ctime of the file and of the links on the way to it.
    """
    links = [one for one in (Path(path), *Path(path).parents) if one.is_symlink()]
    return max(os.stat(path).st_ctime, *(os.lstat(one).st_ctime for one in links), 0)


def check(steps: Sequence[Step], digests: Mapping[str, str]) -> None:
    """Refuse inputs that were replaced since jobs read them; Snakemake does not notice those with an older time.

    Where Snakemake has kept the SHA-256 of an input, that is compared, and else the time of its last change.

    Parameters
    ----------
    steps : sequence of seed_to_voxel.base.steps.Step
    digests : dict of str to str
        SHA-256 of the inputs as they are now.

    Raises
    ------
    InputError
    """
    made = {path for step in steps for path in step.made}
    times: dict[str, float] = {}
    told: dict[str, str] = {}
    rules: dict[str, None] = {}
    for step in steps:
        for path in step.taken:
            if path in made or path not in digests:
                continue
            if recorded := step.sums.get(path):
                said = f"expected the SHA-256 {recorded}, as {step.rule} read it, found {digests[path]}"
                replaced = recorded != digests[path]
            else:
                changed = times.setdefault(path, changed_at(path))
                replaced = step.began is not None and changed > step.began
                said = (
                    f"expected no change since {step.rule} began ({_told(step.began)}), found one at {_told(changed)}"
                )
            if replaced:
                told.setdefault(path, said)
                rules[step.rule] = None
    if told:
        first = next(iter(told))
        others = f" (and {len(told) - 1} inputs more: {', '.join(list(told)[1:6])})" if len(told) > 1 else ""
        raise InputError(
            f"{first}: {told[first]}{others}; the results are of what was there before. Run the jobs anew: the same "
            f"command with --forcerun {' '.join(rules)}"
        )


def _told(time: float | None) -> str:
    return "" if time is None else datetime.fromtimestamp(time).isoformat(" ", "seconds")
