import { paintCortex } from "./cortex.js";
import { niftiFile } from "./nifti.js";
import {
  nearestNode,
  PLANES,
  paintPlane,
  placeOf,
  positionIn,
  voxelOf,
  voxelSize,
  within,
} from "./planes.js";
import { inflate, numbering, positions } from "./reduced.js";
import { makeScale } from "./scale.js";
import { fromHash, seedRow, toHash } from "./view.js";

/** What the page was given. */
export const given = JSON.parse(document.getElementById("data").textContent);
const element = (id) => document.getElementById(id);
const slider = {
  radius: element("radius"),
  threshold: element("threshold"),
  range: element("range"),
};
const setting = (name) => Number(slider[name].value);

/** Colour of the scale where nothing is shown. */
const BLANK = [204, 204, 204];

/** Whether the page lies in a file or on a server of its own, so that its address leads back to it. */
const ADDRESSED = /^(file|https?):$/.test(window.location.protocol) && window.self === window.top;

const say = (id, text) => {
  element(id).textContent = text;
};
const inMm = (place) => `(${place.map((value) => Number(value.toFixed(1))).join(", ")}) mm`;
export const written = (value) => value.toFixed(2).replace("-", "−");

/** Where voxels and cortex are, and how they look without a map. */
async function unpack() {
  const [bits, background] = await Promise.all([given.mask, given.background].map(inflate));
  const size = background.length;
  const places = positions(bits, size);
  const numbers = numbering(places, size);
  const { affine, shape } = given;
  const views = await Promise.all(
    given.cortex.views.map(async ({ width, height, vertices, grey }) => ({
      width,
      height,
      vertices: new Int16Array((await inflate(vertices)).buffer),
      grey: await inflate(grey),
    })),
  );
  return {
    views,
    voxelsOfCortex: new Int32Array((await inflate(given.cortex.voxels)).buffer),
    grid: { affine, shape, numbers, background, places },
  };
}

function start({ grid, views, voxelsOfCortex }, model) {
  const { affine, shape, numbers, places } = grid;
  const size = voxelSize(affine);
  const r = model.shown;
  const cut = [0, 0, 0];
  let pointed = null;
  let seeded = false;
  let moved = true;
  let waiting = false;
  /** Coordinates that were typed, until the seed is moved otherwise. */
  let asked = null;

  const clip = (voxel) => voxel.map((at, axis) => Math.min(Math.max(at, 0), shape[axis] - 1));
  const ofPlace = (place) => clip(voxelOf(affine, place));

  /** Make the map of the seed, and say where it is. */
  function makeMap() {
    const chosen = numbers[positionIn(shape, cut)] < 0 ? [] : within(setting("radius"), cut, grid);
    const place = placeOf(affine, cut);
    const node = nearestNode(given.nodes, place);
    const { selectedIndex } = element("seeds");
    if (selectedIndex > 0 && ofPlace(given.seeds[selectedIndex - 1].at).join() !== cut.join()) {
      element("seeds").selectedIndex = 0;
    }
    say("node", `${node.name} (${node.network}), ${node.distance.toFixed(0)} mm away`);
    element("place").value = place.map((value) => Number(value.toFixed(1))).join(", ");
    const away = asked ? Math.hypot(...place.map((value, axis) => value - asked[axis])) : 0;
    const near =
      away < 0.05 ? "" : `, the voxel nearest to ${inMm(asked)}, ${away.toFixed(1)} mm away`;
    const chance = model.makeMap(chosen);
    seeded = chance !== null;
    element("row").disabled = element("save").disabled = !seeded;
    if (!seeded) {
      say("seed", `${inMm(place)}${near}: no voxel of the brain, so there is no map`);
      say("chance", "–");
      return;
    }
    say(
      "seed",
      `${inMm(place)}, ${chosen.length === 1 ? "1 voxel" : `${chosen.length} voxels`}${near}`,
    );
    say("chance", chance);
  }

  function paint() {
    const [threshold, range] = [setting("threshold"), setting("range")];
    const scale = makeScale({ colors: given.colors, vmax: range, levels: 1 });
    for (const [name, plane] of Object.entries(PLANES)) {
      const [width, height] = [shape[plane.across], shape[plane.up]];
      const small = new OffscreenCanvas(width, height);
      const context = small.getContext("2d");
      const image = context.createImageData(width, height);
      paintPlane(
        new Uint32Array(image.data.buffer),
        plane,
        cut[plane.cuts],
        grid,
        seeded ? r : null,
        scale,
        threshold,
      );
      context.putImageData(image, 0, 0);
      draw(name, plane, small);
    }
    views.forEach((view, at) => {
      const canvas = element(`cortex-${at}`);
      const context = canvas.getContext("2d");
      const image = context.createImageData(view.width, view.height);
      const words = new Uint32Array(image.data.buffer);
      paintCortex(words, view, voxelsOfCortex, seeded ? r : null, scale, threshold);
      context.putImageData(image, 0, 0);
    });
    let shown = 0;
    let all = 0;
    for (const value of seeded ? r : []) {
      if (Number.isNaN(value)) continue;
      all++;
      if (Math.abs(value) >= threshold) shown++;
    }
    say(
      "shown",
      seeded ? `${shown} of ${all} voxels (${((100 * shown) / all).toFixed(1)} %)` : "–",
    );
    const stops = scale.ramp(201, threshold, BLANK).map((color) => `rgb(${color})`);
    element("colors").style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    say("low", `−${range}`);
    say("high", `${range}`);
    say("threshold-value", threshold.toFixed(2));
    say("range-value", range.toFixed(2));
    say("radius-value", setting("radius") ? `${setting("radius")} mm` : "1 voxel");
  }

  /** A plane on the screen, with the cross and the sides. */
  function draw(name, { cuts, across, up }, small) {
    const canvas = element(name);
    const dots = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * dots);
    canvas.height = Math.round(canvas.clientHeight * dots);
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
    const x = ((cut[across] + 0.5) / shape[across]) * canvas.width;
    const y = (1 - (cut[up] + 0.5) / shape[up]) * canvas.height;
    context.strokeStyle = "#1b9e3a";
    context.lineWidth = dots;
    const gap = 6 * dots;
    context.beginPath();
    for (const [fromX, fromY, toX, toY] of [
      [0, y, x - gap, y],
      [x + gap, y, canvas.width, y],
      [x, 0, x, y - gap],
      [x, y + gap, x, canvas.height],
    ]) {
      context.moveTo(fromX, fromY);
      context.lineTo(toX, toY);
    }
    context.stroke();
    context.fillStyle = "#ffffff";
    context.font = `${12 * dots}px system-ui, sans-serif`;
    context.textBaseline = "top";
    const [left, right] = across === 0 ? ["L", "R"] : ["P", "A"];
    context.fillText(left, 4 * dots, 4 * dots);
    context.textAlign = "right";
    context.fillText(right, canvas.width - 4 * dots, 4 * dots);
    context.textAlign = "left";
    context.textBaseline = "bottom";
    const at = Number(placeOf(affine, cut)[cuts].toFixed(1));
    context.fillText(
      `${"xyz"[cuts]} = ${at}`.replace("-", "−"),
      4 * dots,
      canvas.height - 4 * dots,
    );
  }

  function keepAddress() {
    if (!ADDRESSED) return;
    const [x, y, z] = placeOf(affine, cut);
    const [radius, threshold, range] = ["radius", "threshold", "range"].map(setting);
    window.history.replaceState(null, "", `#${toHash({ x, y, z, radius, threshold, range })}`);
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

  function moveTo(voxel) {
    const next = clip(voxel);
    asked = null;
    if (!moved && next.every((at, axis) => at === cut[axis])) return;
    next.forEach((at, axis) => {
      cut[axis] = at;
    });
    moved = true;
    update();
  }

  /** The voxel below the pointer. */
  function below(event, { cuts, across, up }) {
    const box = event.currentTarget.getBoundingClientRect();
    const voxel = [0, 0, 0];
    voxel[cuts] = cut[cuts];
    voxel[across] = Math.floor(((event.clientX - box.left) / box.width) * shape[across]);
    voxel[up] = shape[up] - 1 - Math.floor(((event.clientY - box.top) / box.height) * shape[up]);
    return clip(voxel);
  }

  /** Say what the map has below the pointer. */
  function tell() {
    if (!pointed) return;
    const number = numbers[positionIn(shape, pointed)];
    const value = seeded && number >= 0 ? model.at(number) : "no r";
    say("here", `${value} at ${inMm(placeOf(affine, pointed))}`);
  }

  for (const [name, plane] of Object.entries(PLANES)) {
    const canvas = element(name);
    const { cuts, across, up } = plane;
    const [width, height] = [shape[across] * size[across], shape[up] * size[up]];
    canvas.style.aspectRatio = `${width} / ${height}`;
    // In proportion to what they show, so that a millimetre is as long on all three.
    canvas.style.flex = `${width} 1 0`;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      moveTo(below(event, plane));
    });
    canvas.addEventListener("pointermove", (event) => {
      const voxel = below(event, plane);
      pointed = voxel;
      if (event.buttons & 1) moveTo(voxel);
      tell();
    });
    canvas.addEventListener("keydown", (event) => {
      const far = event.shiftKey ? 5 : 1;
      const step = {
        ArrowLeft: [across, -far],
        ArrowRight: [across, far],
        ArrowDown: [up, -far],
        ArrowUp: [up, far],
        PageDown: [cuts, -far],
        PageUp: [cuts, far],
      }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = [...cut];
      next[step[0]] += step[1];
      moveTo(next);
    });
  }

  views.forEach((view, at) => {
    const canvas = element(`cortex-${at}`);
    canvas.width = view.width;
    canvas.height = view.height;
    canvas.style.aspectRatio = `${view.width} / ${view.height}`;
    canvas.style.flex = `${view.width} 1 0`;
    /** The voxel of the cortex below the pointer, or null. */
    const touched = (event) => {
      const box = canvas.getBoundingClientRect();
      const column = Math.floor(((event.clientX - box.left) / box.width) * view.width);
      const row = Math.floor(((event.clientY - box.top) / box.height) * view.height);
      const number = voxelsOfCortex[view.vertices[row * view.width + column]] ?? -1;
      if (number < 0) return null;
      const [, ny, nz] = shape;
      const position = places[number];
      return [Math.floor(position / (ny * nz)), Math.floor(position / nz) % ny, position % nz];
    };
    const follow = (event) => {
      const voxel = touched(event);
      if (!voxel) return;
      pointed = voxel;
      if (event.buttons & 1) moveTo(voxel);
      tell();
    };
    canvas.addEventListener("pointerdown", follow);
    canvas.addEventListener("pointermove", follow);
  });

  slider.threshold.addEventListener("input", update);
  slider.range.addEventListener("input", update);
  slider.radius.addEventListener("input", () => {
    moved = true;
    update();
  });
  element("seeds").addEventListener("change", (event) => {
    const chosen = given.seeds[event.target.selectedIndex - 1];
    if (!chosen) return;
    // A seed that is no sphere is shown by its voxel in the middle.
    slider.radius.value = chosen.radius ?? 0;
    moved = true;
    moveTo(ofPlace(chosen.at));
  });
  element("place").addEventListener("change", (event) => {
    const place = (event.target.value.replaceAll("−", "-").match(/-?\d+(\.\d+)?/g) || []).map(
      Number,
    );
    if (place.length === 3) {
      moved = true;
      moveTo(ofPlace(place));
      asked = place;
    } else say("seed", "expected three numbers: x, y and z in mm");
  });

  /** Copy a text; where a page may not, it is shown. */
  async function copy(text, what) {
    try {
      await navigator.clipboard.writeText(text);
      say("said", `${what} copied`);
    } catch {
      say("said", text);
    }
  }
  const rounded = () => placeOf(affine, cut).map((value) => Number(value.toFixed(1)));
  element("row").addEventListener("click", () =>
    copy(seedRow(rounded(), setting("radius")), "Row"),
  );
  element("link").hidden = !ADDRESSED;
  element("link").addEventListener("click", () => copy(window.location.href, "Link"));
  element("save").addEventListener("click", () => {
    const values = new Float32Array(numbers.length);
    const map = model.saved();
    places.forEach((at, number) => {
      values[at] = map.values[number];
    });
    const label = seedRow(rounded(), setting("radius")).split("\t")[0];
    const file = niftiFile(shape, affine, values, `${map.what}, explorer, seed ${label}`);
    const address = URL.createObjectURL(new Blob([file], { type: "application/octet-stream" }));
    const anchor = document.createElement("a");
    anchor.href = address;
    anchor.target = "_self";
    anchor.download = `${given.name}_seed-${label}_desc-explore_statmap.nii`;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  });

  /** Show the view of the address, or that of the first seed. */
  function restore(address) {
    const view = fromHash(new URL(address).hash);
    for (const name of Object.keys(slider)) if (name in view) slider[name].value = view[name];
    const here = ["x", "y", "z"].every((axis) => axis in view);
    moved = true;
    moveTo(ofPlace(here ? [view.x, view.y, view.z] : given.seeds[0].at));
  }

  window.addEventListener("hashchange", (event) => restore(event.newURL));
  new ResizeObserver(update).observe(document.querySelector(".planes"));
  restore(window.location.href);
  element("loading").hidden = true;
}

/**
 * Start the page.
 *
 * @param {(grid: object) => Promise<object>} modelOf Unpacks what makes maps: `shown`, r of each voxel, which is
 *   painted; `makeMap(numbers)`, which fills it for a seed of some voxels and says what chance makes of it, or null
 *   where they have no map; `at(number)`, words for a voxel; `saved()`, the `values` of a file and `what` they are.
 */
export async function explore(modelOf) {
  const unpacked = await unpack();
  start(unpacked, await modelOf(unpacked.grid));
}
