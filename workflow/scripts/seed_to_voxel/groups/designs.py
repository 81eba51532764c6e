"""Designs: a row a subject, or a session of a subject, from the table of participants and the quality of the runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base import tables
from ..base.errors import InputError
from ..base.hints import meant
from ..base.tables import UNKNOWN
from ..study.groups import OWN_COLUMNS, PARTICIPANT, names_in

if TYPE_CHECKING:
    import pandas

MENTIONED = 5
"""Rows that a message names."""

TEXTS = ("subject", "session")
"""Columns that name something, even where their labels are numbers."""

TERM = r"[A-Za-z_][\w.]*(?:\([^)]*\))?(?:\[[^\]]*\])?"
"""What a column is called: ``age``, ``group[patient]``, ``C(site)[2]``."""

SAME = 1e-9
"""Share of the largest singular value below which a design's is zero."""


@dataclass(frozen=True)
class Design:
    """A model's design.

    Attributes
    ----------
    rows : list of str
        Names of the units, by subject and then by session.
    subjects : list of str
        Whose each row is.
    names : list of str
        Of the columns, such as ``Intercept``, ``age``, ``group[patient]``.
    matrix : numpy.ndarray of shape (n_rows, n_columns)
    terms : dict of str to list of int
        Which columns belong to each term of the formula.
    variance_groups : list of str or None
        Which variance each row has.
    left_out : list of (str, str)
        Units, and why each is in no row.
    notes : list of str
        What was done to the columns, a sentence each.
    values : pandas.DataFrame
        What the formula was evaluated over, as it was read.
    """

    rows: list[str]
    subjects: list[str]
    names: list[str]
    matrix: np.ndarray
    terms: dict[str, list[int]]
    variance_groups: list[str] | None
    left_out: list[tuple[str, str]]
    notes: list[str]
    values: pandas.DataFrame


def read_participants(lines: Sequence[Sequence[str]], path: str) -> dict[str, dict[str, str | None]]:
    """Rows of a table of participants by their labels.

    Parameters
    ----------
    lines : list of list of str
        Cells of the table, its header first.
    path : str
        For messages.

    Returns
    -------
    dict of str to dict
        None for an empty cell, ``n/a``, or what R and pandas write instead; labels without ``sub-``.

    Raises
    ------
    InputError
        If there is no column `PARTICIPANT`, or a participant is there twice.
    """
    header = [name.strip() for name in lines[0]] if lines else []
    if PARTICIPANT not in header:
        raise InputError(f"{path}: the header is {' '.join(header) or 'empty'}; expected a column {PARTICIPANT!r}")
    found: dict[str, dict[str, str | None]] = {}
    for number, line in enumerate(lines[1:], start=1):
        cells = {
            name: None if cell.strip().lower() in UNKNOWN else cell.strip()
            for name, cell in zip(header, line, strict=True)
        }
        label = (cells.pop(PARTICIPANT) or "").removeprefix("sub-")
        if label in found:
            raise InputError(
                f"{path}, row {number}: the participant {label!r} is there twice; expected a row a participant. What "
                "differs between sessions cannot stand in this table"
            )
        found[label] = cells
    return found


def gather(
    units: Sequence[Mapping[str, Any]], participants: Mapping[str, Mapping[str, str | None]] | None, used: set[str]
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """What is known of each unit, and which units cannot be in a model.

    Parameters
    ----------
    units : sequence of dict
        ``name``, ``subject``, ``session``, ``n_runs``, and ``mean_fd`` and ``nu`` where they are known.
    participants : dict or None
        From `read_participants`.
    used : set of str
        Columns that the model uses.

    Returns
    -------
    rows : list of dict
        The used columns and ``name``, ``subject``, ``session`` of each unit.
    left_out : list of (str, str)
        Name and reason.
    """
    rows, left_out = [], []
    of_table = used - set(OWN_COLUMNS) if participants is not None else set()
    for unit in units:
        own = {name: unit.get(name) for name in OWN_COLUMNS}
        if not unit["n_runs"]:
            left_out.append((unit["name"], "all its runs were refused for their quality"))
            continue
        if unit.get("without"):
            seeds = ", ".join(unit["without"])
            left_out.append((unit["name"], f"none of its runs has a map of {seeds} (cleaning.min_seed_coverage)"))
            continue
        if participants is not None and unit["subject"] not in participants:
            if of_table:
                left_out.append((unit["name"], "the participant has no row in the table of participants"))
                continue
            row = own
        else:
            row = {**(participants or {}).get(unit["subject"], {}), **{k: v for k, v in own.items() if v is not None}}
        empty = sorted(name for name in used if row.get(name) is None)
        if empty:
            left_out.append((unit["name"], f"no value in {', '.join(empty)}"))
            continue
        rows.append({**{name: row[name] for name in sorted(used)}, **{name: unit[name] for name in ("name", *TEXTS)}})
    return rows, left_out


def as_columns(rows: Sequence[Mapping[str, Any]]) -> pandas.DataFrame:
    """Rows as a table: numbers where all cells of a column are, except labels of `TEXTS`."""
    import pandas

    table = pandas.DataFrame(list(rows))
    for name in table.columns:
        if name in (*TEXTS, "name"):
            table[name] = table[name].astype(object)
            continue
        numbers = pandas.to_numeric(table[name], errors="coerce")
        if not np.isfinite(numbers).all():
            table[name] = table[name].astype(str)
        else:
            # Sites by number are called 1 and 2, not 1.0 and 2.0.
            table[name] = numbers.astype(int if (numbers % 1 == 0).all() else float)
    return table


def build(
    model: Mapping[str, Any],
    units: Sequence[Mapping[str, Any]],
    participants: Mapping[str, Mapping[str, str | None]] | None,
    excluded: Sequence[tuple[str, str]] = (),
) -> Design:
    """Build the design of a model.

    Parameters
    ----------
    model : dict
        From `study.groups.Model.described`.
    units, participants
        See `gather`.
    excluded : sequence of (str, str)
        Units none of whose runs was taken up, and why; see `study.groups.excluded_units`.

    Returns
    -------
    Design

    Raises
    ------
    InputError
        If nobody is left, a column has numbers and text, is constant or collinear with others, there are too many
        columns, a group has one member, or the formula cannot be read.
    """
    where = f"groups.models, {model['name']}"
    used = names_in(model["formula"]) | ({model["variance_groups"]} if model["variance_groups"] else set())
    rows, left_out = gather(units, participants, used)
    if "subject" in names_in(model["formula"]):
        rows, alone = _with_several(rows)
        left_out += [(name, "one row only, and the formula has a column for each subject") for name in alone]
    if len(rows) < 2:
        raise InputError(
            f"{where}: {len(rows)} of {len(units)} rows can be used; expected two at least. "
            + "; ".join(f"{name}: {why}" for name, why in left_out[:5])
        )
    _check_numbers(rows, model["formula"], where)
    # Subjects as wholes change places in the order of their sessions.
    values = as_columns(sorted(rows, key=lambda row: (row["subject"], row["session"] or "")))
    _check_levels(values, used, model["formula"], where)
    covariates = _covariates(model["formula"], values) if model["centre"] else []
    centred = values.assign(**{name: values[name] - values[name].mean() for name in covariates})
    names, matrix, terms = _evaluate(model["formula"], centred, where)
    _check_matrix(names, matrix, values["name"].tolist(), where)
    of_variance = model["variance_groups"]
    return Design(
        rows=values["name"].tolist(),
        subjects=values["subject"].tolist(),
        names=names,
        matrix=matrix,
        terms=terms,
        variance_groups=[str(value) for value in values[of_variance]] if of_variance else None,
        left_out=[*left_out, *((name, why) for name, why in excluded)],
        notes=[
            *(
                f"{name} is centred: its mean over the rows, {values[name].mean():.4g}, is subtracted."
                for name in covariates
            ),
            *_spelt_alike(values, used),
        ],
        values=values,
    )


def _check_numbers(rows: Sequence[Mapping[str, Any]], formula: str, where: str) -> None:
    """Refuse a column most of whose cells are numbers: as text, each number would be a group of its own."""
    import pandas

    for name in sorted(names_in(formula) - set(OWN_COLUMNS)):
        # Sites may be called 1, 2 and 2b.
        if _in_call("C", name, formula):
            continue
        cells = [str(row[name]) for row in rows]
        known = np.isfinite(pandas.to_numeric(pandas.Series(cells), errors="coerce"))
        if known.all() or known.mean() <= 0.5:
            continue
        others = [
            f"{cell!r} ({row['name']})" for row, cell, number in zip(rows, cells, known, strict=True) if not number
        ]
        raise InputError(
            f"{where}: {name} is a number in {int(known.sum())} of {len(rows)} rows, and {_some(others)}; expected "
            f"numbers, or n/a where there is none. If these are groups, write C({name})"
        )


def _spelt_alike(values: pandas.DataFrame, used: set[str]) -> list[str]:
    """What is to be said of groups whose names differ in capitals alone, as M and m."""
    said = []
    for name in sorted(used - set(OWN_COLUMNS)):
        levels: dict[str, set[str]] = {}
        for level in map(str, values[name]):
            levels.setdefault(level.casefold(), set()).add(level)
        said += [
            f"{name}: {' and '.join(sorted(alike))} differ in capitals alone, and are groups of their own."
            for alike in levels.values()
            if len(alike) > 1
        ]
    return said


def _some(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    more = f" and {len(names) - MENTIONED} more" if len(names) > MENTIONED else ""
    return f"{', '.join(names[:MENTIONED])}{more}"


def _with_several(rows: Sequence[dict]) -> tuple[list[dict], list[str]]:
    """Rows of subjects that have several, and the names of the others."""
    subjects = [row["subject"] for row in rows]
    several = [row for row in rows if subjects.count(row["subject"]) > 1]
    return several, [row["name"] for row in rows if subjects.count(row["subject"]) == 1]


def _check_levels(values: pandas.DataFrame, used: set[str], formula: str, where: str) -> None:
    """Refuse columns that do not vary, and groups of one participant."""
    for name in sorted(used):
        known = values[name]
        if known.nunique() == 1:
            raise InputError(
                f"{where}: {name} is {tables.cell(known.iloc[0])} in all {len(known)} rows; a constant says nothing. "
                "Leave it out of the formula"
            )
        as_groups = known.dtype.kind == "O" or known.dtype.name.startswith("str") or _in_call("C", name, formula)
        if not as_groups or name == "subject":
            continue
        for level, members in values.groupby(known, sort=True)["subject"]:
            if members.nunique() == 1:
                raise InputError(
                    f"{where}: the group {name} {level} has one participant (sub-{members.iloc[0]}); expected two at "
                    "least, since one alone shows no variance. Join it with another group, or leave the participant out"
                )


def _in_call(function: str, name: str, formula: str) -> bool:
    return bool(re.search(rf"\b{function}\(\s*`?{re.escape(name)}\b", formula))


def _covariates(formula: str, values: pandas.DataFrame) -> list[str]:
    """Numbers that stand in a formula by themselves, or in I(...): what a function is given is given as it is."""
    calls = r"(?<![\w.])(?!I\()[A-Za-z_][\w.]*\("
    inside: set[str] = set()
    for match in re.finditer(calls, formula):
        depth, end = 1, match.end()
        while depth and end < len(formula):
            depth += {"(": 1, ")": -1}.get(formula[end], 0)
            end += 1
        inside |= names_in(formula[match.end() : end - 1])
    return [name for name in sorted(names_in(formula) - inside) if values[name].dtype.kind in "fi"]


def _evaluate(formula: str, values: pandas.DataFrame, where: str) -> tuple[list[str], np.ndarray, dict[str, list[int]]]:
    """Names of a formula's columns, their values, and which columns belong to each term."""
    from formulaic import model_matrix
    from formulaic.errors import FormulaicError

    try:
        # Without this function's own variables.
        # Rows whose value is no number are refused by name afterwards, not dropped.
        made = model_matrix(formula, values, context={}, na_action="ignore")
    except (FormulaicError, ValueError, TypeError, NameError, AttributeError, SyntaxError) as error:
        text = re.sub(r"\x1b\[[0-9;]*m", "", " ".join(str(error).split()))
        raise InputError(f"{where}: the formula {formula!r} cannot be evaluated: {text}") from None
    if not hasattr(made, "model_spec") or not hasattr(made, "columns"):
        raise InputError(f"{where}: the formula {formula!r} has two sides; expected the right-hand side alone")
    names = [_plain(name) for name in made.columns]
    terms = {_plain(str(term)): list(columns) for term, columns in made.model_spec.term_indices.items()}
    return names, made.to_numpy(dtype=float), terms


def _plain(name: str) -> str:
    """A column's name without the mark of treatment coding: ``group[T.patient]`` is ``group[patient]``."""
    return name.replace("[T.", "[")


def _check_matrix(names: Sequence[str], matrix: np.ndarray, rows: Sequence[str], where: str) -> None:
    """Refuse designs whose coefficients cannot be told apart."""
    n, p = matrix.shape
    if not np.isfinite(matrix).all():
        bad = [name for name, column in zip(names, matrix.T, strict=True) if not np.isfinite(column).all()]
        whose = [row for row, line in zip(rows, matrix, strict=True) if not np.isfinite(line).all()]
        raise InputError(
            f"{where}: {', '.join(bad)} is no finite number in {len(whose)} of {n} rows ({_some(whose)}). Give the "
            "function other numbers, or leave these participants' cells empty (n/a)"
        )
    if p >= n:
        raise InputError(
            f"{where}: the design has {p} columns ({', '.join(names)}) for {n} rows; expected fewer columns than rows, "
            "or nothing is left to estimate the variance from"
        )
    scale = np.linalg.norm(matrix, axis=0)
    if (scale == 0).any():
        raise InputError(f"{where}: the column {names[int(scale.argmin())]} is 0 in every row; leave it out")
    _, sizes, right = np.linalg.svd(matrix / scale, full_matrices=False)
    if sizes[-1] <= SAME * sizes[0]:
        # The last right singular vector is a combination of columns that adds up to nothing.
        together = [name for name, part in zip(names, right[-1], strict=True) if abs(part) > 1e-6]
        raise InputError(
            f"{where}: the columns {', '.join(together)} are collinear: each is a combination of the others, so that "
            f"their effects cannot be told apart. Leave one of them out of the formula ({n} rows)"
        )


def weights(
    contrast: Mapping[str, Any], names: Sequence[str], terms: Mapping[str, Sequence[int]], model: str
) -> np.ndarray:
    """Weights of a contrast.

    Parameters
    ----------
    contrast : dict
        From `study.groups.Contrast.described`.
    names, terms
        Of a `Design`.
    model : str
        Name of the model, for messages.

    Returns
    -------
    numpy.ndarray of shape (n_tested, n_columns)
        Several rows for an F test; of one row, twice, as two equal rows are one to `glm.partition`.

    Raises
    ------
    InputError
        If an expression cannot be read, is about another value than 0, or stands for several columns in a t test.
    """
    where = f"groups.models, {model}, contrast {contrast['name']}"
    rows = [line for text in contrast["rows"] for line in _lines(text, names, terms, where)]
    if len(rows) > 1 and not contrast["joint"]:
        (text,) = contrast["rows"]
        raise InputError(
            f"{where}: {text!r} stands for {len(rows)} columns; expected one. Write it as a list, [{text}], for an F "
            "test of all of them"
        )
    return np.array(rows * 2 if contrast["joint"] and len(rows) == 1 else rows)


def _lines(text: str, names: Sequence[str], terms: Mapping[str, Sequence[int]], where: str) -> list[np.ndarray]:
    """Rows of a contrast: one for an expression over columns, one a column for the name of a term."""
    from formulaic.errors import FormulaicError
    from formulaic.utils.constraints import LinearConstraints

    plain = _plain(text.strip())
    if plain not in names and len(terms.get(plain, ())) > 0:
        return [np.eye(len(names))[column] for column in terms[plain]]
    # The longest names first: age is part of age:group[patient].
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    quoted = re.sub(rf"(?<![\w\]:`])({pattern})(?![\w\[:`])", r"`\1`", plain.replace("`", ""))
    try:
        read = LinearConstraints.from_spec(quoted, variable_names=list(names))
    except (FormulaicError, KeyError, RuntimeError, ValueError, TypeError):
        unknown = re.findall(rf"{TERM}(?::{TERM})*", re.sub(r"`[^`]*`", " ", quoted))
        hints = [f"there is no {name!r}" for name in unknown]
        hints += [hint for name in unknown if (hint := meant(name, [*names, *terms]))]
        raise InputError(
            f"{where}: {text!r} is no linear expression over the design's columns"
            f"{': ' * bool(hints)}{', '.join(hints)}; expected names among {', '.join(names)}, with numbers, + and -"
        ) from None
    lines = np.asarray(read.constraint_matrix, dtype=float)
    if np.any(np.asarray(read.constraint_values, dtype=float) != 0) or not lines.any(axis=1).all():
        raise InputError(f"{where}: {text!r} is no contrast: expected a combination of columns that is held against 0")
    return list(lines)
