import assert from "node:assert/strict";
import test from "node:test";
import { deflateSync } from "node:zlib";
import {
  correlate,
  criticalR,
  degreesOfFreedom,
  inflate,
  lengths,
  numbering,
  positions,
  seedOf,
  unfold,
} from "../../workflow/scripts/seed_to_voxel/pages/reduced.js";

// A grid of 2 x 2 x 2 without its third voxel.
const SHAPE = [2, 2, 2];
const PLACES = positions(Uint8Array.of(0b11011111), 8);
const NUMBERS = numbering(PLACES, 8);

test("a mask is unpacked bit by bit, and its voxels are numbered", () => {
  assert.deepEqual([...PLACES], [0, 1, 3, 4, 5, 6, 7]);
  assert.deepEqual([...NUMBERS], [0, 1, -1, 2, 3, 4, 5, 6]);
});

test("bytes come back from their text", async () => {
  const text = deflateSync(Buffer.from([1, 2, 250])).toString("base64");
  assert.deepEqual([...(await inflate(text))], [1, 2, 250]);
});

test("levels come back from their differences, of either sign and size", () => {
  const levels = [3, -4, 300, 0, 7, -500, 12];
  const at = (x, y, z) => {
    if (Math.min(x, y, z) < 0) return 0;
    const number = NUMBERS[4 * x + 2 * y + z];
    return number < 0 ? 0 : levels[number];
  };
  const lower = [];
  const upper = [];
  for (const place of PLACES) {
    const [x, y, z] = [place >> 2, (place >> 1) & 1, place & 1];
    // The difference along each axis in turn is a sum over the corners of a cube.
    let difference = 0;
    for (let back = 0; back < 8; back++) {
      const [dx, dy, dz] = [back & 1, (back >> 1) & 1, back >> 2];
      difference += (-1) ** (dx + dy + dz) * at(x - dx, y - dy, z - dz);
    }
    const folded = difference >= 0 ? 2 * difference : -2 * difference - 1;
    lower.push(folded & 255);
    upper.push(folded >> 8);
  }
  const bytes = [lower, upper].map((half) => Uint8Array.from([...half, ...half]));
  const found = unfold(...bytes, PLACES, NUMBERS, SHAPE, 500);
  assert.deepEqual([...found], [...levels, ...levels]);
});

/** Pearson's r of two series that have the mean 0, straight from its definition. */
const pearson = (a, b) => {
  const dot = (p, q) => p.reduce((sum, value, at) => sum + value * q[at], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

test("r is Pearson's, of one voxel and of the mean of several standardised ones", () => {
  const series = [
    [30, -40, 10],
    [-20, 25, -5],
    [0, 60, -60],
    [11, 2, -13],
  ];
  const levels = Int16Array.from([0, 1, 2].flatMap((t) => series.map((own) => own[t])));
  const run = { components: 3, voxels: 4, levels, lengths: lengths(levels, 4) };
  const alone = correlate(run, seedOf(run, [1]));
  series.forEach((own, v) => {
    assert.ok(Math.abs(alone[v] - pearson(series[1], own)) < 1e-6);
  });
  const unit = (own) => own.map((value) => value / Math.hypot(...own));
  const [a, b] = [unit(series[0]), unit(series[3])];
  const mean = a.map((value, t) => (value + b[t]) / 2);
  const together = correlate(run, seedOf(run, [0, 3]));
  series.forEach((own, v) => {
    assert.ok(Math.abs(together[v] - pearson(mean, own)) < 1e-6);
  });
});

test("r counts each component once, however many there are", () => {
  for (const components of [3, 4, 7, 8, 9]) {
    const values = Array.from({ length: 2 * components }, (_, at) => ((at * 37) % 23) - 11);
    const series = [0, 1].map((v) => values.filter((_, at) => at % 2 === v));
    const levels = Int16Array.from(values);
    const run = { components, voxels: 2, levels, lengths: lengths(levels, 2) };
    const r = correlate(run, seedOf(run, [0]));
    assert.ok(Math.abs(r[1] - pearson(...series)) < 1e-6, `${components} components`);
    assert.ok(Math.abs(r[0] - 1) < 1e-6);
  }
});

test("degrees of freedom are those of the quadratic form", () => {
  // 1 / (0.6^2 * 0.1 + 2 * 0.6 * 0.8 * 0.02 + 0.8^2 * 0.05)
  const nu = degreesOfFreedom(Float32Array.of(0.1, 0.02, 0.05), Float64Array.of(0.6, 0.8));
  assert.ok(Math.abs(nu - 1 / 0.0872) < 1e-4);
});

test("the critical r is that of Student's t", () => {
  // scipy.stats.t.isf(0.025, nu - 1) is 2.0452 for 30 and 1.9844 for 98; r = t / sqrt(t^2 + nu - 1).
  assert.ok(Math.abs(criticalR(30, 1.959964) - 0.355) < 1e-3);
  assert.ok(Math.abs(criticalR(99, 1.959964) - 0.1966) < 1e-3);
  assert.equal(criticalR(3, 1.96), null);
});
