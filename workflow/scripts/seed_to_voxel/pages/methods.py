"""The methods text: what was done, in sentences for a paper, from the config and what the runs say."""

import html
import re

REFERENCES = {
    "Abraham et al. 2014": (
        "Abraham, A. et al. (2014). Machine learning for neuroimaging with scikit-learn. Frontiers in "
        "Neuroinformatics 8, 14. https://doi.org/10.3389/fninf.2014.00014"
    ),
    "Behzadi et al. 2007": (
        "Behzadi, Y., Restom, K., Liau, J., Liu, T. T. (2007). A component based noise correction method "
        "(CompCor) for BOLD and perfusion based fMRI. NeuroImage 37, 90-101. "
        "https://doi.org/10.1016/j.neuroimage.2007.04.042"
    ),
    "Ciric et al. 2017": (
        "Ciric, R. et al. (2017). Benchmarking of participant-level confound regression strategies for the "
        "control of motion artifact in studies of functional connectivity. NeuroImage 154, 174-187. "
        "https://doi.org/10.1016/j.neuroimage.2017.03.020"
    ),
    "Dosenbach et al. 2010": (
        "Dosenbach, N. U. F. et al. (2010). Prediction of individual brain maturity using fMRI. Science 329, "
        "1358-1361. https://doi.org/10.1126/science.1194144"
    ),
    "Esteban et al. 2019": (
        "Esteban, O. et al. (2019). fMRIPrep: a robust preprocessing pipeline for functional MRI. Nature "
        "Methods 16, 111-116. https://doi.org/10.1038/s41592-018-0235-4"
    ),
    "Fisher 1915": (
        "Fisher, R. A. (1915). Frequency distribution of the values of the correlation coefficient in samples "
        "from an indefinitely large population. Biometrika 10, 507-521. "
        "https://doi.org/10.1093/biomet/10.4.507"
    ),
    "Fox et al. 2005": (
        "Fox, M. D. et al. (2005). The human brain is intrinsically organized into dynamic, anticorrelated "
        "functional networks. PNAS 102, 9673-9678. https://doi.org/10.1073/pnas.0504136102"
    ),
    "Friston et al. 1996": (
        "Friston, K. J. et al. (1996). Movement-related effects in fMRI time-series. Magnetic Resonance in "
        "Medicine 35, 346-355. https://doi.org/10.1002/mrm.1910350312"
    ),
    "Lindquist et al. 2019": (
        "Lindquist, M. A., Geuter, S., Wager, T. D., Caffo, B. S. (2019). Modular preprocessing pipelines can "
        "reintroduce artifacts into fMRI data. Human Brain Mapping 40, 2358-2376. "
        "https://doi.org/10.1002/hbm.24528"
    ),
    "Mölder et al. 2021": (
        "Mölder, F. et al. (2021). Sustainable data analysis with Snakemake. F1000Research 10, 33. "
        "https://doi.org/10.12688/f1000research.29032.2"
    ),
    "Power et al. 2012": (
        "Power, J. D. et al. (2012). Spurious but systematic correlations in functional connectivity MRI "
        "networks arise from subject motion. NeuroImage 59, 2142-2154. "
        "https://doi.org/10.1016/j.neuroimage.2011.10.018"
    ),
    "Power et al. 2014": (
        "Power, J. D. et al. (2014). Methods to detect, characterize, and remove motion artifact in resting "
        "state fMRI. NeuroImage 84, 320-341. https://doi.org/10.1016/j.neuroimage.2013.08.048"
    ),
    "Pruim et al. 2015": (
        "Pruim, R. H. R. et al. (2015). ICA-AROMA: a robust ICA-based strategy for removing motion artifacts "
        "from fMRI data. NeuroImage 112, 267-277. https://doi.org/10.1016/j.neuroimage.2015.02.064"
    ),
    "Richardson et al. 2018": (
        "Richardson, H., Lisandrelli, G., Riobueno-Naylor, A., Saxe, R. (2018). Development of the social "
        "brain from age three to twelve years. Nature Communications 9, 1027. "
        "https://doi.org/10.1038/s41467-018-03399-2"
    ),
    "Satterthwaite 1946": (
        "Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components. "
        "Biometrics Bulletin 2, 110-114. https://doi.org/10.2307/3002019"
    ),
    "Satterthwaite et al. 2013": (
        "Satterthwaite, T. D. et al. (2013). An improved framework for confound regression and filtering for "
        "control of motion artifact in the preprocessing of resting-state functional connectivity data. "
        "NeuroImage 64, 240-256. https://doi.org/10.1016/j.neuroimage.2012.08.052"
    ),
}
"""Works that the text may cite, by the words it cites them with."""

MODELS = {
    "basic": "",
    "power2": " and their squares",
    "derivatives": " and their first derivatives",
    "full": ", their first derivatives, and the squares of both",
}


def number(value):
    """A number as text wants it: 0.01, 8, 120."""
    return f"{value:.4g}"


def listed(words):
    """Words as a list in a sentence."""
    words = list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def span(values, unit=""):
    """The range of some values, or their one value."""
    values = list(values)
    low, high = min(values), max(values)
    text = number(low) if low == high else f"{number(low)} to {number(high)}"
    return f"{text} {unit}".strip()


def plural(count, word):
    """A count with its noun."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def was_or_were(count):
    """The verb that belongs to a count."""
    return "was" if count == 1 else "were"


def data_sentences(dataset, runs, entries, source=None):
    """What was analysed, and what was refused.

    Parameters
    ----------
    dataset : dict
        The config's ``dataset``.
    runs : list of dict
        Sidecars of the seeds' series of the runs that were used.
    entries : list of dict
        Verdicts on the quality of all runs.
    source : dict, optional
        ``dataset_description.json`` of the source.
    """
    kind = dataset["kind"]
    subjects = len({entry["labels"]["subject"] for entry in entries})
    spaces = listed(sorted({entry["labels"]["space"] for entry in entries}))
    what = f"{plural(len(entries), 'run')} of {plural(subjects, 'participant')} in {spaces} space"
    were = was_or_were(len(entries))
    if kind == "simulated":
        first = f"{what} {were} simulated, with a planted network organisation; they are no measurements."
    elif kind == "development_fmri":
        first = (
            f"{what} of the development_fmri dataset, in which children and adults watched a film "
            f"(Richardson et al. 2018), {were} analysed."
        )
    elif kind == "fmriprep":
        version = next(iter((source or {}).get("GeneratedBy") or []), {}).get("Version")
        by = f"fMRIPrep{f' {version}' if version else ''}"
        first = f"{what} {were} analysed, as preprocessed by {by} (Esteban et al. 2019)."
    else:
        first = f"{what} {were} analysed, as preprocessed by others."
    refused = [entry for entry in entries if entry["refused"]]
    if refused:
        first += (
            f" {plural(len(refused), 'run')} {was_or_were(len(refused))} refused for "
            f"{'its' if len(refused) == 1 else 'their'} quality (listed with the reasons in qc.tsv), which left "
            f"{len(entries) - len(refused)}."
        )
    times = {run["RepetitionTime"] for run in runs}
    lengths = {run["NumberOfVolumes"] for run in runs}
    if runs:
        first += f" A run has {span(lengths)} volumes, one every {span(times, 's')}."
    return first


def seed_sentences(seeds, fwhm):
    """How the seeds were defined.

    Parameters
    ----------
    seeds : list of dict
        From `seeds.Seed.described`.
    fwhm : float or None
        Smoothing of the image that their series are from, mm.
    """
    kinds = {}
    for seed in seeds:
        kinds.setdefault(seed.get("kind", "sphere"), []).append(seed)
    parts = []
    for seed in kinds.get("sphere", []):
        centre = ", ".join(number(seed[axis]) for axis in "xyz")
        parts.append(f"{seed['label']}, a sphere of {number(seed['radius_mm'])} mm around ({centre}) mm")
    for seed in kinds.get("mask", []):
        mean = ", its voxels weighted by its values" if seed.get("mean") == "weighted" else ""
        parts.append(f"{seed['label']}, a mask ({seed['file']}{mean})")
    for seed in kinds.get("atlas", []):
        labels = ", ".join(map(str, seed["labels"]))
        parts.append(
            f"{seed['label']}, label{'s' if len(seed['labels']) > 1 else ''} {labels} of an atlas ({seed['file']})"
        )
    for seed in kinds.get("peak", []):
        where = (
            f"where the mean correlation within that distance with the seed {seed['reference']} is highest in each run"
            if "reference" in seed
            else f"around the highest voxel of a map ({seed['map']})"
        )
        parts.append(
            f"{seed['label']}, the voxels within {number(seed['radius_mm'])} mm of a peak inside a mask "
            f"({seed['file']}), {where}"
        )
    given = "One seed was" if len(parts) == 1 else f"{len(parts)} seeds were"
    image = (
        f"image smoothed with a Gaussian of {number(fwhm)} mm full width at half maximum"
        if fwhm
        else "unsmoothed image"
    )
    resample = ""
    if set(kinds) - {"sphere"}:
        resample = " Images on another grid than a run were resampled to it with nearest neighbour."
    return f"{given} used: {'; '.join(parts)}. A seed's series is the mean of its voxels in the {image}.{resample}"


def volume_sentences(runs, dummy_scans):
    """Which volumes were left out.

    Parameters
    ----------
    runs : list of dict
    dummy_scans : int or str
        The config's.
    """
    scrubbing = runs[0]["Cleaning"]["scrubbing"]
    sentences = []
    if dummy_scans == "auto":
        counts = [run["CensoringReasons"]["dummy_scans"] for run in runs]
        if max(counts):
            sentences.append(
                f"Volumes that the confounds table marks as non-steady-state were dropped ({span(counts)} a run)."
            )
    elif dummy_scans:
        sentences.append(f"The first {plural(dummy_scans, 'volume')} of each run {was_or_were(dummy_scans)} dropped.")
    thresholds = []
    if scrubbing["fd_threshold"] is not None:
        thresholds.append(f"a framewise displacement above {number(scrubbing['fd_threshold'])} mm")
    if scrubbing["std_dvars_threshold"] is not None:
        thresholds.append(f"a standardised DVARS above {number(scrubbing['std_dvars_threshold'])}")
    if thresholds:
        sentences.append(
            f"Volumes with {' or '.join(thresholds)} were censored (Power et al. 2012), and so were stretches of fewer "
            f"than {scrubbing['min_segment']} volumes between those left out (Power et al. 2014)."
            if scrubbing["min_segment"] > 1
            else f"Volumes with {' or '.join(thresholds)} were censored (Power et al. 2012)."
        )
    if not sentences:
        return "All volumes were used."
    kept = [run["NumberOfVolumesKept"] for run in runs]
    seconds = [run["SecondsKept"] for run in runs]
    sentences.append(f"This left {span(kept)} volumes, {span(seconds, 's')}, a run.")
    return " ".join(sentences)


def confound_words(strategy, columns):
    """What was regressed out.

    Parameters
    ----------
    strategy : dict or None
        From `confounds.resolve`.
    columns : list of str
        Columns of the runs together.
    """
    if strategy is None:
        return f"{plural(len(columns), 'column')} of the confounds table ({', '.join(columns)})"
    words = []
    for component in strategy["strategy"]:
        if component == "motion":
            cited = {"full": " (Friston et al. 1996; Satterthwaite et al. 2013)"}.get(strategy["motion"], "")
            words.append(f"six parameters of head motion{MODELS[strategy['motion']]}{cited}")
        elif component == "wm_csf":
            words.append(f"the mean signals of white matter and cerebrospinal fluid{MODELS[strategy['wm_csf']]}")
        elif component == "global_signal":
            words.append(f"the global signal{MODELS[strategy['global_signal']].replace('their', 'its')}")
        elif component == "high_pass" and any(name.startswith("cosine") for name in columns):
            words.append("fMRIPrep's discrete cosines")
        elif component == "compcor":
            which = strategy["compcor"].replace("_", " ")
            count = strategy["n_compcor"]
            amount = "all retained" if count == "all" else f"the first {count}"
            words.append(f"{amount} components of CompCor ({which}; Behzadi et al. 2007)")
        elif component == "ica_aroma" and strategy["ica_aroma"] == "basic":
            words.append("the noise components of ICA-AROMA (Pruim et al. 2015)")
    name = strategy["name"]
    origin = {
        "simple": "Fox et al. 2005",
        "scrubbing": "Power et al. 2012",
        "compcor": "Behzadi et al. 2007",
        "ica_aroma": "Pruim et al. 2015",
    }.get(name)
    named = f"the strategy {name} of nilearn's load_confounds ({origin}): " if name else ""
    return f"{named}{'; '.join(words) if words else 'no further regressor'}"


def cleaning_sentences(runs):
    """How series were cleaned, in the order it was done.

    Parameters
    ----------
    runs : list of dict
    """
    cleaning = runs[0]["Cleaning"]
    columns = sorted({name for run in runs for name in run["Cleaning"]["confounds"]})
    low, high = cleaning["low_pass"], cleaning["high_pass"]
    censored = any(run["CensoredVolumes"] for run in runs)
    filtered = cleaning["filter"] == "butterworth" and (low is not None or high is not None)
    strategy = cleaning["confounds_strategy"]
    aroma = strategy is not None and strategy.get("ica_aroma") == "full"
    sentences = []
    if aroma:
        sentences.append("The images had been denoised by ICA-AROMA, not aggressively (Pruim et al. 2015).")
    counts = [len(run["Cleaning"]["confounds"]) for run in runs]
    regressed = confound_words(strategy, columns) + (f" ({span(counts)} columns a run)" if strategy else "")
    if filtered:
        band = (
            f"a band-pass from {number(high)} to {number(low)} Hz"
            if low is not None and high is not None
            else f"a high-pass at {number(high)} Hz"
            if high is not None
            else f"a low-pass at {number(low)} Hz"
        )
        if censored:
            sentences.append(
                "Censored volumes inside a run were interpolated with cubic splines through the kept ones, and "
                "those at its ends cut off."
            )
        steps = ["linearly detrended and "] if cleaning["detrend"] else [""]
        sentences.append(f"Series were {steps[0]}filtered with {band} (Butterworth, order 5, forwards and backwards).")
        if censored:
            sentences.append("The interpolated volumes were then dropped.")
        if columns:
            sentences.append(
                f"Then confounds were regressed out: {regressed}. They had been "
                f"{'interpolated, ' if censored else ''}{'detrended and ' if cleaning['detrend'] else ''}filtered the "
                "same way, so that filter and regression are orthogonal and nothing removed comes back "
                "(Lindquist et al. 2019)."
            )
    else:
        together = []
        if cleaning["detrend"]:
            together.append("a linear trend")
        if cleaning["filter"] == "cosine":
            together.append(f"discrete cosines up to {number(high)} Hz")
        if columns:
            together.append(f"confounds ({regressed})")
        if together:
            at = " at the kept volumes" if censored else ""
            sentences.append(
                f"{listed(together)[0].upper()}{listed(together)[1:]} were regressed out of the series{at} in one step."
                if len(together) > 1 or columns or cleaning["filter"] == "cosine"
                else f"A linear trend was regressed out of the series{at}."
            )
            if len(together) > 1:
                sentences.append("What is removed in one step cannot come back (Lindquist et al. 2019).")
        else:
            sentences.append("Series were neither detrended nor filtered.")
        if low is None and high is None and together:
            sentences.append("No filter was applied.")
    if not columns and not aroma:
        sentences.append("No confounds were regressed out.")
    return " ".join(sentences)


def column_sentences(runs):
    """Which columns a strategy came down to, run by run.

    Parameters
    ----------
    runs : list of dict
    """
    columns = [set(run["Cleaning"]["confounds"]) for run in runs]
    everywhere, anywhere = set.intersection(*columns), set.union(*columns)
    text = f"Regressed out of {'every run' if len(runs) > 1 else 'the run'}: {', '.join(sorted(everywhere))}."
    if anywhere - everywhere:
        text += f" Of some runs: {', '.join(sorted(anywhere - everywhere))}."
    return text


def connectivity_sentences(runs, smoothing_fwhm, qcfc):
    """How maps were made of the series.

    Parameters
    ----------
    runs : list of dict
    smoothing_fwhm : float or None
        Of the voxels' image, mm.
    qcfc : bool
        Whether edges were correlated with motion over runs.
    """
    smoothed = (
        f"The image was smoothed with a Gaussian of {number(smoothing_fwhm)} mm full width at half maximum before the "
        "voxels' series were taken."
        if smoothing_fwhm
        else "The voxels' series were taken from the unsmoothed image."
    )
    nu = [run["DegreesOfFreedom"] for run in runs]
    text = (
        f"{smoothed} All of the cleaning is linear along time and was applied to seeds and voxels alike. A map holds "
        "Pearson's correlation r of the seed's with every voxel's cleaned series, and its Fisher transform "
        "z = arctanh(r) (Fisher 1915), which is no z-score: with the degrees of freedom nu that cleaning leaves to "
        f"white noise (Satterthwaite 1946; here {span(round(value, 1) for value in nu)}), its standard error "
        "is 1 / sqrt(nu - 2)."
    )
    if qcfc:
        text += (
            " Over runs, the correlation of each edge from a seed to one of 160 network nodes (Dosenbach et al. 2010) "
            "with the mean framewise displacement was computed (QC-FC; Ciric et al. 2017)."
        )
    return text


def software_sentences(versions, snakemake_version, version):
    """With which software.

    Parameters
    ----------
    versions : dict of str to str
    snakemake_version, version : str
        Of Snakemake and of this workflow.
    """
    others = listed(f"{name} {number}" for name, number in versions.items() if name != "nilearn")
    return (
        f"Computed by seed-to-voxel {version} with Snakemake {snakemake_version} (Mölder et al. 2021), nilearn "
        f"{versions['nilearn']} (Abraham et al. 2014), {others}."
    )


def write(config, seeds, runs, entries, version, snakemake_version, source=None, qcfc=False):
    """Write the methods text.

    Parameters
    ----------
    config : dict
        As it ran.
    seeds : list of dict
        The table of seeds.
    runs : list of dict
        Sidecars of the seeds' series of the runs that were used.
    entries : list of dict
        Verdicts on the quality of all runs.
    version, snakemake_version : str
    source : dict, optional
        ``dataset_description.json`` of the source dataset.
    qcfc : bool
        Whether edges were correlated with motion over runs.

    Returns
    -------
    str
        Markdown: a title, a paragraph a topic, and the works cited.
    """
    cleaning = config["cleaning"]
    paragraphs = {"Data": data_sentences(config["dataset"], runs, entries, source)}
    paragraphs["Seeds"] = seed_sentences(seeds, cleaning["seed_smoothing_fwhm"])
    if runs:
        paragraphs["Volumes"] = volume_sentences(runs, cleaning["dummy_scans"])
        paragraphs["Cleaning"] = cleaning_sentences(runs)
        if runs[0]["Cleaning"]["confounds_strategy"] and runs[0]["Cleaning"]["confounds"]:
            paragraphs["Columns of the confounds table"] = column_sentences(runs)
        paragraphs["Connectivity"] = connectivity_sentences(runs, cleaning["smoothing_fwhm"], qcfc)
        paragraphs["Software"] = software_sentences(runs[0]["Software"], snakemake_version, version)
    else:
        paragraphs["Connectivity"] = "All runs were refused: there is no map."
    text = "\n\n".join(f"**{title}.** {words}" for title, words in paragraphs.items())
    cited = [work for work in REFERENCES if work in text]
    works = "\n".join(f"- {REFERENCES[work]}" for work in cited)
    return f"# Methods\n\n{text}\n" + (f"\n## References\n\n{works}\n" if cited else "")


def as_page(markdown):
    """The text as a page for the report.

    Parameters
    ----------
    markdown : str
        From `write`.

    Returns
    -------
    str
        HTML.
    """
    body = []
    for block in markdown.strip().split("\n\n"):
        text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html.escape(block))
        text = re.sub(r"(https://[^\s<]+)", r'<a href="\1">\1</a>', text)
        if text.startswith("#"):
            level = len(text) - len(text.lstrip("#"))
            body.append(f"<h{level}>{text.lstrip('# ')}</h{level}>")
        elif text.startswith("- "):
            items = "".join(f"<li>{line.removeprefix('- ')}</li>" for line in text.split("\n"))
            body.append(f"<ul>{items}</ul>")
        else:
            body.append(f"<p>{text}</p>")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Methods</title>\n'
        "<style>body { font-family: sans-serif; max-width: 46em; margin: 1em auto; line-height: 1.45; }</style>"
        f"</head><body>\n{chr(10).join(body)}\n</body></html>\n"
    )
