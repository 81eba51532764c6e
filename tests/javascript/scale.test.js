import assert from "node:assert/strict";
import test from "node:test";
import {
  count,
  hex,
  isShown,
  makeScale,
  word,
} from "../../workflow/scripts/seed_to_voxel/pages/scale.js";

const COLORS = Array.from({ length: 256 }, (_, step) => [step, 0, 255 - step]);
const scale = makeScale({ colors: COLORS, vmax: 1, levels: 127 });

test("the ends and the middle of the levels have the colours of the ends and the middle", () => {
  assert.deepEqual(scale.color(-127), [0, 0, 255]);
  assert.deepEqual(scale.color(127), [255, 0, 0]);
  assert.deepEqual(scale.color(0), [128, 0, 127]);
  // r = 64 / 127 lies at (1 + r) / 2 of the colours.
  assert.deepEqual(scale.color(64), COLORS[Math.round(((1 + 64 / 127) / 2) * 255)]);
});

test("beyond vmax colours stay those of the ends", () => {
  const narrow = makeScale({ colors: COLORS, vmax: 0.5, levels: 127 });
  assert.deepEqual(narrow.color(127), COLORS[255]);
  assert.deepEqual(narrow.color(-127), COLORS[0]);
  assert.deepEqual(narrow.color(32), COLORS[Math.round((32 / 127 + 0.5) * 255)]);
});

test("the ramp is blank where nothing is shown, and has the levels' colours elsewhere", () => {
  const ramp = scale.ramp(255, 0.5 * 127, "blank");
  const shown = ramp.map((color) => color !== "blank");
  // Step s stands for level s - 127.
  assert.deepEqual(
    shown,
    ramp.map((_, step) => Math.abs(step - 127) >= 63.5),
  );
  assert.deepEqual(ramp[127 + 100], scale.color(100));
  assert.equal(scale.ramp(5, 0, "blank").includes("blank"), false);
});

test("what has no r is never shown nor counted, not even without a threshold; an r near to 0 is", () => {
  assert.equal(isShown(-128, 0), false);
  assert.equal(isShown(0, 0), true);
  assert.equal(isShown(-1, 0), true);
  assert.deepEqual(count(Int8Array.of(-128, 0, -64, 63, 127, -128), 63.5), { all: 4, shown: 2 });
  assert.deepEqual(count(Int8Array.of(-128, 0), 0), { all: 1, shown: 1 });
});

test("a colour is written for style sheets and for a canvas", () => {
  assert.equal(hex([255, 0, 10]), "#ff000a");
  const words = Uint32Array.of(word([255, 1, 10]));
  assert.deepEqual([...new Uint8Array(words.buffer)], [255, 1, 10, 255]);
});
