import { explore } from "./explorer.js";
import { given, written } from "./explorer_page.js";
import { atVoxel, average, emptyMean } from "./pooled.js";
import { inflate, lengths, unfold } from "./reduced.js";

/** Maps of the mean over subjects. */
async function modelOfGroup({ places, numbers, shape }) {
  const { voxels, fineness } = given;
  const subjects = [];
  // One after another, so that no more than one is there twice.
  for (const { runs } of given.subjects) {
    const unpacked = [];
    for (const { weight, lower, upper } of runs) {
      const [low, high] = [await inflate(lower), await inflate(upper)];
      const levels = unfold(low, high, places, numbers, shape, fineness);
      const components = low.length / voxels;
      unpacked.push({ weight, components, voxels, levels, lengths: lengths(levels, voxels) });
    }
    subjects.push({ runs: unpacked });
  }
  const mean = emptyMean(voxels);
  const shown = new Float32Array(voxels);
  return {
    shown,
    makeMap(chosen) {
      if (!chosen.length) return null;
      average(subjects, chosen, mean);
      if (!mean.subjects) return null;
      for (let v = 0; v < voxels; v++) shown[v] = Math.tanh(mean.sum[v] / mean.count[v]);
      return `${mean.subjects} of ${subjects.length}`;
    },
    at(number) {
      const { n, z, t } = atVoxel(mean, number);
      if (!n) return "no participant has a value";
      const test = t === null ? "no t" : `t(${n - 1}) = ${written(t)}, uncorrected`;
      return `mean z = ${z.toFixed(3).replace("-", "−")}, r = ${written(shown[number])}; ${test}; ${n} participants`;
    },
    saved: () => ({ values: mean.sum.map((z, v) => z / mean.count[v]), what: "Mean Fisher z" }),
  };
}

explore(modelOfGroup);
