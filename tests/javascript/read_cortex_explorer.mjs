// Print r as the page of a run on the cortical surface has it: node read_cortex_explorer.mjs PAGE RADIUS 'L 12;R 7', as
// JSON.
import { readFileSync } from "node:fs";
import * as meshes from "../../workflow/scripts/seed_to_voxel/pages/mesh.js";
import * as reduced from "../../workflow/scripts/seed_to_voxel/pages/reduced.js";
import { joinedMeshes } from "../../workflow/scripts/seed_to_voxel/pages/sheet.js";

const [, , page, radius, seeds] = process.argv;
const [, text] = readFileSync(page, "utf8").match(/id="data">(.*?)<\/script>/s);
const given = JSON.parse(text);
const sheet = await joinedMeshes(given.mesh);
const [lower, upper, form] = await Promise.all(
  [given.lower, given.upper, given.form].map(reduced.inflate),
);
const earlier = meshes.earlierOnes(sheet.triangles, sheet.numbers, given.mesh.count);
const levels = meshes.unfoldOnMesh(lower, upper, earlier, given.fineness);
const voxels = given.mesh.count;
const run = { components: given.components, voxels, levels, lengths: reduced.lengths(levels, voxels) };
const maps = seeds.split(";").map((name) => {
  const [hemisphere, own] = name.split(" ");
  const { numbers, weights } = sheet.patch(Number(own) + (hemisphere === "R" ? sheet.left : 0), Number(radius));
  const seed = reduced.seedOf(run, numbers, weights);
  return {
    nu: reduced.degreesOfFreedom(new Float32Array(form.buffer), seed),
    chosen: numbers.map((number) => sheet.vertexOf[number]),
    r: Array.from(reduced.correlate(run, seed)),
  };
});
console.log(JSON.stringify({ vertices: Array.from(sheet.vertexOf), mni: Array.from(sheet.mni), maps }));
