import { count, NONE } from "./scale.js";
import { drawOnChange, given, least, say, scale, shownMap, shownValues } from "./viewer.js";
import { paint, positionOf } from "./volume.js";

/** Let nilearn's viewer, which shows one image, show what we paint. */
function start() {
  const brain = window.brain;
  const overlay = brain.overlay.sprite;
  const canvas = document.createElement("canvas");
  canvas.width = brain.sprite.naturalWidth;
  canvas.height = brain.sprite.naturalHeight;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(canvas.width, canvas.height);
  const words = new Uint32Array(pixels.data.buffer);
  const sheet = { ...brain.nbSlice, columns: brain.nbCol };

  async function draw() {
    const values = await shownValues();
    paint(words, sheet, shownMap(), values, scale, least());
    say(count(values, least()), "voxels shown");
    context.putImageData(pixels, 0, 0);
    overlay.src = canvas.toDataURL();
  }

  /** Say what the value is under the cross. */
  async function tell() {
    const { X, Y, Z } = brain.numSlice;
    const position = positionOf(shownMap(), X, Y, Z);
    const level = position < 0 ? NONE : (await shownValues())[position];
    const place = ["X", "Y", "Z"].map((axis) => Math.round(brain.coordinatesSlice[axis]));
    const { symbol } = given;
    const said =
      level === NONE ? `no ${symbol}` : `${symbol} = ${(level / scale.levels).toFixed(2)}`;
    document.getElementById("here").textContent = `${said} at (${place.join(", ")}) mm`;
  }

  brain.onclick = tell;
  overlay.addEventListener("load", tell);
  drawOnChange(draw, () => {
    [brain.numSlice.X, brain.numSlice.Y, brain.numSlice.Z] = shownMap().cut;
  });
}

window.addEventListener("load", start);
