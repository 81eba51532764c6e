// Print r as an explorer's page has it: node read_explorer.mjs PAGE RADIUS 'x,y,z;x,y,z' (mm), as JSON.
import { readFileSync } from "node:fs";
import * as planes from "../../workflow/scripts/seed_to_voxel/pages/planes.js";
import * as reduced from "../../workflow/scripts/seed_to_voxel/pages/reduced.js";

const [, , page, radius, places] = process.argv;
const [, text] = readFileSync(page, "utf8").match(/id="data">(.*?)<\/script>/s);
const given = JSON.parse(text);
const [bits, lower, upper, form] = await Promise.all(
  [given.mask, given.lower, given.upper, given.form].map(reduced.inflate),
);
const { affine, shape, voxels, components } = given;
const size = shape[0] * shape[1] * shape[2];
const at = reduced.positions(bits, size);
const numbers = reduced.numbering(at, size);
const levels = reduced.unfold(lower, upper, at, numbers, shape, given.fineness);
const run = { components, voxels, levels, lengths: reduced.lengths(levels, voxels) };
const maps = places.split(";").map((place) => {
  const voxel = planes.voxelOf(affine, place.split(",").map(Number));
  const seed = reduced.seedOf(run, planes.within(Number(radius), voxel, { affine, shape, numbers }));
  return {
    nu: reduced.degreesOfFreedom(new Float32Array(form.buffer), seed),
    r: Array.from(reduced.correlate(run, seed)),
  };
});
const inMm = Array.from(at, (position) => {
  const [, ny, nz] = shape;
  const voxel = [Math.floor(position / (ny * nz)), Math.floor(position / nz) % ny, position % nz];
  return planes.placeOf(affine, voxel);
});
console.log(JSON.stringify({ places: inMm, maps }));
