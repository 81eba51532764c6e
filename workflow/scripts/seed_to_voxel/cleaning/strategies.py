"""Which columns of an fMRIPrep table a strategy takes, as nilearn's `load_confounds` does.

nilearn finds a table by its image's name and reads it itself; what it then chooses are columns by their names, which is
done here on the table that has been read. Tests hold it against nilearn.
"""

from pathlib import Path

from ..base.errors import InputError
from ..study.strategies import COLUMNS, check_denoised, compcor_masks, instead, modelled, title_of
from .confounds import Confounds


def columns_of(table: Confounds, strategy: dict, bold: str) -> list[str]:
    """Find the columns that a strategy removes.

    Parameters
    ----------
    table : Confounds
    strategy : dict
        From `study.strategies.resolve`.
    bold : str
        Name of the run's file, which says whether ICA-AROMA has denoised it.

    Returns
    -------
    list of str
        Sorted, as nilearn does.

    Raises
    ------
    InputError
        If a column that the strategy needs is not there, or the run is not denoised where that is expected.
    """
    title = title_of(strategy)
    check_denoised(strategy, bold)
    wanted: list[str] = []
    absent: list[str] = []
    for component in strategy["strategy"]:
        if component in COLUMNS:
            names = modelled(component, strategy[component])
        elif component == "high_pass":
            # A run may be too short for a cosine.
            names = [name for name in table.header if "cosine" in name]
        elif component == "compcor":
            names = _compcor(table, strategy, title)
        else:
            aroma = [name for name in table.header if "aroma" in name]
            names = [] if strategy["ica_aroma"] == "full" else aroma or ["aroma_motion_01, ..."]
        wanted += names
        absent += [name for name in names if name not in table.header]
    if absent:
        raise InputError(
            f"{table.path}: the strategy {title!r} of cleaning.confounds needs the column"
            f"{'s' * (len(absent) > 1)} {', '.join(absent)}, which {'are' if len(absent) > 1 else 'is'} not there; "
            + instead(strategy, table.header)
        )
    return sorted(set(wanted))


def _compcor(table: Confounds, strategy: dict, title: str) -> list[str]:
    """Columns of CompCor, the first ones of each mask."""
    kind, count = strategy["compcor"], strategy["n_compcor"]
    masks = compcor_masks(kind)
    example = f"{next(iter(masks))}_comp_cor_00, ..."
    if not any("comp_cor" in name for name in table.header):
        return [example]
    if table.described is None:
        raise InputError(
            f"{Path(table.path).with_suffix('.json')}: no such file; the strategy {title!r} of cleaning.confounds "
            "needs it, as it says which mask each CompCor component is from (fMRIPrep 1.4 and later write it)"
        )
    chosen: list[str] = []
    for prefix, parts in masks.items():
        names = [name for name in table.described if name.startswith(f"{prefix}_comp_cor")]
        # By number, which has two digits or, for large ones, more.
        names.sort(key=lambda name: (len(name), name))
        groups = (
            [names]
            if parts is None
            else [[name for name in names if table.described[name].get("Mask") == part] for part in parts]
        )
        for group in groups:
            chosen += group if count == "all" else group[:count]
    return chosen or [example]
