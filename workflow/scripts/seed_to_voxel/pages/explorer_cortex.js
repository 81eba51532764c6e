import { element, given, placeIn, roundedPlace, startPage } from "./explorer_page.js";
import { giftiFile } from "./gifti.js";
import { earlierOnes, nearestVertex, unfoldOnMesh } from "./mesh.js";
import { runModel } from "./run_model.js";
import { joinedMeshes } from "./sheet.js";
import {
  directions,
  inks,
  letter,
  outline,
  paintTurned,
  raster,
  vertexAt,
  viewName,
} from "./turned.js";
import { seedLabel, vertexTable } from "./view.js";

/** What each picture shows: hemisphere, and whether from the side that is turned to or from the opposite one. */
const PICTURES = [
  { hemisphere: "L", from: 1 },
  { hemisphere: "R", from: 1 },
  { hemisphere: "L", from: -1 },
  { hemisphere: "R", from: -1 },
];
const SIDES = { L: -1, R: 1 };
const WORDS = { L: "left", R: "right" };

/** How the cortex can be turned by a button: degrees around the vertical, and to above. */
const TURNED = { sides: [0, 0], above: [0, 90], front: [90, 0] };

/** Degrees of a key, and of the width of a picture that is dragged; ms after a key until it is drawn finely. */
const [KEY, DRAG, REST] = [15, 150, 250];

/** Share of a picture's width that the longest way through a brain takes. */
const FILLED = 0.94;

/** Pixels of all pictures together; fewer while the brain turns. */
const [STILL, TURNING] = [1.6e6, 0.7e6];

/** An angle between -180 and 180 degrees. */
const wrapped = (degrees) => ((((degrees + 180) % 360) + 360) % 360) - 180;
const upright = (degrees) => Math.min(Math.max(degrees, -90), 90);

/** Vertices of both hemispheres on four pictures that turn together; see `startPage`. */
function vertexSpace({ mni, drawn, numbers, vertexOf, left, snapped, patch }) {
  const values = new Float32Array(numbers.length);
  const canvases = PICTURES.map((_, at) => element(`cortex-${at}`));
  const pictures = [];
  let [turn, tilt] = TURNED.sides;
  let turning = false;
  let ink = null;

  const hemisphereOf = (vertex) => (vertex < left ? "L" : "R");
  const inOwn = (vertex) => (vertex < left ? vertex : vertex - left);
  const numberOf = (vertex) => numbers[vertex];
  const placeOf = (vertex) => [...mni.subarray(3 * vertex, 3 * vertex + 3)];
  const rounded = (vertex) => roundedPlace(placeOf(vertex));
  const spotOf = (place) => nearestVertex(mni, place, (v) => numbers[v] >= 0 && snapped(v) === v);

  /** See what is where from the side that is turned to, unless that is known. */
  function look() {
    const dots = window.devicePixelRatio || 1;
    const shown = canvases.reduce(
      (sum, { clientWidth, clientHeight }) => sum + clientWidth * clientHeight,
      0,
    );
    // Twice as fine as the screen, which smooths what is steep.
    const fine = Math.min(2 * dots, Math.sqrt((turning ? TURNING : STILL) / Math.max(shown, 1)));
    PICTURES.forEach(({ hemisphere, from }, at) => {
      const { clientWidth, clientHeight } = canvases[at];
      const [width, height] = [clientWidth, clientHeight].map((length) =>
        Math.max(Math.round(fine * length), 1),
      );
      // As fine as another size of the window may have as many pixels.
      const key = [width, height, fine, turn, tilt].join();
      if (pictures[at]?.key === key) return;
      const mesh = drawn[hemisphere];
      const view = directions(SIDES[hemisphere], from, turn, tilt);
      const scale = (FILLED * width) / given.mesh.length;
      Object.assign(canvases[at], { width, height });
      pictures[at] = { key, fine, view, ...raster(mesh, view, width, height, scale) };
    });
  }

  function paint({ spot, numbers: chosen, r, threshold, range }) {
    look();
    numbers.forEach((number, vertex) => {
      values[vertex] = r && number >= 0 ? r[number] : Number.NaN;
    });
    const inside = new Uint8Array(numbers.length);
    for (const number of chosen) inside[vertexOf[number]] = 1;
    if (ink?.vmax !== range) ink = inks(given.colors, range);
    PICTURES.forEach(({ hemisphere }, at) => {
      const [canvas, picture, mesh] = [canvases[at], pictures[at], drawn[hemisphere]];
      const { first } = mesh;
      const last = first + mesh.greys.length;
      const context = canvas.getContext("2d");
      const image = context.createImageData(picture.width, picture.height);
      const words = new Uint32Array(image.data.buffer);
      const own = r && values.subarray(first, last);
      paintTurned(words, picture, mesh, own, ink, threshold);
      if (chosen.length > 1 && hemisphereOf(spot) === hemisphere)
        outline(words, picture, mesh.triangles, inside.subarray(first, last), ink.edge);
      context.putImageData(image, 0, 0);
      write(context, picture, hemisphere);
      if (hemisphereOf(spot) === hemisphere && picture.isSeen(spot - first))
        mark(context, picture, spot - first);
    });
  }

  /** Say which side is seen, and where its ends point. */
  function write(context, { width, height, fine, view }, hemisphere) {
    context.fillStyle = "#59636e";
    context.font = `${(width < 250 * fine ? 10 : 12) * fine}px system-ui, sans-serif`;
    context.textBaseline = "top";
    context.textAlign = "left";
    const name = viewName(SIDES[hemisphere], view.toward);
    context.fillText(`${WORDS[hemisphere]}${name && `, ${name}`}`, 6 * fine, 4 * fine);
    context.textBaseline = "bottom";
    context.fillText(letter(view.across.map((value) => -value)), 6 * fine, height - 4 * fine);
    context.textAlign = "right";
    context.fillText(letter(view.across), width - 6 * fine, height - 4 * fine);
  }

  /** A ring around the seed. */
  function mark(context, { x, y, fine }, vertex) {
    for (const [color, wide] of [
      ["#ffffff", 4],
      ["#1b9e3a", 2],
    ]) {
      context.beginPath();
      context.arc(x[vertex], y[vertex], 5 * fine, 0, 2 * Math.PI);
      context.strokeStyle = color;
      context.lineWidth = wide * fine;
      context.stroke();
    }
  }

  /** The vertex below the pointer, or -1. */
  function below(event, at) {
    const picture = pictures[at];
    const box = canvases[at].getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * picture.width);
    const row = Math.floor(((event.clientY - box.top) / box.height) * picture.height);
    if (column < 0 || row < 0 || column >= picture.width || row >= picture.height) return -1;
    const mesh = drawn[PICTURES[at].hemisphere];
    const vertex = vertexAt(picture, mesh.triangles, row * picture.width + column);
    return vertex < 0 ? -1 : snapped(mesh.first + vertex);
  }

  function listen({ moveTo, point, update }) {
    let resting = 0;
    const turnTo = (nextTurn, nextTilt) => {
      turn = wrapped(nextTurn);
      tilt = upright(nextTilt);
      update();
    };
    for (const [name, view] of Object.entries(TURNED))
      element(`turn-${name}`).addEventListener("click", () => turnTo(...view));
    canvases.forEach((canvas, at) => {
      const { hemisphere, from } = PICTURES[at];
      const side = SIDES[hemisphere];
      /** Where a pointer that turns the brain came down, and how it was turned then. */
      let held = null;
      const move = (vertex) => {
        if (numberOf(vertex) >= 0) moveTo(vertex);
      };
      canvas.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        canvas.setPointerCapture(event.pointerId);
        if (event.shiftKey) move(below(event, at));
        else held = { x: event.clientX, y: event.clientY, turn, tilt, still: true };
      });
      canvas.addEventListener("pointermove", (event) => {
        if (held) {
          const [over, down] = [event.clientX - held.x, event.clientY - held.y];
          if (held.still && Math.hypot(over, down) < 5) return;
          held.still = false;
          turning = true;
          const degrees = DRAG / canvas.clientWidth;
          turnTo(held.turn - side * over * degrees, held.tilt + from * down * degrees);
          return;
        }
        const vertex = below(event, at);
        if (vertex < 0) return;
        if (event.buttons & 1 && event.shiftKey) move(vertex);
        point(vertex);
      });
      const release = (event) => {
        if (!held) return;
        const { still } = held;
        held = null;
        turning = false;
        update();
        const vertex = below(event, at);
        if (!still || event.type !== "pointerup" || vertex < 0) return;
        point(vertex);
        move(vertex);
      };
      canvas.addEventListener("pointerup", release);
      canvas.addEventListener("pointercancel", release);
      canvas.addEventListener("keydown", (event) => {
        const step = {
          ArrowLeft: [side, 0],
          ArrowRight: [-side, 0],
          ArrowDown: [0, from],
          ArrowUp: [0, -from],
        }[event.key];
        if (!step) return;
        event.preventDefault();
        turning = true;
        clearTimeout(resting);
        resting = setTimeout(() => {
          turning = false;
          update();
        }, REST);
        turnTo(turn + KEY * step[0], tilt + KEY * step[1]);
      });
    });
  }

  /** What makes the file of a hemisphere. */
  const saving =
    (hemisphere, first, last) =>
    ({ values: map, what, label }) => ({
      name: `${given.name}_hemi-${hemisphere}_seed-${label}_desc-explore_statmap.func.gii`,
      content: giftiFile(
        Float32Array.from(numbers.subarray(first, last), (number) =>
          number < 0 ? Number.NaN : map[number],
        ),
        hemisphere,
        `${what}, explorer, seed ${label}`,
      ),
    });

  return {
    one: "vertex",
    many: "vertices",
    nowhere: "no data there (the medial wall), so there is no map",
    expected: "expected x, y and z in mm, or a hemisphere and a vertex, such as L 1234",
    spotOf,
    placeOf,
    keyOf: String,
    nameOf: (vertex) =>
      `vertex ${inOwn(vertex)} of the ${WORDS[hemisphereOf(vertex)]} hemisphere, `,
    spotOfSeed: ({ vertex }) => snapped(vertex),
    home: () => snapped(given.seeds[0]?.vertex ?? vertexOf[0]),
    read: (text) => {
      const named = text.match(/^\s*(?:([LR])[^\d-]*(\d+)|(\d+)\W*([LR]))\s*$/i);
      if (!named) {
        const place = placeIn(text);
        return place && { place };
      }
      const hemisphere = (named[1] ?? named[4]).toUpperCase();
      const own = Number(named[2] ?? named[3]);
      const vertex = own + (hemisphere === "R" ? left : 0);
      return own < (hemisphere === "L" ? left : numbers.length - left)
        ? { spot: snapped(vertex), place: placeOf(vertex) }
        : null;
    },
    numberOf,
    chosen: patch,
    paint,
    look: () => ({ turn, tilt }),
    restore: (view) => {
      turn = wrapped(view.turn ?? turn);
      tilt = upright(view.tilt ?? tilt);
    },
    row: (vertex, radius) =>
      vertexTable({
        hemisphere: hemisphereOf(vertex),
        vertex: inOwn(vertex),
        place: rounded(vertex),
        radius,
        space: given.mesh.space,
      }),
    label: (vertex) => seedLabel(rounded(vertex)),
    files: {
      "save-left": saving("L", 0, left),
      "save-right": saving("R", left, numbers.length),
    },
    listen,
  };
}

const sheet = await joinedMeshes(given.mesh);
const earlier = earlierOnes(sheet.triangles, sheet.numbers, given.mesh.count);
startPage(
  vertexSpace(sheet),
  await runModel((lower, upper) => unfoldOnMesh(lower, upper, earlier, given.fineness)),
);
