import { explore, given, written } from "./explorer.js";
import {
  correlate,
  criticalR,
  degreesOfFreedom,
  inflate,
  lengths,
  seedOf,
  unfold,
} from "./reduced.js";

/** Maps of one run. */
async function modelOfRun({ places, numbers, shape }) {
  const [lower, upper, bytes] = await Promise.all(
    [given.lower, given.upper, given.form].map(inflate),
  );
  const { components, voxels, fineness, critical } = given;
  const levels = unfold(lower, upper, places, numbers, shape, fineness);
  const run = { components, voxels, levels, lengths: lengths(levels, voxels) };
  const form = new Float32Array(bytes.buffer);
  const shown = new Float32Array(voxels);
  return {
    shown,
    makeMap(chosen) {
      if (!chosen.length) return null;
      const seed = seedOf(run, chosen);
      correlate(run, seed, shown);
      const nu = degreesOfFreedom(form, seed);
      const [one, all] = [critical.one, critical.all].map((z) => criticalR(nu, z));
      return one === null
        ? `ν = ${nu.toFixed(1)}, too few for a test`
        : `ν = ${nu.toFixed(1)}; |r| beyond chance from ${written(one)} at one voxel, from ${written(all)} over all`;
    },
    at: (number) => `r = ${written(shown[number])}`,
    saved: () => ({ values: shown, what: "Pearson r" }),
  };
}

explore(modelOfRun);
