import { paintCortex } from "./cortex.js";
import { element, given, placeIn, roundedPlace, startPage } from "./explorer_page.js";
import { niftiFile } from "./nifti.js";
import { PLANES, paintPlane, placeOf, positionIn, voxelOf, voxelSize, within } from "./planes.js";
import { inflate, numbering, positions } from "./reduced.js";
import { seedLabel, seedRow } from "./view.js";

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

/** Voxels on three planes and on four views of the cortex; see `startPage`. */
function voxelSpace({ grid, views, voxelsOfCortex }) {
  const { affine, shape, numbers, places } = grid;
  const size = voxelSize(affine);
  /** Where planes are cut: at the seed, also while it is not painted yet. */
  let cut = [0, 0, 0];

  const clip = (voxel) => voxel.map((at, axis) => Math.min(Math.max(at, 0), shape[axis] - 1));
  const spotOf = (place) => clip(voxelOf(affine, place));
  const numberOf = (voxel) => numbers[positionIn(shape, voxel)];
  const rounded = (voxel) => roundedPlace(placeOf(affine, voxel));

  function paint({ spot, r, scale, threshold }) {
    cut = spot;
    for (const [name, plane] of Object.entries(PLANES)) {
      const [width, height] = [shape[plane.across], shape[plane.up]];
      const small = new OffscreenCanvas(width, height);
      const context = small.getContext("2d");
      const image = context.createImageData(width, height);
      const words = new Uint32Array(image.data.buffer);
      paintPlane(words, plane, cut[plane.cuts], grid, r, scale, threshold);
      context.putImageData(image, 0, 0);
      draw(name, plane, small);
    }
    views.forEach((view, at) => {
      const canvas = element(`cortex-${at}`);
      const context = canvas.getContext("2d");
      const image = context.createImageData(view.width, view.height);
      const words = new Uint32Array(image.data.buffer);
      paintCortex(words, view, voxelsOfCortex, r, scale, threshold);
      context.putImageData(image, 0, 0);
    });
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

  /** The voxel below the pointer. */
  function below(event, { cuts, across, up }) {
    const box = event.currentTarget.getBoundingClientRect();
    const voxel = [0, 0, 0];
    voxel[cuts] = cut[cuts];
    voxel[across] = Math.floor(((event.clientX - box.left) / box.width) * shape[across]);
    voxel[up] = shape[up] - 1 - Math.floor(((event.clientY - box.top) / box.height) * shape[up]);
    return clip(voxel);
  }

  function listen({ moveTo: move, point }) {
    const moveTo = (voxel) => {
      cut = voxel;
      move(voxel);
    };
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
        if (event.buttons & 1) moveTo(voxel);
        point(voxel);
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
        moveTo(clip(next));
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
        if (event.buttons & 1) moveTo(voxel);
        point(voxel);
      };
      canvas.addEventListener("pointerdown", follow);
      canvas.addEventListener("pointermove", follow);
    });
  }

  function save({ values, what, label }) {
    const whole = new Float32Array(numbers.length);
    places.forEach((at, number) => {
      whole[at] = values[number];
    });
    return {
      name: `${given.name}_seed-${label}_desc-explore_statmap.nii`,
      content: niftiFile(shape, affine, whole, `${what}, explorer, seed ${label}`),
    };
  }

  return {
    one: "voxel",
    many: "voxels",
    nowhere: "no voxel of the brain, so there is no map",
    expected: "expected three numbers: x, y and z in mm",
    spotOf,
    placeOf: (voxel) => placeOf(affine, voxel),
    keyOf: (voxel) => voxel.join(),
    nameOf: () => "",
    spotOfSeed: (seed) => spotOf(seed.at),
    home: () => spotOf(given.seeds[0].at),
    read: (text) => {
      const place = placeIn(text);
      return place && { place };
    },
    numberOf,
    chosen: (voxel, radius) => ({
      numbers: numberOf(voxel) < 0 ? [] : within(radius, voxel, grid),
    }),
    paint,
    look: () => ({}),
    restore: () => {},
    row: (voxel, radius) => seedRow(rounded(voxel), radius),
    label: (voxel) => seedLabel(rounded(voxel)),
    files: { save },
    listen,
  };
}

/**
 * Start a page of voxels.
 *
 * @param {(grid: object) => Promise<object>} modelOf Unpacks what makes maps; see `startPage`.
 */
export async function explore(modelOf) {
  const unpacked = await unpack();
  startPage(voxelSpace(unpacked), await modelOf(unpacked.grid));
}
