import { makeScale } from "./scale.js";

/** Colour of the scale where nothing is shown. */
const BLANK = [204, 204, 204];

/** What the page's script is given: the maps, and their colours. */
export const given = JSON.parse(document.getElementById("data").textContent);
export const scale = makeScale(given);

const chosen = document.getElementById("map");
const slider = document.getElementById("threshold");
const unpacked = new Map();

/** The smallest level that is shown. */
export const least = () => Number(slider.value) * scale.levels;

/** The chosen map. */
export const shownMap = () => given.maps[chosen.selectedIndex];

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Int8Array(await new Response(stream).arrayBuffer());
}

/** Levels of the chosen map, unpacked once. */
export function shownValues() {
  const map = shownMap();
  if (!unpacked.has(map)) unpacked.set(map, unpack(map.values));
  return unpacked.get(map);
}

/** Say how much of a map is shown, and show in which colours. */
export function say({ shown, all }, what) {
  document.getElementById("threshold-value").textContent = Number(slider.value).toFixed(2);
  const share = all ? ((100 * shown) / all).toFixed(1) : "0";
  document.getElementById("shown").textContent = `${shown} of ${all} ${what} (${share} %)`;
  const stops = scale.ramp(201, least(), BLANK).map((color) => `rgb(${color})`);
  document.getElementById("colors").style.background =
    `linear-gradient(to right, ${stops.join(", ")})`;
}

/** Draw when another map is chosen, which may have to be prepared for, and when the threshold moves. */
export function drawOnChange(draw, prepare = () => {}) {
  let waiting = false;
  const update = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
  const change = () => {
    prepare();
    update();
  };
  slider.addEventListener("input", update);
  chosen.addEventListener("change", change);
  change();
}
