"""The published example's data, nilearn's development_fmri: its participants, keys, file names and receipts.

The keys are in a table inside nilearn's wheel, which is found without importing nilearn.
"""

import csv
import difflib
import importlib.util
import os
from collections.abc import Mapping
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from . import download, records
from .download import Source, obtain
from .records import Held

BASE_URL = "https://osf.io/download"
# nilearn's own names, so that its folder and ours are interchangeable.
FILE_NAMES = {
    "bold": "{}_task-pixar_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz",
    "confounds": "{}_task-pixar_desc-confounds_regressors.tsv",
}
PARTICIPANTS_KEY = "yr3av"
PARTICIPANTS_NAME = "participants.tsv"
KEY_COLUMNS = {"bold": "key_b", "confounds": "key_r"}
# Where nilearn has put the files below the folder its users name: now, and in older versions.
SUBFOLDERS = ("", "development_fmri", "development_fmri/development_fmri")


def read_keys(table: str | PathLike[str] | None = None) -> dict[str, dict[str, str]]:
    """Read the download keys of all participants.

    Parameters
    ----------
    table : str or path-like, optional
        A table with columns participant_id, key_r, key_b; the one inside nilearn by default.

    Returns
    -------
    dict of str to dict
        Participant (``sub-pixar001``) to ``{"bold": key, "confounds": key}``, in the table's order.

    Raises
    ------
    InputError
        When the table is not there.
    """
    table = nilearn_table() if table is None else Path(table)
    try:
        with table.open(newline="", encoding="utf-8") as file:
            return {
                row["participant_id"]: {kind: row[column] for kind, column in KEY_COLUMNS.items()}
                for row in csv.DictReader(file)
            }
    except (OSError, KeyError) as error:
        raise InputError(
            f"{table}: the download keys of development_fmri (columns participant_id, key_r, key_b) cannot "
            f"be read ({error}); install nilearn 0.14.1, which ships them."
        ) from error


def nilearn_table() -> Path:
    """Locate nilearn's table of keys without importing nilearn."""
    spec = importlib.util.find_spec("nilearn")
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            "The download keys of development_fmri come with nilearn, which is not installed here; "
            "install nilearn 0.14.1."
        )
    return Path(spec.submodule_search_locations[0]) / "datasets" / "data" / "development_fmri.csv"


def full_name(participant: str) -> str:
    """Put ``sub-`` before a participant's label if it is not there."""
    return participant if participant.startswith("sub-") else f"sub-{participant}"


def sources(participant: str, base_url: str = BASE_URL, keys: dict[str, dict[str, str]] | None = None) -> list[Source]:
    """List the two files of one participant.

    Parameters
    ----------
    participant : str
        Such as ``sub-pixar123``; ``sub-`` may be left out.
    base_url : str
        What stands before ``/<key>/``, with or without a slash at its end.
    keys : dict, optional
        As `read_keys` returns them.

    Returns
    -------
    list of Source
        The BOLD series and the full confounds table, as served.

    Raises
    ------
    InputError
        When the participant is not in the dataset, or the base URL is no HTTP address.
    """
    base_url = download.checked_url(base_url)
    keys = read_keys() if keys is None else keys
    name = full_name(participant)
    if name not in keys:
        close = difflib.get_close_matches(name, keys, n=3)
        hint = f"; close to it: {', '.join(close)}" if close else ""
        raise InputError(
            f"participant {participant!r} is not in development_fmri, which has {len(keys)} participants, "
            f"{min(keys)} to {max(keys)}{hint}. Correct the list of participants in the config."
        )
    return [Source(kind, FILE_NAMES[kind].format(name), f"{base_url}/{keys[name][kind]}/") for kind in FILE_NAMES]


def fetch_participant(
    participant: str, data_dir: str | PathLike[str], base_url: str = BASE_URL, retries: int = 5
) -> dict[str, Held]:
    """Make sure that the files of one participant are on disk and are what they were.

    Parameters
    ----------
    participant : str
        Such as ``sub-pixar123``.
    data_dir : str or path-like
        Where the files are kept; made if need be. nilearn's own folder will do.
    base_url : str
        What stands before ``/<key>/``.
    retries : int
        Further attempts after the first that failed, per file.

    Returns
    -------
    dict of str to Held
        ``bold`` and ``confounds``.

    Raises
    ------
    InputError
        Unknown participant, unusable folder, a file that has changed, or a host that does not deliver.
    """
    data_dir = Path(os.path.abspath(Path(data_dir).expanduser()))
    return {source.kind: obtain(source, data_dir, SUBFOLDERS, retries) for source in sources(participant, base_url)}


def fetch_participants(data_dir: str | PathLike[str], base_url: str = BASE_URL, retries: int = 5) -> Held:
    """Make sure that the table of all participants is on disk and is what it was; see `fetch_participant`."""
    data_dir = Path(os.path.abspath(Path(data_dir).expanduser()))
    source = Source("participants", PARTICIPANTS_NAME, f"{base_url.rstrip('/')}/{PARTICIPANTS_KEY}/")
    return obtain(source, data_dir, SUBFOLDERS, retries)


def receipt(participant: str, files: Mapping[str, Held], date: datetime) -> dict[str, Any]:
    """Describe where one participant's files came from.

    Parameters
    ----------
    participant : str
    files : dict of str to Held
    date : datetime.datetime
        The time of the check, with its zone.

    Returns
    -------
    dict
        See `records.receipt`.
    """
    return records.receipt("development_fmri", files, date, participant=full_name(participant))
