import assert from "node:assert/strict";
import test from "node:test";
import { order } from "../../workflow/scripts/seed_to_voxel/pages/sorting.js";

const RUNS = [
  { title: "subject 10", fd: 0.2, share: 0.1 },
  { title: "subject 9", fd: null, share: 0.3 },
  { title: "subject 2", fd: 0.1, share: 0.1 },
  { title: "subject 1", fd: null, share: null },
];
const titles = (by) => order(RUNS, by).map((position) => RUNS[position].title.slice(8));

test("the smallest value comes first, and a run without one last", () => {
  assert.deepEqual(titles("fd"), ["2", "10", "1", "9"]);
});

test("a minus puts the largest first, and a run without a value last all the same", () => {
  assert.deepEqual(titles("-fd"), ["10", "2", "1", "9"]);
  assert.deepEqual(titles("-share"), ["9", "2", "10", "1"]);
});

test("titles are sorted as a person would", () => {
  assert.deepEqual(titles("title"), ["1", "2", "9", "10"]);
  assert.deepEqual(titles("-title"), ["10", "9", "2", "1"]);
});

test("the runs themselves stay where they are", () => {
  const before = structuredClone(RUNS);
  order(RUNS, "fd");
  assert.deepEqual(RUNS, before);
});
