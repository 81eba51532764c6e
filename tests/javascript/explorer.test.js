import assert from "node:assert/strict";
import test from "node:test";
import { paintCortex } from "../../workflow/scripts/seed_to_voxel/pages/cortex.js";
import { niftiFile } from "../../workflow/scripts/seed_to_voxel/pages/nifti.js";
import { nearestNode } from "../../workflow/scripts/seed_to_voxel/pages/nodes.js";
import {
  PLANES,
  paintPlane,
  placeOf,
  positionIn,
  voxelOf,
  voxelSize,
  within,
} from "../../workflow/scripts/seed_to_voxel/pages/planes.js";
import { makeScale, word } from "../../workflow/scripts/seed_to_voxel/pages/scale.js";
import { fromHash, seedRow, toHash } from "../../workflow/scripts/seed_to_voxel/pages/view.js";

const OBLIQUE = [
  [3, 0.4, 0, -20],
  [-0.4, 3, 0.2, -30],
  [0, -0.2, 4, 10],
  [0, 0, 0, 1],
];

test("a place is found again on a grid that is oblique", () => {
  for (const voxel of [
    [0, 0, 0],
    [5, 1, 7],
    [-2, 3, 1],
  ]) {
    assert.deepEqual(
      voxelOf(OBLIQUE, placeOf(OBLIQUE, voxel)).map((at) => at + 0),
      voxel,
    );
  }
  assert.deepEqual(placeOf(OBLIQUE, [1, 0, 2]), [-17, -30, 18]);
  assert.ok(Math.abs(voxelSize(OBLIQUE)[0] - Math.hypot(3, 0.4)) < 1e-12);
  assert.equal(positionIn([2, 3, 4], [1, 2, 3]), 23);
  assert.equal(positionIn([2, 3, 4], [2, 0, 0]), -1);
});

test("a sphere has the voxels whose centres it holds, in the mask, its own first", () => {
  const affine = [
    [2, 0, 0, 0],
    [0, 2, 0, 0],
    [0, 0, 2, 0],
  ];
  const shape = [5, 5, 5];
  const numbers = Int32Array.from({ length: 125 }, (_, at) => at);
  const grid = { affine, shape, numbers };
  assert.deepEqual(within(0, [2, 2, 2], grid), [62]);
  // 1 + 6 within one voxel, 12 more at sqrt(2).
  assert.equal(within(2, [2, 2, 2], grid).length, 7);
  assert.equal(within(2.9, [2, 2, 2], grid).length, 19);
  assert.equal(within(2.9, [2, 2, 2], grid)[0], 62);
  numbers[positionIn(shape, [2, 2, 3])] = -1;
  assert.equal(within(2, [2, 2, 2], grid).length, 6);
  assert.deepEqual(within(2, [0, 0, 0], grid).sort(), [0, 1, 5, 25].sort());
});

test("the nearest node is the nearest", () => {
  const nodes = [
    [0, 0, 0, "a", "default"],
    [10, 0, 0, "b", "visual"],
  ];
  assert.deepEqual(nearestNode(nodes, [7, 4, 0]), { name: "b", network: "visual", distance: 5 });
});

test("a plane is painted with what is right, anterior or superior where it belongs", () => {
  const shape = [2, 3, 4];
  const numbers = Int32Array.from({ length: 24 }, (_, at) => at);
  numbers[positionIn(shape, [1, 2, 3])] = -1;
  const background = new Uint8Array(24).fill(9);
  const r = Float32Array.from({ length: 24 }, (_, at) => at / 24);
  const colors = Array.from({ length: 101 }, (_, step) => [step, 0, 0]);
  const scale = makeScale({ colors, vmax: 1, levels: 1 });
  const grid = { shape, numbers, background };
  const [dark, of] = [word([9, 9, 9]), (voxel) => word(scale.color(positionIn(shape, voxel) / 24))];

  const sagittal = new Uint32Array(12);
  paintPlane(sagittal, PLANES.sagittal, 1, grid, r, scale, 0);
  // From the top left: superior and posterior; the voxel outside of the mask is superior and anterior.
  assert.equal(sagittal[0], of([1, 0, 3]));
  assert.equal(sagittal[2], dark);
  assert.equal(sagittal[11], of([1, 2, 0]));

  const axial = new Uint32Array(6);
  paintPlane(axial, PLANES.axial, 0, grid, r, scale, 0.4);
  assert.deepEqual([...axial], [dark, of([1, 2, 0]), dark, of([1, 1, 0]), dark, of([1, 0, 0])]);
  paintPlane(axial, PLANES.axial, 0, grid, null, scale, 0);
  assert.ok(axial.every((pixel) => pixel === dark));
});

test("the cortex has the colour of the voxel at each pixel's vertex, or its own grey", () => {
  const colors = Array.from({ length: 101 }, (_, step) => [step, 0, 0]);
  const scale = makeScale({ colors, vmax: 1, levels: 1 });
  // Nothing, a strong voxel, a weak one, a vertex without a voxel.
  const view = { vertices: Int16Array.of(-1, 2, 1, 0), grey: Uint8Array.of(0, 100, 120, 140) };
  const voxels = Int32Array.of(-1, 0, 1);
  const words = new Uint32Array(4).fill(5);
  paintCortex(words, view, voxels, Float32Array.of(0.2, -0.8), scale, 0.5);
  const grey = (level) => word([level, level, level]);
  assert.deepEqual([...words], [0, word(scale.color(-0.8)), grey(120), grey(140)]);
  paintCortex(words, view, voxels, null, scale, 0);
  assert.deepEqual([...words], [0, grey(100), grey(120), grey(140)]);
});

test("a view comes back from its address, and nonsense is left out", () => {
  const view = { x: -4.5, y: 0, z: 18, radius: 6, threshold: 0.31, range: 0.8 };
  assert.deepEqual(fromHash(`#${toHash(view)}`), view);
  const turned = { ...view, turn: -45, tilt: 15 };
  assert.deepEqual(fromHash(`#${toHash(turned)}`), turned);
  assert.deepEqual(fromHash("#x=1&y=&z=abc&radius=NaN&other=3&threshold=<b>"), { x: 1 });
});

test("a row for the table of seeds has a label of letters and digits, and a sphere", () => {
  assert.equal(seedRow([-4.5, 0, 18], 6), "Xm4d5Yp0Zp18\t-4.5\t0\t18\t6");
  assert.equal(seedRow([1, 2, 3], 0).split("\t")[4], "0.1");
});

test("a NIfTI file holds its values in Fortran order, and where they are", () => {
  const values = Float32Array.from({ length: 24 }, (_, at) => at);
  const view = new DataView(niftiFile([2, 3, 4], OBLIQUE, values, "Pearson r"));
  assert.equal(view.byteLength, 352 + 96);
  assert.equal(view.getFloat32(352 + 4 * (1 + 2 * 2 + 6 * 3), true), 23);
  assert.equal(view.getFloat32(352 + 4, true), 12);
  assert.ok(Math.abs(view.getFloat32(280 + 4, true) - 0.4) < 1e-6);
});
