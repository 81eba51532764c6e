"""Interactive viewers: nilearn's pages, with a choice of maps and of the threshold.

nilearn makes a page for one map at one threshold, and each holds its own copy of the brain and of the plotting
library. Pages in a report cannot share files, so one page holds all chosen maps: as 8-bit values, which it colours
itself.
"""

import base64
import json
import re
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from ..figures.slices import palette
from ..figures.style import drawable
from .page import render

FILES = ("viewer.html.j2", "viewer.js", "scale.js", "slices.js", "volume.js", "surface.js")

LEVELS = 127
"""The largest level that values are rounded to in the viewers."""

NONE = -128
"""The level of a place without a value, as `scale.js` has it; 0 is that of values near to 0."""


class Quantity(NamedTuple):
    """What a viewer's maps hold.

    Attributes
    ----------
    symbol, label : str
        Short, and beside the colours.
    reach : float
        Size of the value that the largest level stands for; larger ones are shown as that.
    """

    symbol: str
    label: str
    reach: float


PEARSON = Quantity("r", "Pearson r", 1)
DEVIATE = Quantity("z", "z (normal deviate)", 8)

KINDS = {
    "slices": ("Maps on slices", "Click or drag on a slice to move the cross."),
    "surface": ("Maps on the cortex", "Drag to turn the brain, scroll to come closer."),
}
"""Title of each kind of viewer, and how to use it."""

Shown = Sequence[tuple[str, Mapping, Any]]
"""Of each map its name, its seed (``x``, ``y``, ``z`` in mm), and the image of r, or its values on fsaverage5."""


def quantise(values: np.ndarray, reach: float = 1) -> np.ndarray:
    """Round values to 8 bits; where there is none, which is 0 in a map, or NaN, to `NONE`.

    Parameters
    ----------
    values : numpy.ndarray
    reach : float
        Size of the largest.

    Returns
    -------
    numpy.ndarray of int8
    """
    there = np.isfinite(values) & (values != 0)
    levels = np.rint(LEVELS * np.clip(np.where(there, values, 0) / reach, -1, 1))
    return np.where(there, levels, NONE).astype(np.int8)


def packed(levels: np.ndarray) -> str:
    """Levels as text: their bytes in C order, deflated (zlib), in base 64."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(levels).tobytes(), 9)).decode()


def once(page: str, found: str, put: str = "", *, pattern: bool = False) -> str:
    """Replace what must be there once; else nilearn's page is another one than this was written for."""
    search = found if pattern else re.escape(found)
    page, count = re.subn(search, lambda _: put, page, flags=re.DOTALL)
    if count != 1:
        raise RuntimeError(f"nilearn's viewer is not the page it was: {found!r} is there {count} times")
    return page


class Parts(NamedTuple):
    """What a page of nilearn's has in its head and in its body."""

    head: Markup
    body: Markup


def parts(page: str) -> Parts:
    """Take a page of nilearn's apart.

    Parameters
    ----------
    page : str

    Returns
    -------
    Parts
        Without title, settings and icon, which are the base's; the same for the same maps.

    Raises
    ------
    RuntimeError
        If the page is not made as it was.
    """
    for found in (r"<title>Nilearn - [^<]*</title>", r'<meta name="viewport".*?/>', r'<link rel="icon".*?/>'):
        page = once(page, found, pattern=True)
    # nilearn names its elements at random.
    for name in set(re.findall(r"viewer-([0-9a-f]{32})", page)):
        page = page.replace(name, "of-maps")
    for tag in ("<head>", "</head>", "<body>", "</body>"):
        once(page, tag)
    return Parts(*(Markup(page.split(f"<{name}>")[1].split(f"</{name}>")[0].strip()) for name in ("head", "body")))


def assemble(
    kind: str,
    page: str,
    shown: Shown,
    maps: Sequence[Mapping],
    look: tuple[float, float, str],
    quantity: Quantity = PEARSON,
    of: str = "",
) -> str:
    """Put the controls and the maps around the viewer of a page of nilearn's; see `slices_page` for the look."""
    threshold, vmax, cmap = look
    title, advice = KINDS[kind]
    levels = LEVELS / quantity.reach
    return render(
        "viewer.html.j2",
        FILES,
        script=f"{kind}.js",
        data={
            "maps": maps,
            "colors": palette(cmap, 256),
            "vmax": float(vmax),
            "levels": levels,
            "symbol": quantity.symbol,
        },
        quantity=quantity,
        rounded=f"1/{levels:g}" if quantity.reach == 1 else f"{1 / levels:.2g}",
        most=f"{0.95 * quantity.reach:g}",
        nilearns=parts(page),
        title=f"{title}: {of}" if of else title,
        advice=advice,
        names=[name for name, *_ in shown],
        threshold=f"{threshold:g}",
        vmax=f"{vmax:g}",
    )


def blank() -> Any:
    """A map that shows nothing on a page of nilearn's, whose colours all come from the page's script.

    Returns
    -------
    nibabel.Nifti1Image
        All around the MNI brain; no value reaches 0.5.
    """
    from nibabel import Nifti1Image

    affine = np.diag([40.0, 40, 40, 1])
    affine[:3, 3] = (-80, -120, -70)
    return Nifti1Image(np.linspace(0, 0.1, 150, dtype=np.float32).reshape(5, 6, 5), affine)


@contextmanager
def nothing_coloured() -> Iterator[None]:
    """Nilearn warns that nothing is above the threshold, which is what is wanted here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given float value must not exceed")
        warnings.filterwarnings("ignore", "Warning: 'partition' will ignore the 'mask'")
        yield


def slices_page(
    shown: Shown, threshold: float, vmax: float, cmap: str, quantity: Quantity = PEARSON, of: str = ""
) -> str:
    """A viewer of maps on slices.

    Parameters
    ----------
    shown : Shown
    threshold, vmax : float
    cmap : str
    quantity : Quantity
    of : str
        Whose maps, for the page's title.

    Returns
    -------
    str
        A self-contained HTML page: nilearn's `view_img` with one background for all maps.
    """
    from nilearn import plotting

    with nothing_coloured():
        page = plotting.view_img(
            blank(), threshold=0.5, cut_coords=(0, 0, 0), colorbar=False, title="", black_bg=False
        ).html
    page = once(page, "brain = brainsprite({", "brain = window.brain = brainsprite({")
    given = json.JSONDecoder().raw_decode(page, page.index("brainsprite({") + len("brainsprite("))[0]
    # The viewer counts from 1, and its affine makes up for it.
    to_world = np.array(given["affine"])
    to_world[:3, 3] += to_world[:3, :3].sum(axis=1)
    size = np.array([given["nbSlice"][axis] for axis in "XYZ"])
    maps = []
    for _, seed, image in shown:
        levels = quantise(np.asarray(image.dataobj, dtype=np.float32), quantity.reach)
        matrix = np.linalg.inv(image.affine) @ to_world
        cut = np.linalg.inv(to_world) @ (seed["x"], seed["y"], seed["z"], 1)
        maps.append(
            {
                "values": packed(levels),
                "shape": levels.shape,
                "matrix": np.round(matrix[:3], 8).tolist(),
                "cut": np.clip(np.rint(cut[:3]), 0, size - 1).astype(int).tolist(),
            }
        )
    return assemble("slices", page, shown, maps, (threshold, vmax, cmap), quantity, of)


def surface_page(
    shown: Shown, threshold: float, vmax: float, cmap: str, quantity: Quantity = PEARSON, of: str = ""
) -> str:
    """A viewer of maps on the cortical surface, as `slices_page`: nilearn's `view_img_on_surf` with one cortex."""
    from nilearn import datasets, plotting, surface

    with nothing_coloured():
        page = plotting.view_img_on_surf(blank(), surf_mesh="fsaverage5", threshold=0.5, colorbar=False, title="").html
    meshes = datasets.load_fsaverage("fsaverage5")
    maps = []
    for _, _, image in shown:
        if isinstance(image, np.ndarray):
            both = image
        else:
            on_surface = surface.SurfaceImage.from_volume(
                meshes["pial"], drawable(image), inner_mesh=meshes["white_matter"]
            )
            both = np.concatenate([on_surface.data.parts[side].ravel() for side in ("left", "right")])
        maps.append({"values": packed(quantise(both, quantity.reach))})
    return assemble("surface", page, shown, maps, (threshold, vmax, cmap), quantity, of)
