import { count, hex, isShown } from "./scale.js";
import { drawOnChange, least, say, scale, shownValues } from "./viewer.js";

/** What nilearn lets choose, without a word of what it is. */
const CHOICES = { hemisphere: "Hemisphere", kind: "Shape of the cortex", view: "Seen from" };

/** Let nilearn's viewer, which shows one map, show what we colour. */
function start() {
  // What nilearn's scripts, which are no modules, leave to all.
  const surface = window.surfaceMapInfo;
  const plot = document.getElementById("surface-plot");
  const chosen = (name) => document.getElementById(`select-${name}`).value;

  // nilearn paints the folds black and white; two greys let the map speak.
  const grey = (color) => (parseInt(color.slice(1, 3), 16) < 100 ? "#8c8c8c" : "#c6c6c6");
  const plain = {
    left: surface.vertexcolor_left.map(grey),
    right: surface.vertexcolor_right.map(grey),
  };

  // nilearn makes the plot as wide as the window.
  const layoutOf = window.getLayout;
  window.getLayout = (...about) => {
    const width = plot.clientWidth;
    const height = Math.min(0.7 * window.innerHeight, (2 / 3) * width);
    return { ...layoutOf(...about), width, height };
  };

  async function draw() {
    const values = await shownValues();
    const from = least();
    let first = 0;
    for (const side of ["left", "right"]) {
      surface[`vertexcolor_${side}`] = plain[side].map((color, vertex) => {
        const level = values[first + vertex];
        return isShown(level, from) ? hex(scale.color(level)) : color;
      });
      first += plain[side].length;
    }
    surface.vertexcolor_both = surface.vertexcolor_left.concat(surface.vertexcolor_right);
    say({ shown: count(values, from).shown, all: values.length }, "vertices shown");
    window.makePlot(chosen("kind"), chosen("hemisphere"), "surface-plot");
  }

  for (const [name, label] of Object.entries(CHOICES)) {
    document.getElementById(`select-${name}`).ariaLabel = label;
  }
  drawOnChange(draw);
}

window.addEventListener("load", start);
