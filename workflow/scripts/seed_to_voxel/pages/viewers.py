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
from contextlib import contextmanager

import numpy as np

from ..figures.slices import colormap
from ..figures.style import drawable

LEVELS = 127
"""r is rounded to 1 / 127 in the viewers."""

CONTROLS = """
<style>
body { font: 15px/1.4 system-ui, "DejaVu Sans", sans-serif; color: #222; }
body { max-width: 1150px; margin: 1rem auto; padding: 0 1rem; }
#controls { display: flex; gap: 1.6rem; flex-wrap: wrap; align-items: center; margin-bottom: .8rem; }
#controls select, #controls input { font: inherit; vertical-align: middle; }
#controls output { display: inline-block; min-width: 3em; font-variant-numeric: tabular-nums; }
#shown { color: #555; font-size: .9em; }
img.hidden { display: none; }
</style>
<div id="controls">
<label>Map <select id="map">__OPTIONS__</select></label>
<label>|r| at least <input type="range" id="threshold" min="0" max="0.95" step="0.01" value="__THRESHOLD__">
<output id="threshold-value"></output></label>
<span id="shown" role="status"></span>
</div>
"""

SHARED = """
const maps = __MAPS__, colors = __COLORS__, vmax = __VMAX__, levels = 127;
const chosen = document.getElementById("map"), slider = document.getElementById("threshold");
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Int8Array(await new Response(stream).arrayBuffer());
}
const unpacked = new Map();
async function valuesOf(position) {
  if (!unpacked.has(position)) unpacked.set(position, await unpack(maps[position].values));
  return unpacked.get(position);
}
function color(level) {
  const part = Math.min(Math.max((level / levels + vmax) / (2 * vmax), 0), 1);
  return colors[Math.round(part * 255)];
}
function say(above, all, what) {
  document.getElementById("threshold-value").textContent = Number(slider.value).toFixed(2);
  const share = all ? (100 * above / all).toFixed(1) : "0";
  document.getElementById("shown").textContent = above + " of " + all + " " + what + " (" + share + " %)";
}
let waiting = false;
function update() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(async function () { waiting = false; await draw(); });
}
slider.addEventListener("input", update);
"""

SLICES = """
const brain = window.brain, overlay = brain.overlay.sprite;
const nx = brain.nbSlice.X, ny = brain.nbSlice.Y, nz = brain.nbSlice.Z, columns = brain.nbCol;
const canvas = document.createElement("canvas");
canvas.width = brain.sprite.naturalWidth; canvas.height = brain.sprite.naturalHeight;
const context = canvas.getContext("2d"), pixels = context.createImageData(canvas.width, canvas.height);
function scale(least) {
  const bar = document.createElement("canvas");
  bar.width = 256; bar.height = 1;
  const pen = bar.getContext("2d", {willReadFrequently: true});
  for (let step = 0; step < 256; step++) {
    const level = (2 * step / 255 - 1) * vmax * levels;
    const [red, green, blue] = Math.abs(level) < least ? [200, 200, 200] : color(level);
    pen.fillStyle = "rgb(" + red + "," + green + "," + blue + ")";
    pen.fillRect(step, 0, 1, 1);
  }
  return [bar, pen];
}
async function draw() {
  const map = maps[chosen.selectedIndex], values = await valuesOf(chosen.selectedIndex);
  const [mx, my, mz] = map.shape, m = map.matrix, least = Number(slider.value) * levels;
  const words = new Uint32Array(pixels.data.buffer);
  words.fill(0);
  const packed = new Uint32Array(2 * levels + 1);
  for (let level = -levels; level <= levels; level++) {
    const [red, green, blue] = color(level);
    packed[level + levels] = (255 << 24) | (blue << 16) | (green << 8) | red;
  }
  for (let x = 0; x < nx; x++) {
    const left = (x % columns) * ny, top = Math.floor(x / columns) * nz;
    for (let y = 0; y < ny; y++) {
      for (let z = 0; z < nz; z++) {
        const i = Math.round(m[0][0] * x + m[0][1] * y + m[0][2] * z + m[0][3]);
        const j = Math.round(m[1][0] * x + m[1][1] * y + m[1][2] * z + m[1][3]);
        const k = Math.round(m[2][0] * x + m[2][1] * y + m[2][2] * z + m[2][3]);
        if (i < 0 || j < 0 || k < 0 || i >= mx || j >= my || k >= mz) continue;
        const level = values[(i * my + j) * mz + k];
        if (level === 0 || Math.abs(level) < least) continue;
        words[(top + nz - 1 - z) * canvas.width + left + y] = packed[level + levels];
      }
    }
  }
  let above = 0, all = 0;
  for (const level of values) if (level !== 0) { all++; if (Math.abs(level) >= least) above++; }
  say(above, all, "voxels shown");
  [brain.colorMap.img] = scale(least);
  // The value under the cross is read from its colour, which every level must have.
  [brain.colorMap.canvas, brain.colorMap.context] = scale(0);
  context.putImageData(pixels, 0, 0);
  overlay.src = canvas.toDataURL();
}
function jump() {
  const cut = maps[chosen.selectedIndex].cut;
  [brain.numSlice.X, brain.numSlice.Y, brain.numSlice.Z] = cut;
  update();
}
chosen.addEventListener("change", jump);
jump();
"""

SURFACE = """
// nilearn paints the folds black and white; two greys let the map speak.
const grey = (hex) => parseInt(hex.slice(1, 3), 16) < 100 ? "#8c8c8c" : "#c6c6c6";
const plain = {
  left: surfaceMapInfo.vertexcolor_left.map(grey),
  right: surfaceMapInfo.vertexcolor_right.map(grey),
};
const hex = (level) => "#" + color(level).map((part) => part.toString(16).padStart(2, "0")).join("");
async function draw() {
  const values = await valuesOf(chosen.selectedIndex), least = Number(slider.value) * levels;
  const table = [];
  for (let level = -levels; level <= levels; level++) table.push(hex(level));
  let above = 0, start = 0;
  for (const side of ["left", "right"]) {
    const painted = plain[side].slice();
    for (let vertex = 0; vertex < painted.length; vertex++) {
      const level = values[start + vertex];
      if (level === 0 || Math.abs(level) < least) continue;
      painted[vertex] = table[level + levels];
      above++;
    }
    surfaceMapInfo["vertexcolor_" + side] = painted;
    start += painted.length;
  }
  surfaceMapInfo.vertexcolor_both = surfaceMapInfo.vertexcolor_left.concat(surfaceMapInfo.vertexcolor_right);
  surfaceMapInfo.colorscale = Array.from({length: 101}, function (_, step) {
    const level = (2 * step / 100 - 1) * vmax * levels;
    const [red, green, blue] = Math.abs(level) < least ? [190, 190, 190] : color(level);
    return [step / 100, "rgb(" + red + "," + green + "," + blue + ")"];
  });
  say(above, values.length, "vertices shown");
  makePlot($("#select-kind").val(), $("#select-hemisphere").val(), "surface-plot");
}
chosen.addEventListener("change", update);
$(document).ready(update);
"""


def quantise(values):
    """Round r to 8 bits, 0 where there is none.

    Parameters
    ----------
    values : numpy.ndarray

    Returns
    -------
    numpy.ndarray of int8
    """
    return np.rint(LEVELS * np.clip(np.nan_to_num(values), -1, 1)).astype(np.int8)


def _packed(levels):
    return base64.b64encode(zlib.compress(np.ascontiguousarray(levels).tobytes(), 9)).decode()


def _fill(template, **values):
    for name, value in values.items():
        template = template.replace(f"__{name}__", value)
    return template


def _colors(cmap):
    return json.dumps(np.rint(255 * colormap(cmap)(np.linspace(0, 1, 256))[:, :3]).astype(int).tolist())


def _assemble(page, names, maps, script, threshold, vmax, cmap):
    """Put the controls and the maps into a page of nilearn's."""
    import html

    # The page must ask the network for nothing.
    page = re.sub(r'<link rel="icon".*?/>', "", page, flags=re.DOTALL)
    # Nor may the same maps make another file each time: nilearn names its elements at random.
    for name in set(re.findall(r"viewer-([0-9a-f]{32})", page)):
        page = page.replace(name, "of-maps")
    options = "".join(f"<option>{html.escape(name)}</option>" for name in names)
    controls = _fill(CONTROLS, OPTIONS=options, THRESHOLD=f"{threshold:g}")
    # "</" would end the script inside of a string.
    shared = _fill(
        SHARED, MAPS=json.dumps(maps).replace("</", "<\\/"), COLORS=_colors(cmap), VMAX=json.dumps(float(vmax))
    )
    page = _once(page, "<body>", "<body>" + controls)
    return _once(
        page,
        "</body>",
        f"<script>\nwindow.addEventListener('load', function () {{\n{shared}{script}}});\n</script></body>",
    )


def _once(page, found, put):
    if page.count(found) != 1:
        raise RuntimeError(f"nilearn's viewer is not the page it was: {found!r} is there {page.count(found)} times")
    return page.replace(found, put)


def blank():
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
def _nothing_coloured():
    """Nilearn warns that nothing is above the threshold, which is what is wanted here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given float value must not exceed")
        warnings.filterwarnings("ignore", "Warning: 'partition' will ignore the 'mask'")
        yield


def slices_page(shown, threshold, vmax, cmap):
    """A viewer of maps on slices.

    Parameters
    ----------
    shown : list of (str, dict, nibabel image)
        Name, seed (``x``, ``y``, ``z`` in mm) and map of r.
    threshold, vmax : float
    cmap : str

    Returns
    -------
    str
        A self-contained HTML page: nilearn's `view_img` with one background for all maps.
    """
    from nilearn import plotting

    with _nothing_coloured():
        page = plotting.view_img(
            blank(), threshold=0.5, vmax=vmax, cmap=cmap, cut_coords=(0, 0, 0), title="", black_bg=False
        ).html
    page = _once(page, "brain = brainsprite({", "brain = window.brain = brainsprite({")
    given = json.JSONDecoder().raw_decode(page, page.index("brainsprite({") + len("brainsprite("))[0]
    # The viewer counts from 1, and its affine makes up for it.
    to_world = np.array(given["affine"])
    to_world[:3, 3] += to_world[:3, :3].sum(axis=1)
    size = np.array([given["nbSlice"][axis] for axis in "XYZ"])
    maps = []
    for _, seed, image in shown:
        levels = quantise(np.asarray(image.dataobj, dtype=np.float32))
        matrix = np.linalg.inv(image.affine) @ to_world
        cut = np.linalg.inv(to_world) @ (seed["x"], seed["y"], seed["z"], 1)
        maps.append(
            {
                "values": _packed(levels),
                "shape": levels.shape,
                "matrix": np.round(matrix[:3], 8).tolist(),
                "cut": np.clip(np.rint(cut[:3]), 0, size - 1).astype(int).tolist(),
            }
        )
    return _assemble(page, [name for name, *_ in shown], maps, SLICES, threshold, vmax, cmap)


def surface_page(shown, threshold, vmax, cmap):
    """A viewer of maps on the cortical surface.

    Parameters
    ----------
    shown : list of (str, dict, nibabel image)
        Name, seed and map of r.
    threshold, vmax : float
    cmap : str

    Returns
    -------
    str
        A self-contained HTML page: nilearn's `view_img_on_surf` with one cortex for all maps.
    """
    from nilearn import datasets, plotting, surface

    with _nothing_coloured():
        page = plotting.view_img_on_surf(
            blank(), surf_mesh="fsaverage5", threshold=0.5, vmax=vmax, cmap=cmap, colorbar_fontsize=14, title=""
        ).html
    meshes = datasets.load_fsaverage("fsaverage5")
    maps = []
    for _, _, image in shown:
        on_surface = surface.SurfaceImage.from_volume(
            meshes["pial"], drawable(image), inner_mesh=meshes["white_matter"]
        )
        both = np.concatenate([on_surface.data.parts[side].ravel() for side in ("left", "right")])
        maps.append({"values": _packed(quantise(both))})
    return _assemble(page, [name for name, *_ in shown], maps, SURFACE, threshold, vmax, cmap)
