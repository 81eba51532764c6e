import assert from "node:assert/strict";
import test from "node:test";
import {
  atVoxel,
  average,
  emptyMean,
  R_BOUND,
} from "../../workflow/scripts/seed_to_voxel/pages/pooled.js";
import { lengths } from "../../workflow/scripts/seed_to_voxel/pages/reduced.js";

/** A run of two components from pairs of numbers, a pair a voxel. */
const runOf = (pairs, weight = 1) => {
  const levels = Int8Array.from(
    [0, 1].flatMap((component) => pairs.map((pair) => pair[component])),
  );
  return {
    weight,
    components: 2,
    voxels: pairs.length,
    levels,
    lengths: lengths(levels, pairs.length),
  };
};

const near = (found, expected) =>
  assert.ok(Math.abs(found - expected) < 1e-6, `${found}, ${expected}`);

test("the mean is that of Fisher z, not of r, and t that of Student", () => {
  const subjects = [
    {
      runs: [
        runOf([
          [1, 0],
          [3, 4],
          [5, 12],
        ]),
      ],
    },
    {
      runs: [
        runOf([
          [2, 0],
          [4, 3],
          [-12, 5],
        ]),
      ],
    },
    {
      runs: [
        runOf([
          [0, 7],
          [4, 3],
          [0, 0],
        ]),
      ],
    },
  ];
  const mean = average(subjects, [0], emptyMean(3));
  assert.equal(mean.subjects, 3);
  const z = [0.6, 0.8, 0.6].map(Math.atanh);
  const average3 = (z[0] + z[1] + z[2]) / 3;
  const deviation = Math.sqrt(z.reduce((sum, value) => sum + (value - average3) ** 2, 0) / 2);
  const found = atVoxel(mean, 1);
  assert.equal(found.n, 3);
  near(found.z, average3);
  near(found.t, (average3 * Math.sqrt(3)) / deviation);
  // The third subject does not have the third voxel.
  const other = atVoxel(mean, 2);
  assert.equal(other.n, 2);
  near(other.z, (Math.atanh(5 / 13) + Math.atanh(-12 / 13)) / 2);
  // The seed with itself: all alike, clipped.
  assert.equal(atVoxel(mean, 0).t, null);
  near(atVoxel(mean, 0).z, Math.atanh(R_BOUND));
});

test("runs of a subject count by their weights, and only where they have seed and voxel", () => {
  const first = runOf(
    [
      [1, 0],
      [3, 4],
      [4, 3],
    ],
    10,
  );
  const second = runOf(
    [
      [1, 0],
      [4, 3],
      [0, 0],
    ],
    30,
  );
  const third = runOf(
    [
      [0, 0],
      [1, 0],
      [0, 1],
    ],
    50,
  );
  const mean = average([{ runs: [first, second, third] }], [0], emptyMean(3));
  near(atVoxel(mean, 1).z, (10 * Math.atanh(0.6) + 30 * Math.atanh(0.8)) / 40);
  near(atVoxel(mean, 2).z, Math.atanh(0.8));
  assert.equal(atVoxel(mean, 1).t, null);
});

test("whoever lacks the whole seed is in no voxel's mean", () => {
  const subjects = [
    {
      runs: [
        runOf([
          [0, 0],
          [3, 4],
          [4, 3],
        ]),
      ],
    },
    {
      runs: [
        runOf([
          [1, 0],
          [3, 4],
          [4, 3],
        ]),
      ],
    },
  ];
  const mean = average(subjects, [0], emptyMean(3));
  assert.equal(mean.subjects, 1);
  assert.deepEqual([...mean.count], [1, 1, 1]);
  assert.equal(average(subjects, [], emptyMean(3)).subjects, 0);
  // A sphere: of each subject the voxels that it has.
  assert.equal(average(subjects, [0, 1], emptyMean(3)).subjects, 2);
});
