// Print mean Fisher z, t and number of subjects as a group's page has them: node read_group_explorer.mjs PAGE RADIUS
// 'x,y,z;x,y,z' (mm), as JSON.
import { readFileSync } from "node:fs";
import * as planes from "../../workflow/scripts/seed_to_voxel/pages/planes.js";
import * as pooled from "../../workflow/scripts/seed_to_voxel/pages/pooled.js";
import * as reduced from "../../workflow/scripts/seed_to_voxel/pages/reduced.js";

const [, , page, radius, places] = process.argv;
const [, text] = readFileSync(page, "utf8").match(/id="data">(.*?)<\/script>/s);
const given = JSON.parse(text);
const { affine, shape, voxels, fineness } = given;
const size = shape[0] * shape[1] * shape[2];
const at = reduced.positions(await reduced.inflate(given.mask), size);
const numbers = reduced.numbering(at, size);
const unpack = async ({ weight, lower, upper }) => {
  const [low, high] = await Promise.all([lower, upper].map(reduced.inflate));
  const levels = reduced.unfold(low, high, at, numbers, shape, fineness);
  const components = low.length / voxels;
  return { weight, components, voxels, levels, lengths: reduced.lengths(levels, voxels) };
};
const subjects = await Promise.all(
  given.subjects.map(async ({ runs }) => ({ runs: await Promise.all(runs.map(unpack)) })),
);
const maps = places.split(";").map((place) => {
  const voxel = planes.voxelOf(affine, place.split(",").map(Number));
  const chosen = planes.within(Number(radius), voxel, { affine, shape, numbers });
  const mean = pooled.average(subjects, chosen, pooled.emptyMean(voxels));
  const all = Array.from({ length: voxels }, (_, v) => pooled.atVoxel(mean, v));
  return { z: all.map(({ z }) => z), t: all.map(({ t }) => t), n: all.map(({ n }) => n) };
});
const inMm = Array.from(at, (position) => {
  const [, ny, nz] = shape;
  const voxel = [Math.floor(position / (ny * nz)), Math.floor(position / nz) % ny, position % nz];
  return planes.placeOf(affine, voxel);
});
console.log(JSON.stringify({ places: inMm, maps }));
