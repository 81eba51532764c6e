import { given, written } from "./explorer_page.js";
import { correlate, criticalR, degreesOfFreedom, inflate, lengths, seedOf } from "./reduced.js";

/**
 * Maps of one run; see `startPage`.
 *
 * @param {(lower: Uint8Array, upper: Uint8Array) => Int8Array|Int16Array} unfolded Levels from their differences.
 */
export async function runModel(unfolded) {
  const [lower, upper, bytes] = await Promise.all(
    [given.lower, given.upper, given.form].map(inflate),
  );
  const { components, critical } = given;
  const levels = unfolded(lower, upper);
  const voxels = levels.length / components;
  const run = { components, voxels, levels, lengths: lengths(levels, voxels) };
  const form = new Float32Array(bytes.buffer);
  const shown = new Float32Array(voxels);
  return {
    shown,
    makeMap(chosen, weights) {
      if (!chosen.length) return null;
      const seed = seedOf(run, chosen, weights);
      correlate(run, seed, shown);
      const nu = degreesOfFreedom(form, seed);
      const [one, all] = [critical.one, critical.all].map((z) => criticalR(nu, z));
      return one === null
        ? `ν = ${nu.toFixed(1)}, too few for a test`
        : `ν = ${nu.toFixed(1)}; |r| beyond chance from ${written(one)} at one ${given.word}, from ${written(all)} over all`;
    },
    at: (number) => `r = ${written(shown[number])}`,
    saved: () => ({ values: shown, what: "Pearson r" }),
  };
}
