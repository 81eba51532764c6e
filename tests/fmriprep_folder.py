"""Folders of derivatives in fMRIPrep's exact naming, empty for discovery or with simulated runs."""

import json

import numpy
import pandas

from seed_to_voxel.inputs import simulation

MNI = "MNI152NLin2009cAsym"
VERSION_OF_OLD_NAMES = (20, 1)


def stem(**labels):
    """BIDS names: `stem(sub="01", task="rest")` is `sub-01_task-rest`."""
    return "_".join(f"{key}-{label}" for key, label in labels.items() if label is not None)


def full_confounds(run):
    """A simulated run's confounds with all the columns that fMRIPrep computes from them."""
    table = pandas.DataFrame(run.confounds)
    for name in (*simulation.MOTION, "csf", "white_matter", "global_signal"):
        table[f"{name}_derivative1"] = table[name].diff()
        table[f"{name}_power2"] = table[name] ** 2
        table[f"{name}_derivative1_power2"] = table[f"{name}_derivative1"] ** 2
    for k in range(4):
        table[f"w_comp_cor_{k:02d}"] = numpy.roll(table[f"a_comp_cor_{k:02d}"], 7)
        table[f"c_comp_cor_{k:02d}"] = numpy.roll(table[f"a_comp_cor_{k:02d}"], 13)
        table[f"t_comp_cor_{k:02d}"] = numpy.roll(table[f"a_comp_cor_{k:02d}"], 17)
    return table


def compcor_metadata(table):
    """What fMRIPrep says of CompCor components in the JSON file beside the confounds."""
    masks = {"a": "combined", "w": "WM", "c": "CSF", "t": None}
    described = {}
    for name in table.columns:
        if "_comp_cor_" in name:
            mask = masks[name[0]]
            described[name] = {"Method": "aCompCor" if mask else "tCompCor", "Retained": True}
            if mask:
                described[name]["Mask"] = mask
    return described


def write_run(
    root,
    sub,
    ses=None,
    task="rest",
    acq=None,
    direction=None,
    run=None,
    echo=None,
    space=MNI,
    res=None,
    desc="preproc",
    version=(23, 1),
    simulated=None,
    dummies=0,
    confounds=None,
):
    """Write what fMRIPrep leaves of a run; with no simulated run the files hold one byte.

    Up to version 20.1 confounds are `regressors`; later they are `timeseries`.
    """
    func = root / f"sub-{sub}" / ("" if ses is None else f"ses-{ses}") / "func"
    func.mkdir(parents=True, exist_ok=True)
    own = {"sub": sub, "ses": ses, "task": task, "acq": acq, "dir": direction, "run": run}
    native = stem(**own)
    image = stem(**own, echo=echo, space=space, res=res)
    suffix = "regressors" if version <= VERSION_OF_OLD_NAMES else "timeseries"
    paths = {
        "bold": func / f"{image}_desc-{desc}_bold.nii.gz",
        "sidecar": func / f"{image}_desc-{desc}_bold.json",
        "mask": func / f"{stem(**own, space=space, res=res)}_desc-brain_mask.nii.gz",
        "confounds": func / f"{native}_desc-confounds_{suffix}.tsv",
        "confounds_json": func / f"{native}_desc-confounds_{suffix}.json",
    }
    others = [
        f"{native}_from-T1w_to-scanner_mode-image_xfm.txt",
        f"{stem(**own, space=space, res=res)}_boldref.nii.gz",
        f"{native}_desc-hmc_boldref.nii.gz",
        f"{native}_space-fsLR_den-91k_bold.dtseries.nii",
        f"{native}_hemi-L_space-fsaverage5_bold.func.gii",
    ]
    for name in others:
        (func / name).write_bytes(b"\0")
    paths["sidecar"].write_text(json.dumps({"RepetitionTime": 2.0, "SkullStripped": False, "TaskName": task}))
    if simulated is None:
        for name in ("bold", "mask", "confounds", "confounds_json"):
            paths[name].write_bytes(b"\0")
        return paths
    table = full_confounds(simulated) if confounds is None else confounds
    for k in range(dummies):
        table[f"non_steady_state_outlier{k:02d}"] = numpy.eye(len(table), dtype=int)[:, k]
    simulated.bold.to_filename(paths["bold"])
    simulated.mask.to_filename(paths["mask"])
    table.to_csv(paths["confounds"], sep="\t", index=False, na_rep="n/a", float_format="%.9g")
    paths["confounds_json"].write_text(json.dumps(compcor_metadata(table)))
    return paths


def write_dataset(root, subjects=()):
    """Write what fMRIPrep puts at a folder's top."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "dataset_description.json").write_text(
        json.dumps(
            {
                "Name": "fMRIPrep - fMRI PREProcessing workflow",
                "BIDSVersion": "1.4.0",
                "DatasetType": "derivative",
                "GeneratedBy": [{"Name": "fMRIPrep", "Version": "23.1.4"}],
            }
        )
    )
    for subject in subjects:
        (root / f"sub-{subject}.html").write_text("<html></html>")
    if subjects:
        rows = pandas.DataFrame(
            {"participant_id": [f"sub-{s}" for s in subjects], "age": range(20, 20 + len(subjects))}
        )
        rows.to_csv(root / "participants.tsv", sep="\t", index=False)
        (root / "participants.json").write_text(json.dumps({"age": {"Units": "years"}}))
