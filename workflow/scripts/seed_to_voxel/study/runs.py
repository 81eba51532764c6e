"""From the config's dataset to its runs."""

import os
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from typing import Any

from ..base import tables
from ..base.errors import InputError
from ..base.files import check_name, check_present
from . import fmriprep, nki_surface, repetition_times
from .bids import CIFTI, ENTITIES, GIFTI, OPTIONAL, Run, check_label, on_surface, sidecar_of, sidecar_there

INPUTS = "results/inputs"
"""Where runs that the workflow makes or fetches are put, unless it is another one's module."""

MNI = "MNI152NLin2009cAsym"


def simulated_runs(participants: int, sessions: int = 1, inputs: str = INPUTS, space: str = MNI) -> Iterator[Run]:
    """Runs of the simulated cohort, in fMRIPrep's names.

    Parameters
    ----------
    participants : int
        How many; labelled ``01``, ``02`` and so on.
    sessions : int
        Of each participant, a run each; labelled in the same way where there are several.
    inputs : str
        Where runs are put that the workflow makes itself.
    space : str
        `MNI`, or ``fsaverage5`` for the cortical surface.
    """
    for position in range(1, participants + 1):
        for number in range(1, sessions + 1):
            subject = f"{position:02d}"
            session = f"{number:02d}" if sessions > 1 else None
            folder = f"{inputs}/simulated/sub-{subject}/" + (f"ses-{session}/func" if session else "func")
            stem = f"{folder}/sub-{subject}" + (f"_ses-{session}" if session else "") + "_task-rest"
            if space == MNI:
                bold, right = f"{stem}_space-{MNI}_desc-preproc_bold.nii.gz", None
                mask = f"{stem}_space-{MNI}_desc-brain_mask.nii.gz"
            else:
                bold, right = (f"{stem}_hemi-{hemisphere}_space-{space}_bold{GIFTI}" for hemisphere in "LR")
                mask = None
            yield Run(
                subject=subject,
                session=session,
                task="rest",
                space=space,
                bold=bold,
                bold_right=right,
                mask=mask,
                confounds=f"{stem}_desc-confounds_timeseries.tsv",
                sidecar=sidecar_of(bold),
                source=f"dataset.simulated, participant {position}" + (f", session {number}" if session else ""),
            )


def everybody() -> list[str]:
    """Labels of all participants of development_fmri: 122 children and 33 adults."""
    return [f"pixar{number:03d}" for number in range(1, 156)]


def development_fmri_runs(participants: Sequence[str] | str, inputs: str = INPUTS) -> Iterator[Run]:
    """Runs of nilearn's development_fmri dataset that the config asks for.

    Parameters
    ----------
    participants : sequence of str, or "all"
        Such as ``pixar123``.
    inputs : str
        Where runs are put that the workflow fetches.
    """
    for participant in everybody() if isinstance(participants, str) else participants:
        subject = check_label(participant.removeprefix("sub-"), "dataset.development_fmri.participants")
        folder = f"{inputs}/development_fmri/sub-{subject}/func"
        yield Run(
            subject=subject,
            task="pixar",
            space=MNI,
            bold=f"{folder}/sub-{subject}_task-pixar_space-{MNI}_desc-preproc_bold.nii.gz",
            confounds=f"{folder}/sub-{subject}_task-pixar_desc-confounds_regressors.tsv",
            t_r=2.0,
            source=f"dataset.development_fmri.participants, {participant!r}",
        )


def nki_surface_runs(participants: Sequence[str] | str, inputs: str = INPUTS) -> Iterator[Run]:
    """Runs of nilearn's NKI dataset on the cortical surface that the config asks for.

    Parameters
    ----------
    participants : sequence of str, or "all"
        Such as ``A00028185``.
    inputs : str
        Where runs are put that the workflow fetches.

    Raises
    ------
    InputError
        If the dataset has no such participant.
    """
    for participant in nki_surface.PARTICIPANTS if isinstance(participants, str) else participants:
        subject = nki_surface.check_participant(participant)
        left, right = (nki_surface.bold(subject, inputs, hemisphere) for hemisphere in "LR")
        yield Run(
            subject=subject,
            task="rest",
            space="fsaverage5",
            bold=left,
            bold_right=right,
            t_r=nki_surface.T_R,
            source=f"dataset.nki_surface.participants, {participant!r}",
        )


def table_runs(path: str | PathLike[str]) -> Iterator[Run]:
    """Runs that a table declares, a run a row.

    Parameters
    ----------
    path : str or path-like
        A tab-separated table ``subject session task run space bold mask confounds t_r``; all but
        ``subject``, ``task``, ``space`` and ``bold`` may be empty or left out, and the other entities
        of `bids.ENTITIES` may be columns too. ``bold_left`` and ``bold_right`` stand for ``bold`` where a run has a
        GIFTI file for each hemisphere. Files are absolute, or relative to the working directory.

    Raises
    ------
    InputError
        If a label cannot be used, a file is missing, or t_r is no positive number of seconds.
    """
    pairs = "bold_left" in (tables.cells(path) or [[]])[0]
    required = ("subject", "task", "space", *(() if pairs else ("bold",)))
    optional = (*(("bold",) if pairs else ()), "bold_left", "bold_right", *OPTIONAL, "mask", "confounds", "t_r")
    for where, row in tables.read(path, required, optional):
        labels = {
            entity: check_label(row[entity].removeprefix(f"{key}-"), f"{where}, column {entity!r}")
            for entity, key in ENTITIES.items()
            if not (entity in OPTIONAL and row[entity] is None)
        }
        _check_form(where, row)
        for column in ("bold", "bold_left", "bold_right", "mask", "confounds"):
            check_name(row[column] or "", f"{where}, column {column!r}")
            if row[column] is not None and not os.path.isfile(row[column]):
                if os.path.islink(row[column]):
                    check_present(row[column])
                raise InputError(
                    f"{where}, column {column!r}: no such file: {row[column]} (looked for from {os.getcwd()}); "
                    "expected a path that is absolute or relative to the working directory"
                )
        t_r = None
        if row["t_r"] is not None:
            t_r = tables.number(row["t_r"], where, "t_r", "seconds")
            if t_r <= 0:
                raise InputError(f"{where}: t_r is {row['t_r']}; expected more than 0 seconds")
            repetition_times.check(t_r, f"{where}: t_r")
        yield Run(
            **labels,
            bold=row["bold"] or row["bold_left"],
            bold_right=row["bold_right"],
            mask=row["mask"],
            confounds=row["confounds"],
            sidecar=sidecar_there(row["bold"] or row["bold_left"]),
            confounds_sidecar=sidecar_there(row["confounds"]),
            t_r=t_r,
            source=where,
        )


def _check_form(where: str, row: Mapping[str, Any]) -> None:
    """Refuse a row whose images are of no form, or of two."""
    pair = [column for column in ("bold_left", "bold_right") if row[column] is not None]
    if len(pair) == 1:
        raise InputError(
            f"{where}: has {pair[0]} alone; expected the other hemisphere too (bold_left and bold_right), as a run on "
            "the cortical surface has both"
        )
    if bool(pair) == (row["bold"] is not None):
        raise InputError(
            f"{where}: has {'bold and both hemispheres' if pair else 'no image'}; expected either bold (an image, or a "
            ".dtseries.nii), or bold_left and bold_right (.func.gii)"
        )
    if pair:
        for column in pair:
            if not row[column].endswith(".gii"):
                raise InputError(f"{where}, column {column!r}: found {row[column]}; expected a .func.gii file")
        if row["bold_left"] == row["bold_right"]:
            raise InputError(f"{where}: bold_left and bold_right are one file, {row['bold_left']}; expected two")
    elif not row["bold"].endswith((".nii", ".nii.gz")):
        raise InputError(f"{where}, column 'bold': found {row['bold']}; expected a .nii or .nii.gz image")
    cortical = pair or row["bold"].endswith(CIFTI)
    if cortical and row["mask"] is not None:
        raise InputError(
            f"{where}: has a mask, and a run on the cortical surface needs none: vertices without a value (the medial "
            "wall) are left out by themselves; expected n/a"
        )
    if bool(cortical) != on_surface(row["space"]):
        raise InputError(
            f"{where}: its space is {row['space']}, and its image is {row['bold'] or row['bold_left']}; expected "
            "fsaverage5, fsaverage6, fsaverage or fsLR for .func.gii and .dtseries.nii files, and for these alone"
        )


def find_runs(dataset: Mapping[str, Any], inputs: str = INPUTS) -> list[Run]:
    """List the runs of a dataset.

    Parameters
    ----------
    dataset : dict
        The config's ``dataset``, validated.
    inputs : str
        Where runs are put that the workflow makes or fetches.

    Returns
    -------
    list of Run
    """
    kind = dataset["kind"]
    options = dataset[kind]
    if kind == "simulated":
        return list(simulated_runs(options["participants"], options["sessions"], inputs, options["space"]))
    if kind == "development_fmri":
        return list(development_fmri_runs(options["participants"], inputs))
    if kind == nki_surface.KIND:
        return list(nki_surface_runs(options["participants"], inputs))
    if kind == "fmriprep":
        return list(fmriprep.find_runs(**options))
    return list(table_runs(options["runs"]))
