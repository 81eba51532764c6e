import { areas, around, moved, normals, outward, ways } from "./mesh.js";
import { inflate } from "./reduced.js";

/** Grey of vertices without data, and how much lighter the others are than in figures, as light darkens them. */
const [WALL, LIGHTER] = [238, 36];

const inMillimetres = async (text, step) => {
  const whole = new Int16Array((await inflate(text)).buffer);
  return Float32Array.from(whole, (value) => value * step);
};

/** Whole numbers from what each is more than the one before. */
const summed = async (text) => {
  let sum = 0;
  return new Int32Array((await inflate(text)).buffer).map((difference) => {
    sum += difference;
    return sum;
  });
};

const inOne = ([one, other]) => {
  const whole = new one.constructor(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
};

/** Vertices moved so that the box around them is around 0. */
function centred(vertices) {
  const found = vertices.slice();
  for (let axis = 0; axis < 3; axis++) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let at = axis; at < found.length; at += 3) {
      low = Math.min(low, found[at]);
      high = Math.max(high, found[at]);
    }
    for (let at = axis; at < found.length; at += 3) found[at] -= (low + high) / 2;
  }
  return found;
}

/**
 * The meshes of a page, and which value each vertex shows.
 *
 * @param {object} mesh What the page was given of them.
 * @returns {Promise<object>} `triangles` of both hemispheres, the left one first, which has `left` vertices; `mni`, where
 *   vertices are, three numbers each; `numbers`, of each the value that it shows, -1 for none; `vertexOf`, of each value
 *   the vertex that it is of; `snapped(vertex)`, that of the value that a vertex shows; `patch(vertex, radius)`, the
 *   `numbers` of a seed's vertices and perhaps their `weights`; `drawn`, by hemisphere, what is drawn: `vertices`
 *   around 0, `triangles`, `normals`, `greys`, and the number of its `first` vertex among both.
 */
export async function joinedMeshes({ step, hemispheres, to_mni, area_weights, ...given }) {
  const halves = await Promise.all(
    Object.entries(hemispheres).map(async ([hemisphere, own]) => ({
      hemisphere,
      middle: await inMillimetres(own.middle, step),
      drawn: await inMillimetres(own.drawn ?? own.middle, step),
      triangles: await summed(own.triangles ?? hemispheres.L.triangles),
    })),
  );
  const numbers = await summed(given.numbers);
  const vertexOf = await summed(given.kept);
  const greys = await inflate(given.greys);
  greys.forEach((grey, vertex) => {
    greys[vertex] = numbers[vertex] < 0 ? WALL : grey + LIGHTER;
  });
  const left = halves[0].middle.length / 3;
  const vertices = inOne(halves.map(({ middle }) => middle));
  const triangles = inOne(
    halves.map((half, at) => (at ? half.triangles.map((v) => v + left) : half.triangles)),
  );
  const drawn = halves.map((half, at) => {
    const own = centred(half.drawn);
    const faces = outward(own, half.triangles);
    const first = at ? left : 0;
    const mesh = { vertices: own, triangles: faces, normals: normals(own, faces), first };
    return [half.hemisphere, { ...mesh, greys: greys.subarray(first, first + own.length / 3) }];
  });
  let joined = null;
  const size = area_weights ? areas(vertices, triangles) : null;
  const snapped = (vertex) => (numbers[vertex] < 0 ? vertex : vertexOf[numbers[vertex]]);
  const patch = (vertex, radius) => {
    if (numbers[vertex] < 0) return { numbers: [] };
    // Made when a patch is first asked for: a page opens sooner without.
    if (radius) joined ??= ways(vertices, triangles);
    const within = radius ? around(snapped(vertex), radius, joined) : [snapped(vertex)];
    const kept = within.filter((v) => numbers[v] >= 0 && snapped(v) === v);
    return {
      numbers: kept.map((v) => numbers[v]),
      weights: size ? kept.map((v) => size[v]) : undefined,
    };
  };
  const mni = moved(vertices, to_mni);
  return {
    triangles,
    left,
    mni,
    numbers,
    vertexOf,
    snapped,
    patch,
    drawn: Object.fromEntries(drawn),
  };
}
