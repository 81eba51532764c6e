import assert from "node:assert/strict";
import test from "node:test";
import { giftiFile } from "../../workflow/scripts/seed_to_voxel/pages/gifti.js";
import {
  areas,
  around,
  earlierOnes,
  moved,
  nearestVertex,
  normals,
  outward,
  unfoldOnMesh,
  ways,
} from "../../workflow/scripts/seed_to_voxel/pages/mesh.js";
import { makeScale, word } from "../../workflow/scripts/seed_to_voxel/pages/scale.js";
import {
  directions,
  inks,
  letter,
  outline,
  paintTurned,
  raster,
  vertexAt,
  viewName,
} from "../../workflow/scripts/seed_to_voxel/pages/turned.js";
import { vertexTable } from "../../workflow/scripts/seed_to_voxel/pages/view.js";

// A square of 4 mm in a plane, of nine vertices in rows of three, each cell cut from lower left to upper right.
const SQUARE = Float32Array.from([0, 2, 4].flatMap((y) => [0, 2, 4].flatMap((x) => [x, y, 0])));
const CELLS = Int32Array.from(
  [0, 1, 3, 4].flatMap((at) => [at, at + 1, at + 4, at, at + 4, at + 3]),
);

// An octahedron of 10 mm around the origin: right, left, anterior, posterior, superior, inferior.
const OCTAHEDRON = Float32Array.of(10, 0, 0, -10, 0, 0, 0, 10, 0, 0, -10, 0, 0, 0, 10, 0, 0, -10);
const FACES = Int32Array.of(
  ...[0, 2, 4, 2, 1, 4, 1, 3, 4, 3, 0, 4],
  ...[2, 0, 5, 1, 2, 5, 3, 1, 5, 0, 3, 5],
);
const SOLID = {
  vertices: OCTAHEDRON,
  triangles: FACES,
  normals: normals(OCTAHEDRON, FACES),
  greys: Uint8Array.of(100, 100, 100, 100, 100, 100),
};

const near = (found, expected, within = 1e-6) =>
  assert.ok(Math.abs(found - expected) < within, `${found}, ${expected}`);

test("levels come back from their differences to the mean of earlier neighbours", () => {
  // Vertex 4 shows nothing, and 8 the value of 5.
  const numbers = Int32Array.of(0, 1, 2, 3, -1, 4, 5, 6, 4);
  const earlier = earlierOnes(CELLS, numbers, 7);
  const of = (value) => [
    ...earlier.entries.slice(earlier.starts[value], earlier.starts[value + 1]),
  ];
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map((value) => of(value).sort()),
    [[], [0], [1], [0], [1, 2], [3], [3, 4, 5]],
  );
  const levels = [3, -4, 300, 0, 7, -500, 12];
  const means = [0, 3, -4, 3, Math.round(148), 0, Math.round(-493 / 3)];
  const folded = levels.map((level, at) => {
    const difference = level - means[at];
    return difference >= 0 ? 2 * difference : -2 * difference - 1;
  });
  const [lower, upper] = [folded.map((value) => value & 255), folded.map((value) => value >> 8)];
  const twice = [lower, upper].map((half) => Uint8Array.from([...half, ...half]));
  assert.deepEqual([...unfoldOnMesh(...twice, earlier, 500)], [...levels, ...levels]);
});

test("areas are thirds of triangles, and ways go straight across a square's other diagonal", () => {
  const own = areas(SQUARE, CELLS);
  near(own[4], (6 * 2) / 3);
  near(own[2], 2 / 3);
  near(
    own.reduce((sum, area) => sum + area),
    16,
  );
  const from = (vertex) =>
    new Map(ways(SQUARE, CELLS)[vertex].map(({ to, length }) => [to, length]));
  near(from(4).get(1), 2);
  near(from(4).get(8), Math.hypot(2, 2));
  // No edge, but the triangles 0 1 4 and 0 4 3 laid flat.
  near(from(1).get(3), Math.hypot(2, 2));
  near(from(0).get(5), Math.hypot(4, 2));
  assert.deepEqual([from(0).has(8), from(0).has(2)], [false, false]);
});

test("a patch has what lies within its radius along the surface, itself first", () => {
  const joined = ways(SQUARE, CELLS);
  assert.deepEqual(around(4, 0, joined), [4]);
  assert.deepEqual(around(4, 2, joined), [4, 1, 3, 5, 7]);
  assert.equal(around(4, 2.9, joined).length, 9);
  assert.equal(around(0, 100, joined).length, 9);
});

test("normals point outwards, also of a mesh whose triangles are turned over", () => {
  for (const triangles of [FACES, FACES.toReversed()]) {
    const own = normals(OCTAHEDRON, outward(OCTAHEDRON, triangles));
    OCTAHEDRON.forEach((value, at) => {
      near(own[at], value / 10);
    });
  }
});

test("places are moved, and the nearest vertex is the nearest of those that may be", () => {
  const shifted = moved(SQUARE, [
    [1, 0, 0, 10],
    [0, 0, 1, 0],
    [0, 2, 0, 1],
  ]);
  assert.deepEqual([...shifted.slice(12, 15)], [12, 0, 5]);
  assert.equal(
    nearestVertex(SQUARE, [3.4, 1.8, 1], () => true),
    5,
  );
  assert.equal(
    nearestVertex(SQUARE, [3.4, 1.8, 1], (vertex) => vertex !== 5),
    4,
  );
  // So far away that all are equally far: one of those that may be all the same.
  for (const far of [1e200, Number.POSITIVE_INFINITY])
    assert.equal(
      nearestVertex(SQUARE, [far, 0, 0], (vertex) => vertex > 2),
      3,
    );
});

const rounded = (direction) => direction.map((value) => Math.round(value * 1e6) / 1e6 + 0);

test("hemispheres are seen from their sides, from above and from the front, and from the opposite side", () => {
  const left = directions(-1, 1, 0, 0);
  assert.deepEqual([left.toward, left.up, left.across].map(rounded), [
    [-1, 0, 0],
    [0, 0, 1],
    [0, -1, 0],
  ]);
  const seen = (side, from, turn, tilt) =>
    viewName(side, directions(side, from, turn, tilt).toward);
  assert.deepEqual(
    [-1, 1].flatMap((side) => [1, -1].map((from) => seen(side, from, 0, 0))),
    ["lateral", "medial", "lateral", "medial"],
  );
  assert.deepEqual([seen(-1, 1, 0, 90), seen(1, -1, 0, 90)], ["dorsal", "ventral"]);
  assert.deepEqual([seen(-1, 1, 90, 0), seen(1, -1, 90, 0)], ["anterior", "posterior"]);
  assert.equal(seen(-1, 1, 30, 0), "");
  // From the front, the right side is on the left of the picture.
  assert.deepEqual(rounded(directions(1, 1, 90, 0).across), [-1, 0, 0]);
  assert.deepEqual(
    ["L", "A", "I"],
    [
      [-1, 0, 0],
      [0.5, 0.7, 0],
      [0, 0.2, -0.9],
    ].map(letter),
  );
});

test("what is in front is seen, where it is, and nothing beside the mesh", () => {
  const picture = raster(SOLID, directions(1, 1, 0, 0), 41, 41, 1.5);
  const at = (column, row) => vertexAt(picture, FACES, row * 41 + column);
  // The right corner in the middle, anterior to the right, superior on top; left is behind.
  assert.equal(at(20, 20), 0);
  assert.deepEqual([at(33, 20), at(7, 20), at(20, 7), at(20, 33)], [2, 3, 4, 5]);
  assert.equal(at(2, 2), -1);
  assert.ok(picture.isSeen(0) && !picture.isSeen(1));
  // Pixels whose middles are at most 15 steps along rows and columns from that in the middle.
  assert.equal(picture.seen.filter((triangle) => triangle >= 0).length, 2 * 15 * 16 + 1);
  // A mesh that would not fit is made smaller.
  const large = raster(SOLID, directions(1, 1, 0, 0), 41, 41, 100);
  near(large.x[2] - large.x[3], 0.98 * 41, 1e-4);
});

test("a pixel has the colour of the corners in proportion, or of the nearest where one has no value", () => {
  const colors = Array.from({ length: 101 }, (_, step) => [step, 0, 200]);
  const scale = makeScale({ colors, vmax: 1, levels: 1 });
  const picture = raster(SOLID, directions(1, 1, 0, 0), 41, 41, 1.5);
  picture.light.fill(31);
  const ink = inks(colors, 1);
  const words = new Uint32Array(41 * 41);
  const values = Float32Array.of(0.8, 0, 0.4, 0.4, 0.4, 0.4);
  paintTurned(words, picture, SOLID, values, ink, 0.5);
  const shown = (column, row) => words[row * 41 + column];
  assert.equal(shown(2, 2), 0);
  // In full light colours are those of the scale.
  const red = (value) => value & 255;
  near(red(shown(20, 20)), red(word(scale.color(0.8))), 2.5);
  // Halfway to the anterior corner, 15 pixels away: 0.6; further on it is below the threshold.
  near(red(shown(27, 20)), red(word(scale.color(0.6))), 2.5);
  assert.equal(shown(34, 20), word([100, 100, 100]));
  values[2] = Number.NaN;
  paintTurned(words, picture, SOLID, values, ink, 0.5);
  near(red(shown(24, 19)), red(word(scale.color(0.8))), 1);
  assert.equal(shown(32, 19), word([100, 100, 100]));
  paintTurned(words, picture, SOLID, null, ink, 0);
  assert.equal(shown(20, 20), word([100, 100, 100]));
  outline(words, picture, FACES, Uint8Array.of(1, 0, 0, 0, 0, 0), ink.edge);
  assert.equal(shown(20, 20), word([100, 100, 100]));
  assert.ok(words.filter((pixel) => pixel === ink.edge).length > 12);
});

test("a GIFTI file says of which hemisphere its values are", () => {
  const text = giftiFile(Float32Array.of(1, -0.5, Number.NaN), "R", "a < b");
  assert.match(text, /<Value>CortexRight<\/Value>/);
  assert.match(text, /a &lt; b/);
  const bytes = Buffer.from(text.match(/<Data>(.*)<\/Data>/)[1], "base64");
  assert.deepEqual([bytes.length, bytes.readFloatLE(4)], [12, -0.5]);
  assert.ok(Number.isNaN(bytes.readFloatLE(8)));
});

test("a vertex as a table of seeds names its hemisphere, and is a patch of one where it has no radius", () => {
  const seed = { hemisphere: "L", vertex: 12, place: [-4.5, 0, 18], space: "fsaverage5" };
  assert.deepEqual(vertexTable({ ...seed, radius: 0 }).split("\n"), [
    "label\tkind\tvertex\themisphere\tradius_mm\tspace",
    "Xm4d5Yp0Zp18\tsurface\t12\tL\t0.1\tfsaverage5",
  ]);
});
