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


def check(steps: Sequence[Step], digests: Mapping[str, str]) -> list[str]:
    """Refuse inputs that were replaced since jobs read them; Snakemake does not notice those with an older time.

    Where Snakemake has kept the SHA-256 of an input, that is compared. Of others, the time of their last change is a
    hint and no more: it moves, too, where a file is moved, copied back or given other permissions.

    Parameters
    ----------
    steps : sequence of seed_to_voxel.base.steps.Step
    digests : dict of str to str
        SHA-256 of the inputs as they are now.

    Returns
    -------
    list of str
        What cannot be told of some, a sentence.

    Raises
    ------
    InputError
        If the content of one is another.
    """
    made = {path for step in steps for path in step.made}
    replaced: dict[str, str] = {}
    later: dict[str, str] = {}
    rules: dict[str, None] = {}
    for step in steps:
        for path in step.taken:
            if path in made or path not in digests:
                continue
            if recorded := step.sums.get(path):
                if recorded != digests[path]:
                    replaced.setdefault(
                        path, f"expected the SHA-256 {recorded}, as {step.rule} read it, found {digests[path]}"
                    )
                    rules[step.rule] = None
            elif step.began is not None and path not in later and (changed := changed_at(path)) > step.began:
                later[path] = (
                    f"{step.rule} began to read it at {_told(step.began)}, and it was changed at {_told(changed)}"
                )
    if replaced:
        first = next(iter(replaced))
        raise InputError(
            f"{first}: {replaced[first]}{_others(replaced, 'inputs')}; the results are of what was there before. Run "
            f"the jobs anew: the same command with --forcerun {' '.join(rules)}"
        )
    if not later:
        return []
    first = next(iter(later))
    return [
        f"{first}: {later[first]}{_others(later, 'inputs')}. It may only have been moved, copied back or given other "
        "permissions; if its content is another, its results are of what was there before: run its jobs anew "
        "(--forcerun extract_seeds extract_voxels)."
    ]


def _others(told: Mapping[str, str], what: str) -> str:
    """How many more there are, and the first of them."""
    return f" (and {len(told) - 1} {what} more: {', '.join(list(told)[1:6])})" if len(told) > 1 else ""


def _told(time: float) -> str:
    return datetime.fromtimestamp(time).isoformat(" ", "seconds")
