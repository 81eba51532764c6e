"""Whether the confounds that a config asks for are there, as far as the headers of the tables tell."""

import re
from collections.abc import Iterable, Iterator
from fnmatch import translate

from ..base import tables
from ..base.errors import InputError
from ..base.hints import meant
from . import bids, cleanings, strategies

MENTIONED = 3
"""Tables, and columns of a table, that a message names."""

SCRUBBED_BY = {"fd_threshold": "framewise_displacement", "std_dvars_threshold": "std_dvars"}
"""Columns that the thresholds of ``scrubbing`` are held against."""


def check(config: dict, runs: Iterable[bids.Run], are_made: bool = False) -> list[str]:
    """Hold what a config asks for against the first line of each table of confounds, when the study is planned.

    What no table has is refused, as it would fail every run, hours later. What some tables lack fails their runs alone,
    and is said. Tables that are to be made or fetched yet, or cannot be read, are left to the jobs; so are simulated
    ones, as what lies there may be made anew.

    Parameters
    ----------
    config : dict
        Valid, with its defaults.
    runs : iterable of bids.Run
    are_made : bool
        Whether another workflow that imports this one may make the tables anew. What none has is said then.

    Returns
    -------
    list of str
        A sentence for each key of the config that some tables cannot serve.

    Raises
    ------
    InputError
        If no table has a column, or none that fits a pattern; or no image is one that the strategy expects.
    """
    runs = list(runs)
    _check_denoised(config, runs)
    wanted = _wanted(config)
    if not wanted or config["dataset"]["kind"] == "simulated":
        return []
    fitting = {name: re.compile(translate(name)).match for name in wanted if "*" in name}
    n_read, first, lacking = 0, ("", [""]), {name: list[str]() for name in wanted}
    for path in dict.fromkeys(run.confounds for run in runs if run.confounds is not None):
        try:
            header = tables.header(path)
        except (OSError, ValueError):
            continue
        if not any(header):
            continue
        first = first if n_read else (path, header)
        n_read += 1
        known = set(header)
        for name in wanted:
            if name not in known and not (name in fitting and any(map(fitting[name], header))):
                lacking[name].append(path)
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, paths in lacking.items():
        if paths:
            alike.setdefault((wanted[name], tuple(paths)), []).append(name)
    by_key = {_key_of(section, strategy): strategy for section, strategy in _strategies(config)}
    refused = [
        _refused(key, names, n_read, *first, by_key.get(key))
        for (key, paths), names in alike.items()
        if len(paths) == n_read
    ]
    if refused and not are_made:
        raise InputError("\n".join(refused))
    some = [_said(key, names, paths, n_read) for (key, paths), names in alike.items() if len(paths) < n_read]
    return [f"{sentence} (jobs will fail, unless the tables are made anew)." for sentence in refused] + some


def _wanted(config: dict) -> dict[str, str]:
    """Columns and patterns that tables must have, each with the first part of the config that asks for it."""
    wanted: dict[str, str] = {}
    for section, cleaning in _sections(config):
        strategy, scrubbing = strategies.resolve(cleaning["confounds"], cleaning["scrubbing"])
        if strategy is None:
            named, key = cleaning["confounds"], f"{section}.confounds"
        else:
            named = strategies.patterns_of(strategy)
            key = _key_of(section, strategy)
        for name in named:
            wanted.setdefault(name, key)
        for threshold, column in SCRUBBED_BY.items():
            if scrubbing[threshold] is not None:
                wanted.setdefault(column, f"{section}.scrubbing.{threshold}")
    if config["statistics"]["bursts"]:
        wanted.setdefault(SCRUBBED_BY["std_dvars_threshold"], "statistics.bursts")
    return wanted


def _sections(config: dict) -> Iterator[tuple[str, dict]]:
    yield "cleaning", config["cleaning"]
    yield from ((f"cleanings.{name}", cleaning) for name, cleaning in cleanings.of_config(config).items())


def _strategies(config: dict) -> Iterator[tuple[str, dict]]:
    for section, cleaning in _sections(config):
        strategy, _ = strategies.resolve(cleaning["confounds"], cleaning["scrubbing"])
        if strategy is not None:
            yield section, strategy


def _key_of(section: str, strategy: dict) -> str:
    return f"the strategy {strategies.title_of(strategy)!r} of {section}.confounds"


def _check_denoised(config: dict, runs: list[bids.Run]) -> None:
    """Refuse a strategy for denoised images where no run has one, in the words that a job would use."""
    for section, strategy in _strategies(config):
        refused = 0
        for run in runs:
            try:
                strategies.check_denoised(strategy, run.bold)
            except InputError as error:
                refused += 1
                if refused == len(runs):
                    name = section.partition(".")[2]
                    raise InputError(cleanings.under_name(str(error), name) if name else str(error)) from None
            else:
                break


def _refused(key: str, names: list[str], n_read: int, path: str, header: list[str], strategy: dict | None) -> str:
    """That no table has some columns, and what may be meant; a strategy's are nobody's slips of the pen."""
    quoted = ", ".join(map(repr, names))
    where = f"which {path} does not have" if n_read == 1 else f"which none of {n_read} tables has ({path}, ...)"
    if strategy is not None:
        return f"{key} asks for {quoted}, {where}; {strategies.instead(strategy, header)}"
    hints = list(dict.fromkeys(hint for name in names if (hint := meant(name, header))))
    some = ", ".join(header[:MENTIONED]) + (f", ... ({len(header)} columns)" if len(header) > MENTIONED else "")
    return f"{key} asks for {quoted}, {where}; {' '.join(hints) or f'it has {some}'}"


def _said(key: str, names: list[str], paths: tuple[str, ...], n_read: int) -> str:
    """That some tables lack columns."""
    some = ", ".join(paths[:MENTIONED]) + (", ..." if len(paths) > MENTIONED else "")
    return (
        f"{len(paths)} of {n_read} tables of confounds lack{'s' * (len(paths) == 1)} {', '.join(map(repr, names))}, "
        f"which {key} asks for; {'its run' if len(paths) == 1 else 'their runs'} will fail: {some}."
    )
