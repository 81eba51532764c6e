"""The further figures of a map: their kinds and what belongs to each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of figure.

    Attributes
    ----------
    name : str
        What the report calls it.
    category : str
        Where it stands in the report: ``maps`` or ``statistics``.
    table : bool
        Whether a table belongs to it.
    needs_mni : bool
        Whether it shows a map on a template, or beside named nodes.
    """

    name: str
    category: str
    table: bool = False
    needs_mni: bool = False


KINDS = {
    "location": Kind("seed on the mean image", "maps"),
    "mosaic": Kind("slice mosaic", "maps"),
    "glassbrain": Kind("glass brain", "maps", needs_mni=True),
    "surface": Kind("cortical surface", "maps", needs_mni=True),
    "distribution": Kind("distribution of r", "statistics"),
    "clusters": Kind("clusters and peaks", "statistics", table=True, needs_mni=True),
    "networks": Kind("network profile", "statistics", table=True, needs_mni=True),
}
"""By the name that stands for each in file names (``desc-mosaic_figure.png``) and in the config."""

ON_SURFACE = ("location", "distribution", "clusters", "networks")
"""Those that runs on the cortical surface have too."""

SEPARATOR = "__"
"""Between kind and seed in the names of rules' outputs; labels of seeds have neither '_' nor '-'."""


def output_name(kind: str, label: str) -> str:
    """Name of a rule's output that holds the files of a further figure of a seed's map."""
    return f"{kind}{SEPARATOR}{label}"


def is_further(output: str) -> bool:
    """Whether an output of a rule is a further figure, by its name."""
    return SEPARATOR in output
