import { word } from "./scale.js";

/** The three planes: which axis each cuts, and which run across and up. Axes go right, anterior and superior. */
export const PLANES = {
  sagittal: { cuts: 0, across: 1, up: 2 },
  coronal: { cuts: 1, across: 0, up: 2 },
  axial: { cuts: 2, across: 0, up: 1 },
};

/** Place in mm of a voxel. */
export function placeOf(affine, voxel) {
  return affine
    .slice(0, 3)
    .map((row) => row[0] * voxel[0] + row[1] * voxel[1] + row[2] * voxel[2] + row[3]);
}

/** The voxel nearest to a place in mm, of a grid whose axes may be oblique; perhaps outside of it. */
export function voxelOf(affine, place) {
  const [a, b, c] = affine;
  const d = place.map((value, axis) => value - affine[axis][3]);
  const det = (m) =>
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
    m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
    m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
  const rows = [a, b, c].map((row) => row.slice(0, 3));
  const whole = det(rows);
  // Cramer's rule.
  return [0, 1, 2].map((axis) => {
    const put = rows.map((row, at) =>
      row.map((value, column) => (column === axis ? d[at] : value)),
    );
    return Math.round(det(put) / whole);
  });
}

/** Position in the grid of a voxel, or -1 outside of it. */
export function positionIn([nx, ny, nz], [x, y, z]) {
  return x < 0 || y < 0 || z < 0 || x >= nx || y >= ny || z >= nz ? -1 : (x * ny + y) * nz + z;
}

/** Size of a voxel along each axis, mm. */
export function voxelSize(affine) {
  return [0, 1, 2].map((axis) => Math.hypot(affine[0][axis], affine[1][axis], affine[2][axis]));
}

/** Voxels of the mask whose centres are at most so far from that of a voxel, by their numbers; itself first. */
export function within(radius, voxel, { affine, shape, numbers }) {
  const own = numbers[positionIn(shape, voxel)];
  const found = own >= 0 ? [own] : [];
  const centre = placeOf(affine, voxel);
  const far = voxelSize(affine).map((size) => Math.ceil((2 * radius) / size));
  for (let x = voxel[0] - far[0]; x <= voxel[0] + far[0]; x++)
    for (let y = voxel[1] - far[1]; y <= voxel[1] + far[1]; y++)
      for (let z = voxel[2] - far[2]; z <= voxel[2] + far[2]; z++) {
        const at = positionIn(shape, [x, y, z]);
        if (at < 0 || numbers[at] < 0 || numbers[at] === own) continue;
        const place = placeOf(affine, [x, y, z]);
        const distance = Math.hypot(...place.map((value, axis) => value - centre[axis]));
        if (distance <= radius + 1e-6) found.push(numbers[at]);
      }
  return found;
}

/**
 * Paint one plane, from the top left: the map where it is shown, else the run's mean.
 *
 * @param {Uint32Array} words Pixels, a voxel each.
 * @param {{cuts: number, across: number, up: number}} plane
 * @param {number} at Where it cuts.
 * @param {{shape: number[], numbers: Int32Array, background: Uint8Array}} grid
 * @param {Float32Array|null} r Of each voxel of the mask.
 * @param {ReturnType<import("./scale.js").makeScale>} scale
 * @param {number} threshold
 */
export function paintPlane(words, { cuts, across, up }, at, grid, r, scale, threshold) {
  const { shape, numbers, background } = grid;
  const voxel = [0, 0, 0];
  voxel[cuts] = at;
  let pixel = 0;
  for (let row = shape[up] - 1; row >= 0; row--) {
    voxel[up] = row;
    for (let column = 0; column < shape[across]; column++) {
      voxel[across] = column;
      const position = positionIn(shape, voxel);
      const value = r && numbers[position] >= 0 ? r[numbers[position]] : 0;
      const level = background[position];
      words[pixel++] =
        r && numbers[position] >= 0 && Math.abs(value) >= threshold
          ? word(scale.color(value))
          : word([level, level, level]);
    }
  }
}
