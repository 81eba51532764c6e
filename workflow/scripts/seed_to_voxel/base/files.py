"""Files that are there by name only: placeholders, broken links, empty ones."""

import os
import re

from .errors import InputError

ANNEX_POINTER = 1024
"""An unlocked git-annex file whose content is absent is a short text; it has fewer bytes than this."""


PUT_IN = re.compile(r"[{}]|<[A-Za-z_]\w*>")
"""What Snakemake takes for a wildcard, or for a variable of paths."""


def check_name(path: str, where: str) -> None:
    """Refuse a path that Snakemake would change.

    Parameters
    ----------
    path : str
    where : str
        Who names it, for the message.

    Raises
    ------
    InputError
    """
    if found := PUT_IN.search(path):
        raise InputError(
            f"{where}: the path {path} holds {found[0]!r}, which Snakemake takes for a name to put in; rename the "
            "file or folder, or make a link to it by another name"
        )


def check_present(path: str) -> None:
    """Refuse a file whose name is there but whose content is not.

    Parameters
    ----------
    path : str

    Raises
    ------
    InputError
        If the file is a git-annex placeholder that has not been downloaded, a broken link, or empty.
    """
    try:
        size = os.stat(path).st_size
    except OSError:
        target = os.readlink(path) if os.path.islink(path) else None
        if target is None:
            raise InputError(f"{path}: cannot be opened; expected a readable file") from None
        if "annex/objects" in target.replace(os.sep, "/"):
            raise InputError(_not_downloaded(path)) from None
        raise InputError(
            f"{path}: a broken link to {target}; is the disk mounted, or has the file been moved?"
        ) from None
    if size == 0:
        raise InputError(f"{path}: the file is empty; copy or download it again")
    if size < ANNEX_POINTER:
        with open(path, "rb") as file:
            if b"annex/objects" in file.read():
                raise InputError(_not_downloaded(path))


def _not_downloaded(path: str) -> str:
    return (
        f"{path}: not downloaded yet: this is a git-annex placeholder without its content; get it with "
        f"'datalad get {path}' (or 'git annex get') first"
    )
