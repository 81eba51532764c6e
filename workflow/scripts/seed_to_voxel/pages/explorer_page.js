import { nearestNode } from "./nodes.js";
import { makeScale } from "./scale.js";
import { fromHash, toHash } from "./view.js";

/** What the page was given. */
export const given = JSON.parse(document.getElementById("data").textContent);
export const element = (id) => document.getElementById(id);
const slider = {
  radius: element("radius"),
  threshold: element("threshold"),
  range: element("range"),
};
export const setting = (name) => Number(slider[name].value);

/** Colour of the scale where nothing is shown. */
const BLANK = [204, 204, 204];

/** Whether the page lies in a file or on a server of its own, so that its address leads back to it. */
const ADDRESSED = /^(file|https?):$/.test(window.location.protocol) && window.self === window.top;

const say = (id, text) => {
  element(id).textContent = text;
};
export const roundedPlace = (place) => place.map((value) => Number(value.toFixed(1)));
export const inMm = (place) => `(${roundedPlace(place).join(", ")}) mm`;
export const written = (value) => value.toFixed(2).replace("-", "−");

/** Copy a text; where a page may not, it is shown. */
async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say("said", `${what} copied`);
  } catch {
    say("said", text);
  }
}

/** Let the browser save a file. */
function download(name, content) {
  const address = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.target = "_self";
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/**
 * Start the page.
 *
 * @param {object} space Where seeds can be, and how maps are drawn there. A spot is a place that can be pointed at:
 *   `one`, `many`, words for what has a value, `nowhere`, what is said of a spot without one, `expected`, what is said
 *   of a text that is no place; `spotOf(place)`, the spot nearest to mm, `placeOf(spot)`, its mm, `keyOf(spot)`, alike
 *   for the same spot, `nameOf(spot)`, words before its place, `spotOfSeed(seed)` of a seed of the study, `home()`
 *   where the page begins; `read(text)`, the `place` that a text names and perhaps its `spot`, or null; `numberOf(spot)`, the
 *   number of its value or -1; `chosen(spot, radius)`, the `numbers` of what makes up a seed there, perhaps with
 *   `weights`; `paint({spot, numbers, r, scale, threshold, range})`, r being null
 *   without a map; `look()`, numbers that an
 *   address keeps beside the seed, `restore(view)`; `row(spot, radius)`, a text for the table of seeds;
 *   `label(spot)`; `files`, by the buttons' ids what makes `name` and `content` of a file of the map's `values`, `what`
 *   they are and the seed's `label`; `listen({moveTo, point, update})`, told once what to call when the seed is moved
 *   to a spot, the pointer is at one, and something else has to be drawn anew.
 * @param {object} model What makes maps: `shown`, r of each number, which is painted; `makeMap(numbers, weights)`, which
 *   fills it and says what chance makes of it, or null where there is no map; `at(number)`, words for a value;
 *   `saved()`, the `values` of a file and `what` they are.
 */
export function startPage(space, model) {
  const r = model.shown;
  let spot = space.home();
  let chosen = { numbers: [] };
  let pointed = null;
  let seeded = false;
  let moved = true;
  let waiting = false;
  /** Coordinates that were typed, until the seed is moved otherwise. */
  let asked = null;

  /** Make the map of the seed, and say where it is. */
  function makeMap() {
    chosen = space.chosen(spot, setting("radius"));
    const place = space.placeOf(spot);
    const node = nearestNode(given.nodes, place);
    const own = given.seeds[element("seeds").selectedIndex - 1];
    if (own && space.keyOf(space.spotOfSeed(own)) !== space.keyOf(spot)) {
      element("seeds").selectedIndex = 0;
    }
    say("node", `${node.name} (${node.network}), ${node.distance.toFixed(0)} mm away`);
    element("place").value = roundedPlace(place).join(", ");
    const away = asked ? Math.hypot(...place.map((value, axis) => value - asked[axis])) : 0;
    const near =
      away < 0.05 ? "" : `, the ${space.one} nearest to ${inMm(asked)}, ${away.toFixed(1)} mm away`;
    const chance = model.makeMap(chosen.numbers, chosen.weights);
    seeded = chance !== null;
    for (const id of ["row", ...Object.keys(space.files)]) element(id).disabled = !seeded;
    const where = `${space.nameOf(spot)}${inMm(place)}`;
    if (!seeded) {
      say("seed", `${where}${near}: ${space.nowhere}`);
      say("chance", "–");
      return;
    }
    const { length } = chosen.numbers;
    say("seed", `${where}, ${length} ${length === 1 ? space.one : space.many}${near}`);
    say("chance", chance);
  }

  function paint() {
    const [threshold, range] = [setting("threshold"), setting("range")];
    const scale = makeScale({ colors: given.colors, vmax: range, levels: 1 });
    const { numbers } = chosen;
    space.paint({ spot, numbers, r: seeded ? r : null, scale, threshold, range });
    let shown = 0;
    let all = 0;
    for (const value of seeded ? r : []) {
      if (Number.isNaN(value)) continue;
      all++;
      if (Math.abs(value) >= threshold) shown++;
    }
    say(
      "shown",
      seeded ? `${shown} of ${all} ${space.many} (${((100 * shown) / all).toFixed(1)} %)` : "–",
    );
    const stops = scale.ramp(201, threshold, BLANK).map((color) => `rgb(${color})`);
    element("colors").style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    say("low", `−${range}`);
    say("high", `${range}`);
    say("threshold-value", threshold.toFixed(2));
    say("range-value", range.toFixed(2));
    say("radius-value", setting("radius") ? `${setting("radius")} mm` : `1 ${space.one}`);
  }

  function keepAddress() {
    if (!ADDRESSED) return;
    const [x, y, z] = space.placeOf(spot);
    const [radius, threshold, range] = ["radius", "threshold", "range"].map(setting);
    const view = { x, y, z, radius, threshold, range, ...space.look() };
    window.history.replaceState(null, "", `#${toHash(view)}`);
  }

  /** Say what the map has below the pointer. */
  function tell() {
    if (pointed === null) return;
    const number = space.numberOf(pointed);
    const value = seeded && number >= 0 ? model.at(number) : "no r";
    say("here", `${value} at ${space.nameOf(pointed)}${inMm(space.placeOf(pointed))}`);
  }

  /** Once before the next picture, however often it is asked for. */
  function update() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      const begins = performance.now();
      if (moved) makeMap();
      tell();
      paint();
      // From a click to what is seen of it, for whoever wonders how long it takes.
      if (moved && seeded) performance.measure("map", { start: begins });
      moved = false;
      keepAddress();
    });
  }

  function moveTo(next) {
    asked = null;
    if (!moved && space.keyOf(next) === space.keyOf(spot)) return;
    spot = next;
    moved = true;
    update();
  }

  space.listen({
    moveTo,
    update,
    point(at) {
      pointed = at;
      tell();
    },
  });
  slider.threshold.addEventListener("input", update);
  slider.range.addEventListener("input", update);
  slider.radius.addEventListener("input", () => {
    moved = true;
    update();
  });
  element("seeds").addEventListener("change", (event) => {
    const own = given.seeds[event.target.selectedIndex - 1];
    if (!own) return;
    // A seed that is no sphere is shown by what is in its middle.
    slider.radius.value = own.radius ?? 0;
    moved = true;
    moveTo(space.spotOfSeed(own));
  });
  element("place").addEventListener("change", (event) => {
    const found = space.read(event.target.value.replaceAll("−", "-"));
    if (!found) {
      say("seed", space.expected);
      return;
    }
    moved = true;
    moveTo(found.spot ?? space.spotOf(found.place));
    asked = found.place;
  });
  element("row").addEventListener("click", () => copy(space.row(spot, setting("radius")), "Row"));
  element("link").hidden = !ADDRESSED;
  element("link").addEventListener("click", () => copy(window.location.href, "Link"));
  for (const [id, make] of Object.entries(space.files)) {
    element(id).addEventListener("click", () => {
      const { name, content } = make({ ...model.saved(), label: space.label(spot) });
      download(name, content);
    });
  }

  /** Show the view of the address, or that of the first seed. */
  function restore(address) {
    const view = fromHash(new URL(address).hash);
    for (const name of Object.keys(slider)) if (name in view) slider[name].value = view[name];
    const here = ["x", "y", "z"].every((axis) => axis in view);
    space.restore(view);
    moved = true;
    moveTo(here ? space.spotOf([view.x, view.y, view.z]) : space.home());
  }

  window.addEventListener("hashchange", (event) => restore(event.newURL));
  new ResizeObserver(update).observe(document.querySelector(".planes"));
  restore(window.location.href);
  element("loading").hidden = true;
}

/** The three numbers of a text, or null. */
export function placeIn(text) {
  const place = (text.match(/-?\d+(\.\d+)?/g) || []).map(Number);
  return place.length === 3 ? place : null;
}
