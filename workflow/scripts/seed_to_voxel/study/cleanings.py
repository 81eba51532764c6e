"""Other cleanings of a study's runs, which are laid beside the one that everything else uses."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ..base.errors import InputError
from . import strategies

MAIN = "main"
"""What the study's own ``cleaning`` is called beside the others."""

CHANGEABLE = ("detrend", "filter", "high_pass", "low_pass", "confounds", "dummy_scans", "scrubbing")
"""Keys of ``cleaning`` that are part of the operator, so that one reading of a run serves every value of them."""

GAPPED = "butterworth"
"""The filter that interpolates volumes which are left out."""

SCRUBBING_IN_WORDS = {
    "fd_threshold": ("volumes above {:g} mm of framewise displacement left out", "no limit to framewise displacement"),
    "std_dvars_threshold": ("volumes above {:g} of standardised DVARS left out", "no limit to DVARS"),
    "min_segment": ("stretches shorter than {:g} volumes left out", ""),
    "max_gap": ("at most {:g} volumes left out in a row", "no limit to volumes left out in a row"),
}
"""What is said of each key of ``scrubbing`` with a value, and with none."""


def in_full(main: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A cleaning with every key, from the study's own and the keys that differ."""
    return {**main, **changes, "scrubbing": {**main["scrubbing"], **changes.get("scrubbing", {})}}


def of_config(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The cleanings that a config names beside its own, each with every key.

    Parameters
    ----------
    config : dict
        Valid, with its defaults.

    Returns
    -------
    dict of str to dict
    """
    return {name: in_full(config["cleaning"], changes) for name, changes in config["cleanings"].items()}


def under_name(message: str, name: str) -> str:
    """A message about a cleaning with the keys of the config where it has them: ``cleanings.gsr.confounds``.

    Parameters
    ----------
    message : str
        Which calls them as those of the study's own: ``cleaning.confounds``.
    name : str
        Of the cleaning.

    Returns
    -------
    str
    """
    # Not in a path that has the same words in it.
    return re.sub(rf"(?<![\w./-])cleaning\.(?=(?:{'|'.join(CHANGEABLE)})\b)", f"cleanings.{name}.", message)


def _acting(cleaning: dict[str, Any]) -> tuple:
    """What decides about the operator, so that two ways to write the same are equal."""
    strategy, limits = strategies.resolve(cleaning["confounds"], cleaning["scrubbing"])
    confounds = sorted(_widest(cleaning["confounds"])) if strategy is None else {**strategy, "name": None}
    others = tuple(cleaning[key] for key in ("detrend", "high_pass", "low_pass", "dummy_scans"))
    chosen = _filter(cleaning)
    censors = strategies.is_scrubbed(limits) or cleaning["undefined_volumes"] == "censor"
    # What is left out in short stretches matters where volumes are left out, and gaps where they are interpolated.
    scrubbing = {name: limit for name, limit in limits.items() if censors and (name != "max_gap" or chosen == GAPPED)}
    return chosen, confounds, scrubbing, others


def _widest(names: Sequence[str]) -> list[str]:
    """Those of a list of confounds that no wildcard among them takes in."""
    return [name for name in names if not any(other != name and fnmatchcase(name, other) for other in names)]


def _differently(first: Any, second: Any) -> str:
    """How two lists of confounds come to the same, where they are written differently."""
    lists = [names for names in (first, second) if isinstance(names, list)]
    if len(lists) < 2 or set(first) == set(second):
        return ""
    return f" (confounds {', '.join(first)}, and {', '.join(second)}: a wildcard takes in every column that it fits)"


def _filter(cleaning: dict[str, Any]) -> str | None:
    """The filter of a cleaning, however it was chosen; None without a band."""
    _, scrubbing = strategies.resolve(cleaning["confounds"], cleaning["scrubbing"])
    band = cleaning["high_pass"] is not None or cleaning["low_pass"] is not None
    return strategies.chosen_filter(cleaning, scrubbing) if band else None


def check_distinct(config: Mapping[str, Any], taken: Sequence[str]) -> None:
    """Refuse names that files have already, and cleanings that are the same as another.

    Parameters
    ----------
    config : dict
        Valid, with its defaults.
    taken : sequence of str
        Labels that `desc` has in names of other files.

    Raises
    ------
    InputError
    """
    known = {MAIN: _acting(config["cleaning"])}
    every = {MAIN: config["cleaning"], **of_config(config)}
    for name, cleaning in of_config(config).items():
        others = [MAIN, "cleanings", *taken, *list(known)[1:]]
        if name.casefold() in map(str.casefold, others):
            raise InputError(
                f"cleanings.{name}: {name!r} names other files, or another cleaning, already; expected a name of its "
                "own, such as gsr"
            )
        acting = _acting(cleaning)
        if same := next((other for other, own in known.items() if own == acting), None):
            written = _differently(every[same]["confounds"], cleaning["confounds"])
            raise InputError(
                f"cleanings.{name} does what {'cleaning' if same == MAIN else f'cleanings.{same}'} does{written}; "
                "expected at least one key that makes a difference"
            )
        known[name] = acting


def removes_global_signal(cleaning: Mapping[str, Any]) -> bool:
    """Whether a cleaning regresses the global signal out.

    Parameters
    ----------
    cleaning : dict
        With every key.

    Returns
    -------
    bool
    """
    wanted = cleaning["confounds"]
    if isinstance(wanted, list):
        return any(fnmatchcase("global_signal", name) or name.startswith("global_signal") for name in wanted)
    strategy, _ = strategies.resolve(wanted, cleaning["scrubbing"])
    return strategy is not None and "global_signal" in strategy["strategy"]


def in_words(main: dict[str, Any], changes: Mapping[str, Any]) -> str:
    """What a cleaning does otherwise than the study's own, another filter too that `auto` comes to.

    Parameters
    ----------
    main : dict
        The config's ``cleaning``, with every key.
    changes : dict
        One of its ``cleanings``.

    Returns
    -------
    str
        ``with global_signal; no low-pass``.
    """
    said = []
    for key, value in changes.items():
        if key == "confounds":
            said.append(_confounds(main["confounds"], value))
        elif key in ("high_pass", "low_pass"):
            name = key.replace("_", "-")
            said.append(f"no {name}" if value is None else f"{name} at {value:g} Hz")
        elif key == "detrend":
            said.append("linear detrending" if value else "no detrending")
        elif key == "filter":
            said.append(f"filter {value}")
        elif key == "dummy_scans":
            said.append("non-steady-state volumes dropped" if value == "auto" else f"first {value} volumes dropped")
        else:
            for name, limit in value.items():
                with_value, without = SCRUBBING_IN_WORDS[name]
                said.append(without if limit is None else with_value.format(limit))
    own, of_main = _filter(in_full(main, changes)), _filter(main)
    if "filter" not in changes and None not in (own, of_main) and own != of_main:
        said.append(f"filter {own} instead of {of_main} (auto)")
    return "; ".join(said)


def _confounds(main: Any, wanted: Any) -> str:
    if isinstance(wanted, list) and isinstance(main, list) and wanted:
        main, wanted = _widest(main), _widest(wanted)
        added, left_out = (
            [name for name in one if name not in other] for one, other in ((wanted, main), (main, wanted))
        )
        # What a wildcard takes in is not left out.
        left_out = [name for name in left_out if not any(fnmatchcase(name, one) for one in added)]
        # Nor is what stays of a wildcard added.
        narrowed = {one: kept for one in left_out if (kept := [name for name in added if fnmatchcase(name, one)])}
        stay = {name for kept in narrowed.values() for name in kept}
        words = {
            "with": [name for name in added if name not in stay],
            "without": [name for name in left_out if name not in narrowed],
        }
        parts = [f"{word} {', '.join(names)}" for word, names in words.items() if names]
        parts += [f"of {one} only {', '.join(kept)}" for one, kept in narrowed.items()]
        return ", ".join(parts) or "the same confounds"
    if isinstance(wanted, list):
        return f"confounds {', '.join(wanted)}" if wanted else "no confounds"
    given = {"strategy": wanted} if isinstance(wanted, str) else dict(wanted)
    strategy = given.pop("strategy")
    name = strategy if isinstance(strategy, str) else " + ".join(strategy)
    options = "".join(f", {key} {'none' if value is None else value}" for key, value in given.items())
    return f"confounds by the strategy {name}{options}"
