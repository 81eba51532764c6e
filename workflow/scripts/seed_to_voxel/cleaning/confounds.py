"""Confounds tables and the columns that a cleaning removes."""

import os
import shutil
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from ..base.errors import InputError

COMPONENTS_OF = {
    "motion": ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"),
    "wm_csf": ("csf", "white_matter"),
    "global_signal": ("global_signal",),
}
"""Columns that nilearn's noise components expand by a model."""

MODELS = {
    "basic": ("",),
    "power2": ("", "_power2"),
    "derivatives": ("", "_derivative1"),
    "full": ("", "_derivative1", "_power2", "_derivative1_power2"),
}
"""Endings of the columns of each model, as in nilearn."""


def resolve(wanted, scrubbing):
    """Spell out what a config asks of the confounds: nilearn's strategies with all their options.

    Parameters
    ----------
    wanted : list of str, str or dict
        The config's ``operators.confounds``: columns, a strategy's name, or a strategy with options.
    scrubbing : dict
        The config's ``operators.scrubbing``.

    Returns
    -------
    strategy : dict or None
        ``name`` (None for a list of components), ``strategy`` (noise components) and their
        options, as `nilearn.interfaces.fmriprep.load_confounds` takes them; None for columns.
    scrubbing : dict
        With the strategy ``scrubbing``, thresholds that are not set are nilearn's.

    Raises
    ------
    InputError
        If an option has no meaning for the strategy.
    """
    if isinstance(wanted, list):
        return None, dict(scrubbing)
    from nilearn.interfaces.fmriprep.load_confounds_strategy import preset_strategies

    options = {"strategy": wanted} if isinstance(wanted, str) else dict(wanted)
    chosen = options.pop("strategy")
    global_signal = options.pop("global_signal", None)
    scrubbing = dict(scrubbing)
    if isinstance(chosen, str):
        preset = dict(preset_strategies[chosen])
        preset.pop("demean")
        preset.pop("global_signal")
        components = [name for name in preset.pop("strategy") if name != "scrub"]
        if chosen == "scrubbing":
            preset.pop("scrub")
            for name in ("fd_threshold", "std_dvars_threshold"):
                value = preset.pop(name)
                scrubbing[name] = value if scrubbing[name] is None else scrubbing[name]
        name = chosen
    else:
        name, components = None, list(chosen)
        defaults = {
            "motion": "full",
            "wm_csf": "basic",
            "compcor": "anat_combined",
            "n_compcor": "all",
            "ica_aroma": "full",
        }
        used = {*components, *(["n_compcor"] if "compcor" in components else [])}
        preset = {key: value for key, value in defaults.items() if key in used}
        if "global_signal" in components:
            components.remove("global_signal")
            global_signal = global_signal or "basic"
        if "compcor" in components and "high_pass" not in components:
            raise InputError(
                "cleaning.confounds.strategy has compcor without high_pass; expected both, since fMRIPrep computes "
                "CompCor after a high-pass filter with the cosine columns"
            )
    # nilearn's preset is for images that are denoised already, whatever the option says.
    fixed = {"ica_aroma"} if isinstance(chosen, str) else set()
    idle = [key for key in options if key not in preset or key in fixed]
    if idle:
        raise InputError(
            f"cleaning.confounds: {', '.join(idle)} has no meaning for the strategy {chosen!r}; expected "
            f"{', '.join([*(key for key in preset if key not in fixed), 'global_signal'])}"
        )
    strategy = {"name": name, "strategy": components, **preset, **options}
    if global_signal:
        strategy["strategy"].append("global_signal")
        strategy["global_signal"] = global_signal
    return strategy, scrubbing


def choose_columns(path, wanted, bold):
    """Find the columns of a confounds table that a cleaning removes.

    Parameters
    ----------
    path : str or path-like
        The confounds table; its JSON file beside it is read for CompCor.
    wanted : list of str or dict
        Names and patterns (``*`` for any text), or a strategy from `resolve`.
    bold : str or path-like
        The run, whose name says whether ICA-AROMA has denoised it.

    Returns
    -------
    list of str
        For names and patterns in the order given, else as nilearn sorts them.

    Raises
    ------
    InputError
        If a column or a pattern's columns are not there.
    """
    header = read_header(path)
    if isinstance(wanted, dict):
        return _strategy_columns(path, header, wanted, bold)
    columns = []
    for name in wanted:
        found = [column for column in header if fnmatchcase(column, name)] if "*" in name else [name]
        if not found:
            raise InputError(f"{path}: no column matches {name!r} of cleaning.confounds; it has {', '.join(header)}")
        columns += [column for column in found if column not in columns]
    return columns


def read_header(path):
    """Names of the columns of a table.

    Raises
    ------
    InputError
        If there is no such table.
    """
    try:
        with open(path, encoding="utf-8-sig") as table:
            return table.readline().rstrip("\r\n").split("\t")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected a table of confounds") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: cannot be read as a tab-separated table ({error})") from error


def _strategy_columns(path, header, strategy, bold):
    """Ask nilearn which columns a strategy takes."""
    import warnings

    from nilearn.interfaces.fmriprep import load_confounds

    parameters = {key: value for key, value in strategy.items() if key != "name"}
    title = strategy["name"] or "+".join(strategy["strategy"])
    expected = [
        f"{column}{ending}"
        for component, columns in COMPONENTS_OF.items()
        if component in strategy["strategy"]
        for column in columns
        for ending in MODELS[strategy[component]]
    ]
    absent = [name for name in expected if name not in header]
    for component, text in {"compcor": "comp_cor", "ica_aroma": "aroma"}.items():
        needed = component in strategy["strategy"] and strategy.get("ica_aroma") != "full"
        if needed and not any(text in name for name in header):
            absent.append({"compcor": "a_comp_cor_00, ...", "ica_aroma": "aroma_motion_01, ..."}[component])
    if absent:
        raise InputError(
            f"{path}: the strategy {title!r} of cleaning.confounds needs the column"
            f"{'s' * (len(absent) > 1)} {', '.join(absent)}, which {'are' if len(absent) > 1 else 'is'} not there; it "
            f"has {', '.join(header)}. Choose another strategy or other options, or name columns"
        )
    denoised = "desc-smoothAROMAnonaggr" in Path(bold).name
    if strategy.get("ica_aroma") == "full" and not denoised:
        raise InputError(
            f"{bold}: not denoised by ICA-AROMA, which the strategy {title!r} of cleaning.confounds expects; set "
            "dataset.fmriprep.desc to smoothAROMAnonaggr (fMRIPrep up to 23.1), or the option ica_aroma to basic in a "
            "list of components"
        )
    sidecar = Path(path).with_suffix(".json")
    if "compcor" in strategy["strategy"] and not sidecar.is_file():
        raise InputError(
            f"{sidecar}: no such file; the strategy {title!r} of cleaning.confounds needs it, as it says which mask "
            "each CompCor component is from (fMRIPrep 1.4 and later write it)"
        )
    # nilearn finds the table by the image's name, which a table of runs need not follow: it is given such names.
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        desc = "smoothAROMAnonaggr" if strategy.get("ica_aroma") == "full" else "preproc"
        image = Path(folder, f"sub-0_task-0_desc-{desc}_bold.nii.gz")
        image.touch()
        shutil.copyfile(path, Path(folder, "sub-0_task-0_desc-confounds_timeseries.tsv"))
        if sidecar.is_file():
            shutil.copyfile(sidecar, Path(folder, "sub-0_task-0_desc-confounds_timeseries.json"))
        try:
            values, _ = load_confounds(os.fspath(image), **parameters, demean=False)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise InputError(
                f"{path}: nilearn cannot take the strategy {title!r} of cleaning.confounds from it ({error}); it has "
                f"the columns {', '.join(header)}"
            ) from error
    return list(values.columns)


def read_confounds(path, columns, n_volumes):
    """Read some columns of a confounds table.

    Parameters
    ----------
    path : str or path-like
        Tab-separated, with a header, a row a volume, ``n/a`` or empty where there is no value.
    columns : sequence of str
        Names of the columns, in the order they are wanted.
    n_volumes : int
        Volumes of the run.

    Returns
    -------
    values : numpy.ndarray of float64, shape (n_volumes, n_columns)
    filled : list of str
        Columns whose first row had no value (derivatives have none there) and was given the second
        row's, as nilearn's ``load_confounds`` does.

    Raises
    ------
    InputError
        If a column is missing, the number of rows is wrong, or a value is missing or no number.
    """
    import pandas

    try:
        table = pandas.read_csv(path, sep="\t", na_values=["n/a"], dtype=object, keep_default_na=True)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected a table of confounds") from None
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a tab-separated table ({error})") from error
    absent = [name for name in columns if name not in table.columns]
    if absent:
        raise InputError(
            f"{path}: lacks the confound {', '.join(map(repr, absent))} named in cleaning.confounds; it has "
            f"{', '.join(map(str, table.columns))}"
        )
    if len(table) != n_volumes:
        raise InputError(
            f"{path}: found {len(table)} rows of confounds, expected {n_volumes}, one for each volume of the run"
        )
    chosen = table[list(columns)]
    numbers = chosen.apply(pandas.to_numeric, errors="coerce")
    values = numbers.to_numpy(dtype=float, copy=True)
    spoilt = ~np.isfinite(values)
    # Only an honest gap in the first row is filled: text there is a mistake to be told.
    gaps = chosen.isna().to_numpy()
    first = spoilt[0] & gaps[0]
    if n_volumes > 1:
        values[0, first] = values[1, first]
        spoilt[0, first] = spoilt[1, first]
    if spoilt.any():
        row, column = np.argwhere(spoilt)[0]
        raise InputError(
            f"{path}, row {row + 1}, column {columns[column]!r}: found {chosen.iloc[row, column]!r}, expected a finite "
            f"number ({int(spoilt.sum())} such cells in all; only a gap in the first row is filled by itself)"
        )
    return values, [name for name, gap in zip(columns, first, strict=True) if gap]
