import assert from "node:assert/strict";
import test from "node:test";
import { makeScale, word } from "../../workflow/scripts/seed_to_voxel/pages/scale.js";
import { paint, positionOf } from "../../workflow/scripts/seed_to_voxel/pages/volume.js";

const COLORS = Array.from({ length: 256 }, (_, step) => [step, 7, 255 - step]);
const scale = makeScale({ colors: COLORS, vmax: 1, levels: 127 });
// The page's brain has 4 x 3 x 2 voxels; the map's are twice as large, and begin one of its voxels further on along x.
const SHEET = { X: 4, Y: 3, Z: 2, columns: 2 };
const MAP = {
  shape: [2, 2, 1],
  matrix: [
    [0.5, 0, 0, -0.5],
    [0, 0.5, 0, 0],
    [0, 0, 0.5, -0.1],
  ],
};

test("a voxel of the brain finds the nearest of the map, in C order, or none", () => {
  assert.equal(positionOf(MAP, 1, 0, 0), 0);
  assert.equal(positionOf(MAP, 3, 0, 0), 2);
  assert.equal(positionOf(MAP, 3, 2, 1), 3);
  assert.equal(positionOf({ ...MAP, shape: [1, 2, 1] }, 3, 0, 0), -1);
  assert.equal(positionOf(MAP, -1, 0, 0), -1);
});

test("a value is painted at its place on the sheet of sagittal slices, and nothing elsewhere", () => {
  const words = new Uint32Array(SHEET.X * SHEET.Y * SHEET.Z).fill(1);
  // Of the map, the voxel (1, 1, 0) alone reaches the threshold.
  paint(words, SHEET, MAP, Int8Array.of(10, -128, -20, -100), scale, 50);
  const painted = [];
  for (let x = 0; x < SHEET.X; x++)
    for (let y = 0; y < SHEET.Y; y++)
      for (let z = 0; z < SHEET.Z; z++) if (positionOf(MAP, x, y, z) === 3) painted.push([x, y, z]);
  assert.ok(painted.length > 0);
  const expected = new Uint32Array(words.length);
  for (const [x, y, z] of painted) {
    // Slices lie side by side, two in a row; their rows go from top to bottom.
    const row = Math.floor(x / 2) * SHEET.Z + (SHEET.Z - 1 - z);
    const column = (x % 2) * SHEET.Y + y;
    expected[row * 2 * SHEET.Y + column] = word(scale.color(-100));
  }
  assert.deepEqual(words, expected);
});
