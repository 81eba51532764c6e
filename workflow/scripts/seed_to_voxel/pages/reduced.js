/**
 * A run in few dimensions, and the correlations of its voxels.
 *
 * What is called `run` is {components, voxels, fineness, levels, lengths}: levels of all voxels component by component,
 * and the length of each voxel's.
 */

/** Bytes that were deflated and written in base 64. */
export async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Positions in the grid of the voxels of a mask that is packed in bits, the highest of a byte first. */
export function positions(bits, size) {
  const found = [];
  for (let at = 0; at < size; at++) if ((bits[at >> 3] >> (7 - (at & 7))) & 1) found.push(at);
  return Int32Array.from(found);
}

/**
 * For each voxel of the mask its number, by its position in the grid; -1 elsewhere.
 *
 * @param {Int32Array} places From `positions`.
 */
export function numbering(places, size) {
  const numbers = new Int32Array(size).fill(-1);
  places.forEach((at, number) => {
    numbers[at] = number;
  });
  return numbers;
}

/** For each voxel the numbers of the seven that foretell it, by the axes along which they lie one back. */
function neighbours(places, numbers, [, ny, nz]) {
  const steps = [ny * nz, nz, 1];
  const none = places.length;
  const found = Array.from({ length: 8 }, () => new Int32Array(places.length).fill(none));
  places.forEach((at, number) => {
    const first = [at >= steps[0], Math.floor(at / nz) % ny > 0, at % nz > 0];
    for (let back = 1; back < 8; back++) {
      const axes = [0, 1, 2].filter((axis) => (back >> axis) & 1);
      if (!axes.every((axis) => first[axis])) continue;
      const other = numbers[at - axes.reduce((sum, axis) => sum + steps[axis], 0)];
      if (other >= 0) found[back][number] = other;
    }
  });
  return found;
}

/**
 * Levels from their differences to what their neighbours foretell.
 *
 * @param {Uint8Array} lower Lower bytes of the differences, component by component.
 * @param {Uint8Array} upper Upper bytes.
 * @param {Int32Array} places Where the voxels are in the grid.
 * @param {Int32Array} numbers From `numbering`.
 * @param {number[]} shape Of the grid.
 * @param {number} fineness Steps to 1.
 * @returns {Int8Array|Int16Array}
 */
export function unfold(lower, upper, places, numbers, shape, fineness) {
  const voxels = places.length;
  const [, x, y, xy, z, xz, yz, xyz] = neighbours(places, numbers, shape);
  const levels = new (fineness <= 127 ? Int8Array : Int16Array)(lower.length);
  // One more, which stays 0, for what lies outside.
  const own = new Int32Array(voxels + 1);
  for (let start = 0; start < lower.length; start += voxels) {
    for (let v = 0; v < voxels; v++) {
      const folded = lower[start + v] | (upper[start + v] << 8);
      const difference = folded & 1 ? -(folded + 1) >> 1 : folded >> 1;
      own[v] =
        difference +
        (own[x[v]] + own[y[v]] + own[z[v]] - own[xy[v]] - own[xz[v]] - own[yz[v]] + own[xyz[v]]);
    }
    levels.set(own.subarray(0, voxels), start);
  }
  return levels;
}

/** Length of each voxel's levels. */
export function lengths(levels, voxels) {
  const squares = new Float64Array(voxels);
  for (let start = 0; start < levels.length; start += voxels) {
    for (let v = 0; v < voxels; v++) squares[v] += levels[start + v] * levels[start + v];
  }
  return Float32Array.from(squares, Math.sqrt);
}

/**
 * The mean of some voxels' standardised series, of unit length.
 *
 * @param {object} run
 * @param {number[]} chosen
 * @param {number[]|undefined} weights Of each chosen one in the mean; alike without.
 */
export function seedOf(run, chosen, weights) {
  const seed = new Float64Array(run.components);
  const shares = chosen.map((v, at) => (weights ? weights[at] : 1) / run.lengths[v]);
  for (let component = 0; component < run.components; component++) {
    const start = component * run.voxels;
    chosen.forEach((v, at) => {
      seed[component] += run.levels[start + v] * shares[at];
    });
  }
  const length = Math.hypot(...seed);
  return seed.map((value) => value / length);
}

/** Pearson's r of a seed with every voxel. */
export function correlate(run, seed, r = new Float32Array(run.voxels)) {
  const { levels, voxels, components } = run;
  const own = (component) => levels.subarray(component * voxels, (component + 1) * voxels);
  r.fill(0);
  let component = 0;
  // Four at a time: r is read and written a quarter as often, which is most of the work.
  for (; component + 4 <= components; component += 4) {
    const [p, q, s, t] = seed.subarray(component, component + 4);
    const [a, b, c, d] = [0, 1, 2, 3].map((next) => own(component + next));
    for (let v = 0; v < voxels; v++) r[v] += p * a[v] + q * b[v] + s * c[v] + t * d[v];
  }
  for (; component < components; component++) {
    const a = own(component);
    for (let v = 0; v < voxels; v++) r[v] += seed[component] * a[v];
  }
  for (let v = 0; v < voxels; v++) r[v] = Math.min(Math.max(r[v] / run.lengths[v], -1), 1);
  return r;
}

/**
 * Effective degrees of freedom of a seed: the harmonic mean over all voxels.
 *
 * @param {Float32Array} form Symmetric matrix M, row by row from the diagonal on; they are 1 / q'Mq.
 * @param {Float64Array} seed q, of unit length.
 */
export function degreesOfFreedom(form, seed) {
  let square = 0;
  const n = seed.length;
  let at = 0;
  for (let i = 0; i < n; i++)
    for (let j = i; j < n; j++) square += (i === j ? 1 : 2) * seed[i] * form[at++] * seed[j];
  return 1 / square;
}

/**
 * |r| from which a test is significant; null where there are too few degrees of freedom.
 *
 * The inverse of how the workflow turns r into a z-score (Wallace 1959), without its correction for the tails.
 *
 * @param {number} nu Degrees of freedom.
 * @param {number} z The smallest significant |z|.
 */
export function criticalR(nu, z) {
  if (nu <= 3) return null;
  const left = nu - 1;
  const share = ((8 * left + 1) / (8 * left + 3)) ** 2;
  return Math.sqrt(1 - Math.exp(-(z * z) / (left * share)));
}
