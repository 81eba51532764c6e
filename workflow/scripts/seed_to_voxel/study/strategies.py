"""Strategies of confound regression, as data: which options each has, and what they are if nobody says.

Names and defaults are those of nilearn's `load_confounds` and `load_confounds_strategy`.
"""

from collections.abc import Sequence
from fnmatch import filter as fitting
from pathlib import Path
from typing import Any

from ..base.errors import InputError

PRESETS: dict[str, dict[str, Any]] = {
    "simple": {"strategy": ("high_pass", "motion", "wm_csf"), "motion": "full", "wm_csf": "basic"},
    "scrubbing": {"strategy": ("high_pass", "motion", "wm_csf"), "motion": "full", "wm_csf": "full"},
    "compcor": {
        "strategy": ("high_pass", "motion", "compcor"),
        "motion": "full",
        "n_compcor": "all",
        "compcor": "anat_combined",
    },
    "ica_aroma": {"strategy": ("high_pass", "wm_csf", "ica_aroma"), "wm_csf": "basic", "ica_aroma": "full"},
}
"""Noise components of each strategy with their options; all leave the global signal in."""

SCRUBBING = {"fd_threshold": 0.5, "std_dvars_threshold": 1.5}
"""Thresholds (mm, and standardised DVARS) that come with the strategy ``scrubbing``."""

FIXED = ("ica_aroma",)
"""Options that a strategy sets and nobody may change: that one is for images that are denoised already."""

COMPONENTS: dict[str, dict[str, str | int]] = {
    "motion": {"motion": "full"},
    "high_pass": {},
    "wm_csf": {"wm_csf": "basic"},
    "global_signal": {"global_signal": "basic"},
    "compcor": {"compcor": "anat_combined", "n_compcor": "all"},
    "ica_aroma": {"ica_aroma": "full"},
}
"""Options of each noise component, with their defaults."""

COLUMNS = {
    "motion": ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"),
    "wm_csf": ("csf", "white_matter"),
    "global_signal": ("global_signal",),
}
"""Columns of the noise components that a model expands."""

MODELS = {
    "basic": ("",),
    "power2": ("", "_power2"),
    "derivatives": ("", "_derivative1"),
    "full": ("", "_derivative1", "_power2", "_derivative1_power2"),
}
"""Endings of the columns of each model."""

COMPCOR_MASKS: dict[str, dict[str, tuple[str, ...] | None]] = {
    "temporal": {"t": None},
    "anat_combined": {"a": ("combined",)},
    "anat_separated": {"a": ("WM", "CSF"), "w": None, "c": None},
}
"""Prefixes of CompCor's columns, and of which masks those with one prefix for several are taken."""


def _options(strategy: str | list[str]) -> dict[str, str | int]:
    """Options that a strategy or a list of components has, with their defaults; the global signal's apart."""
    if isinstance(strategy, str):
        return {key: value for key, value in PRESETS[strategy].items() if key not in ("strategy", "global_signal")}
    known: dict[str, str | int] = {}
    for component in strategy:
        known |= COMPONENTS[component]
    known.pop("global_signal", None)
    return known


def check(wanted: list[str] | str | dict) -> None:
    """Refuse options that mean nothing, and components that cannot be without another.

    Parameters
    ----------
    wanted : list of str, str or dict
        The config's ``cleaning.confounds``.

    Raises
    ------
    InputError
    """
    if not isinstance(wanted, dict):
        return
    strategy = wanted["strategy"]
    preset = isinstance(strategy, str)
    known = [key for key in _options(strategy) if not (preset and key in FIXED)]
    idle = [key for key in wanted if key not in ("strategy", "global_signal", *known)]
    if idle:
        named = strategy if preset else " + ".join(strategy)
        raise InputError(
            f"cleaning.confounds: {', '.join(idle)} has no meaning for the strategy {named}; expected "
            f"{', '.join(sorted([*known, 'global_signal']))}"
        )
    if not preset and "compcor" in strategy and "high_pass" not in strategy:
        raise InputError(
            "cleaning.confounds.strategy has compcor without high_pass; expected both, since fMRIPrep computes "
            "CompCor after a high-pass filter with the cosine columns"
        )


def resolve(wanted: list[str] | str | dict, scrubbing: dict) -> tuple[dict | None, dict]:
    """Spell out what a config asks of the confounds: a strategy with all its options.

    Parameters
    ----------
    wanted : list of str, str or dict
        The config's ``cleaning.confounds``: columns, a strategy's name, or a strategy with options.
    scrubbing : dict
        The config's ``cleaning.scrubbing``.

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
    check(wanted)
    given = {"strategy": wanted} if isinstance(wanted, str) else dict(wanted)
    chosen, global_signal = given.pop("strategy"), given.pop("global_signal", None)
    preset = isinstance(chosen, str)
    components = list(PRESETS[chosen]["strategy"] if preset else chosen)
    if "global_signal" in components:
        components.remove("global_signal")
        global_signal = global_signal or COMPONENTS["global_signal"]["global_signal"]
    strategy = {"name": chosen if preset else None, "strategy": components, **_options(chosen), **given}
    if global_signal:
        components.append("global_signal")
        strategy["global_signal"] = global_signal
    scrubbing = dict(scrubbing)
    if chosen == "scrubbing":
        scrubbing |= {key: value for key, value in SCRUBBING.items() if scrubbing[key] is None}
    return strategy, scrubbing


def title_of(strategy: dict) -> str:
    """What a strategy from `resolve` is called in messages."""
    return strategy["name"] or "+".join(strategy["strategy"])


def modelled(component: str, model: str) -> list[str]:
    """Columns of a component of `COLUMNS` with those that a model of `MODELS` adds."""
    return [f"{name}{ending}" for name in COLUMNS[component] for ending in MODELS[model]]


def compcor_masks(kind: str) -> dict[str, tuple[str, ...] | None]:
    """Prefixes and masks of the option ``compcor``, as in `COMPCOR_MASKS`."""
    kinds = ["temporal", kind.removeprefix("temporal_")] if kind.startswith("temporal_") else [kind]
    masks: dict[str, tuple[str, ...] | None] = {}
    for part in kinds:
        masks |= COMPCOR_MASKS[part]
    return masks


def patterns_of(strategy: dict) -> list[str]:
    """What a table of confounds must have for a strategy, as far as its header tells.

    Parameters
    ----------
    strategy : dict
        From `resolve`.

    Returns
    -------
    list of str
        Columns, and patterns of `fnmatch` of which one column at least is needed.
    """
    needed: list[str] = []
    for component in strategy["strategy"]:
        if component in COLUMNS:
            needed += modelled(component, strategy[component])
        elif component == "compcor":
            prefixes = "".join(compcor_masks(strategy["compcor"]))
            needed.append(f"{prefixes if len(prefixes) == 1 else f'[{prefixes}]'}_comp_cor*")
        elif component == "ica_aroma" and strategy["ica_aroma"] != "full":
            needed.append("*aroma*")
    return needed


def instead(strategy: dict, header: Sequence[str]) -> str:
    """Say which options of a strategy ask for columns that a table lacks, and what it has the columns for.

    Parameters
    ----------
    strategy : dict
        From `resolve`.
    header : sequence of str
        Names of the table's columns.

    Returns
    -------
    str
    """
    asking, changed, dropped = [], {}, []
    for component in strategy["strategy"]:
        if all(fitting(header, name) for name in patterns_of({**strategy, "strategy": [component]})):
            continue
        asking.append(f"{component}: {strategy[component]}")
        models = reversed(MODELS) if component in COLUMNS else ()
        fits = next((model for model in models if {*modelled(component, model)} <= {*header}), None)
        if fits:
            changed[component] = fits
        else:
            dropped.append(component)
    by = f"asked for by {' and '.join(asking)}; " if asking else ""
    left = [name for name in strategy["strategy"] if name not in dropped]
    if not asking or left in ([], ["high_pass"]):
        return f"{by}choose another strategy or other options, or name columns"
    # The global signal is an option of a strategy with a name, and a component of a list.
    keeps_name = strategy["name"] is not None and set(dropped) <= {"global_signal"}
    chosen: str | list[str] = strategy["name"] if keeps_name else left
    defaults = _options(chosen)
    known = [*defaults, *(["global_signal"] if "global_signal" in left else [])]
    options = {key: value for key in known if (value := {**strategy, **changed}[key]) != defaults.get(key)}
    written = chosen if isinstance(chosen, str) else f"[{', '.join(chosen)}]"
    text = ", ".join(f"{key}: {value}" for key, value in {"strategy": written, **options}.items())
    return f"{by}set {{{text}}} instead, whose columns are there"


def check_denoised(strategy: dict, bold: str) -> None:
    """Refuse an image that ICA-AROMA has not denoised, for a strategy that expects one, with an `InputError`.

    Parameters
    ----------
    strategy : dict
        From `resolve`.
    bold : str
        Name of the run's file, which says whether ICA-AROMA has denoised it.
    """
    if strategy.get("ica_aroma") == "full" and "desc-smoothAROMAnonaggr" not in Path(bold).name:
        raise InputError(
            f"{bold}: not denoised by ICA-AROMA, which the strategy {title_of(strategy)!r} of cleaning.confounds "
            "expects; set dataset.fmriprep.desc to smoothAROMAnonaggr (fMRIPrep up to 23.1), or the option ica_aroma "
            "to basic in a list of components"
        )


def is_scrubbed(scrubbing: dict) -> bool:
    """Whether volumes are censored for head motion, by any threshold."""
    return any(scrubbing[name] is not None for name in SCRUBBING)


def chosen_filter(cleaning: dict, scrubbing: dict) -> str:
    """Settle which filter ``auto`` is.

    By the config and never run by run, so that all runs of a study are filtered alike. Dummy scans leave no gap.

    Parameters
    ----------
    cleaning : dict
        The config's ``cleaning``.
    scrubbing : dict
        From `resolve`.

    Returns
    -------
    str
        ``butterworth``, ``fourier`` or ``cosine``.
    """
    if cleaning["filter"] != "auto":
        return cleaning["filter"]
    band = cleaning["high_pass"] is not None or cleaning["low_pass"] is not None
    censors = is_scrubbed(scrubbing) or cleaning["undefined_volumes"] == "censor"
    return "fourier" if band and censors else "butterworth"


def brings_cosines(wanted: list[str] | str | dict) -> bool:
    """Whether confounds are asked for that are fMRIPrep's cosines, a high-pass filter.

    Parameters
    ----------
    wanted : list of str, str or dict
        The config's ``cleaning.confounds``.

    Returns
    -------
    bool
    """
    if isinstance(wanted, list):
        return any("cosine" in name for name in wanted)
    strategy, _ = resolve(wanted, dict.fromkeys(SCRUBBING))
    return strategy is not None and "high_pass" in strategy["strategy"]
