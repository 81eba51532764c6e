/**
 * The mean of several subjects' maps of one seed.
 *
 * What is called a subject is {runs}: each {weight, components, voxels, levels, lengths}, as in reduced.js, on one grid.
 * A voxel that a run does not have has the length 0 there.
 */
import { correlate, seedOf } from "./reduced.js";

/** Where |r| is clipped before the inverse hyperbolic tangent, as in the workflow's own maps. */
export const R_BOUND = 1 - 1e-7;

/** Standard deviation of Fisher z from which on subjects differ by more than how numbers are rounded. */
const DIFFERENT = 1e-4;

/** Room for the mean map of some voxels. */
export function emptyMean(voxels) {
  return {
    sum: new Float64Array(voxels),
    squares: new Float64Array(voxels),
    count: new Int32Array(voxels),
    subjects: 0,
  };
}

/** Fisher z of each voxel of a run, added with a weight; false where the run has none of the seed's voxels. */
function add(run, chosen, r, z, total) {
  const own = chosen.filter((v) => run.lengths[v] > 0);
  if (!own.length) return false;
  correlate(run, seedOf(run, own), r);
  const { lengths, weight } = run;
  for (let v = 0; v < z.length; v++) {
    if (!(lengths[v] > 0)) continue;
    z[v] += weight * Math.atanh(Math.min(Math.max(r[v], -R_BOUND), R_BOUND));
    total[v] += weight;
  }
  return true;
}

/**
 * Fisher z of a seed with every voxel, summed over subjects: of each the mean of its runs by their weights.
 *
 * @param {{runs: object[]}[]} subjects
 * @param {number[]} chosen Voxels of the seed; of each run those that it has.
 * @param {ReturnType<typeof emptyMean>} mean Filled.
 */
export function average(subjects, chosen, mean) {
  const voxels = mean.sum.length;
  const r = new Float32Array(voxels);
  const z = new Float64Array(voxels);
  const total = new Float64Array(voxels);
  for (const part of [mean.sum, mean.squares, mean.count]) part.fill(0);
  mean.subjects = 0;
  for (const { runs } of subjects) {
    z.fill(0);
    total.fill(0);
    const added = runs.filter((run) => add(run, chosen, r, z, total));
    if (!added.length) continue;
    mean.subjects++;
    for (let v = 0; v < voxels; v++) {
      if (!(total[v] > 0)) continue;
      const own = z[v] / total[v];
      mean.sum[v] += own;
      mean.squares[v] += own * own;
      mean.count[v]++;
    }
  }
  return mean;
}

/**
 * What subjects have at a voxel: their number, the mean of Fisher z, and t of a test whether it is 0.
 *
 * t is null where there are fewer than two subjects, or all are alike, as at the seed itself.
 */
export function atVoxel({ sum, squares, count }, v) {
  const n = count[v];
  const z = sum[v] / n;
  const deviation = Math.sqrt(Math.max(squares[v] - n * z * z, 0) / (n - 1));
  return { n, z, t: n > 1 && deviation > DIFFERENT ? (z * Math.sqrt(n)) / deviation : null };
}
