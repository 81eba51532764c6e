"""Confounds tables and the columns that a cleaning removes."""

import numpy as np

from .errors import InputError


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
