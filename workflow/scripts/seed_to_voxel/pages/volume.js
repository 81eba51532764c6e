import { isShown, word } from "./scale.js";

/** The largest level, whatever a level stands for. */
const LARGEST = 127;

/**
 * Position of the value nearest to a voxel of the page's brain, or -1 outside of the map.
 *
 * @param {{shape: number[], matrix: number[][]}} map Its grid; three rows that lead there from the page's grid.
 */
export function positionOf(map, x, y, z) {
  const [nx, ny, nz] = map.shape;
  const [a, b, c] = map.matrix;
  const i = Math.round(a[0] * x + a[1] * y + a[2] * z + a[3]);
  const j = Math.round(b[0] * x + b[1] * y + b[2] * z + b[3]);
  const k = Math.round(c[0] * x + c[1] * y + c[2] * z + c[3]);
  if (i < 0 || j < 0 || k < 0 || i >= nx || j >= ny || k >= nz) return -1;
  return (i * ny + j) * nz + k;
}

/**
 * Paint a map on the sheet of sagittal slices that the page's brain is made of.
 *
 * @param {Uint32Array} words Pixels of the sheet, row by row.
 * @param {{X: number, Y: number, Z: number, columns: number}} sheet Voxels of the page's brain, slices side by side.
 * @param {{shape: number[], matrix: number[][]}} map
 * @param {Int8Array} values Levels of the map.
 * @param {ReturnType<import("./scale.js").makeScale>} scale
 * @param {number} least The smallest level that is shown.
 */
export function paint(words, sheet, map, values, scale, least) {
  const words_of_levels = Array.from({ length: 2 * LARGEST + 1 }, (_, step) =>
    word(scale.color(step - LARGEST)),
  );
  const width = sheet.columns * sheet.Y;
  words.fill(0);
  for (let x = 0; x < sheet.X; x++) {
    const left = (x % sheet.columns) * sheet.Y;
    const top = Math.floor(x / sheet.columns) * sheet.Z;
    for (let y = 0; y < sheet.Y; y++) {
      for (let z = 0; z < sheet.Z; z++) {
        const position = positionOf(map, x, y, z);
        if (position < 0 || !isShown(values[position], least)) continue;
        words[(top + sheet.Z - 1 - z) * width + left + y] =
          words_of_levels[values[position] + LARGEST];
      }
    }
  }
}
