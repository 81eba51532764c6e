import { word } from "./scale.js";

/** Pictures of a mesh from any side, without perspective, on a canvas of two dimensions. */

/** Steps of light, from what is seen edge on to what faces the viewer. */
const LIGHTS = 32;

/** Shares of a triangle's corners at a pixel are whole parts of this. */
const WHOLE = 255;

/** Outline of a seed's patch. */
const EDGE = [96, 230, 120];

/**
 * From where a hemisphere is seen.
 *
 * @param {number} side -1 for the left hemisphere, 1 for the right one, which is seen as in a mirror.
 * @param {number} from 1 for the side that is turned to, -1 for the opposite one.
 * @param {number} turn Degrees around the vertical from the side of the head to its front.
 * @param {number} tilt Degrees from there to above.
 * @returns {{across: number[], up: number[], toward: number[]}} Directions to the right and to the top of the picture,
 *   and to the viewer. Axes go right, anterior and superior.
 */
export function directions(side, from, turn, tilt) {
  const [cosine, sine] = [Math.cos, Math.sin].map((of) => of((turn * Math.PI) / 180));
  const [level, rise] = [Math.cos, Math.sin].map((of) => of((tilt * Math.PI) / 180));
  const toward = [side * level * cosine, level * sine, rise].map((value) => from * value);
  const up = [-side * rise * cosine, -rise * sine, level];
  const across = [
    up[1] * toward[2] - up[2] * toward[1],
    up[2] * toward[0] - up[0] * toward[2],
    up[0] * toward[1] - up[1] * toward[0],
  ];
  return { across, up, toward };
}

const dot = (array, at, [x, y, z]) => array[at] * x + array[at + 1] * y + array[at + 2] * z;

/**
 * Which triangle is seen at each pixel, and where on it.
 *
 * @param {{vertices: Float32Array, triangles: Int32Array, normals: Float32Array}} mesh Around the middle of the picture.
 * @param {{across: number[], up: number[], toward: number[]}} view
 * @param {number} width
 * @param {number} height
 * @param {number} size Pixels of a millimetre; fewer where the mesh would not fit.
 * @returns {object} Of each pixel from the top left `seen`, where in `triangles` its triangle begins, -1 where there is
 *   none; `first` and `second`, shares of its first two corners; `light`; of each vertex `x` and `y`, its pixel; and
 *   `isSeen(vertex)`.
 */
export function raster({ vertices, triangles, normals }, view, width, height, size) {
  const count = vertices.length / 3;
  const [x, y, depth, facing] = Array.from({ length: 4 }, () => new Float32Array(count));
  let [wide, high] = [0, 0];
  for (let v = 0; v < count; v++) {
    x[v] = dot(vertices, 3 * v, view.across);
    y[v] = -dot(vertices, 3 * v, view.up);
    depth[v] = dot(vertices, 3 * v, view.toward);
    facing[v] = (LIGHTS - 1) * Math.max(dot(normals, 3 * v, view.toward), 0);
    wide = Math.max(wide, Math.abs(x[v]));
    high = Math.max(high, Math.abs(y[v]));
  }
  const fitting = Math.min(size, (0.49 * width) / wide, (0.49 * height) / high);
  for (let v = 0; v < count; v++) {
    x[v] = width / 2 + fitting * x[v];
    y[v] = height / 2 + fitting * y[v];
  }
  const pixels = width * height;
  const seen = new Int32Array(pixels).fill(-1);
  const [first, second, light] = Array.from({ length: 3 }, () => new Uint8Array(pixels));
  const nearest = new Float32Array(pixels).fill(Number.NEGATIVE_INFINITY);
  for (let at = 0; at < triangles.length; at += 3) {
    const a = triangles[at];
    const b = triangles[at + 1];
    const c = triangles[at + 2];
    const whole = (x[b] - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (y[b] - y[a]);
    // Rows go down, so that what is counterclockwise to the viewer is negative; the rest is seen from behind.
    if (whole >= 0) continue;
    const left = Math.max(Math.ceil(Math.min(x[a], x[b], x[c]) - 0.5), 0);
    const right = Math.min(Math.floor(Math.max(x[a], x[b], x[c]) - 0.5), width - 1);
    const top = Math.max(Math.ceil(Math.min(y[a], y[b], y[c]) - 0.5), 0);
    const bottom = Math.min(Math.floor(Math.max(y[a], y[b], y[c]) - 0.5), height - 1);
    // Shares of the corners change by the same from pixel to pixel.
    const overA = (y[b] - y[c]) / whole;
    const overB = (y[c] - y[a]) / whole;
    const over = left + 0.5;
    for (let row = top; row <= bottom; row++) {
      const down = row + 0.5;
      let ofA = ((x[b] - over) * (y[c] - down) - (x[c] - over) * (y[b] - down)) / whole;
      let ofB = ((x[c] - over) * (y[a] - down) - (x[a] - over) * (y[c] - down)) / whole;
      let pixel = row * width + left;
      for (let column = left; column <= right; column++, pixel++, ofA += overA, ofB += overB) {
        const ofC = 1 - ofA - ofB;
        if (ofA < -1e-5 || ofB < -1e-5 || ofC < -1e-5) continue;
        const near = ofA * depth[a] + ofB * depth[b] + ofC * depth[c];
        if (near <= nearest[pixel]) continue;
        nearest[pixel] = near;
        seen[pixel] = at;
        const shareA = Math.max(Math.round(WHOLE * ofA), 0);
        first[pixel] = shareA;
        second[pixel] = Math.min(Math.max(Math.round(WHOLE * ofB), 0), WHOLE - shareA);
        light[pixel] = ofA * facing[a] + ofB * facing[b] + ofC * facing[c] + 0.5;
      }
    }
  }
  const isSeen = (vertex) => {
    const [column, row] = [x[vertex], y[vertex]].map(Math.floor);
    if (column < 0 || row < 0 || column >= width || row >= height) return false;
    // A pixel's middle is not the vertex, and the surface is steep at its rim.
    return facing[vertex] > 0 && nearest[row * width + column] < depth[vertex] + 3;
  };
  return { width, height, seen, first, second, light, x, y, isSeen };
}

/** The vertex nearest to a pixel, of those of the triangle that is seen there; -1 where there is none. */
export function vertexAt({ seen, first, second }, triangles, pixel) {
  if (seen[pixel] < 0) return -1;
  const [a, b] = [first[pixel], second[pixel]];
  const c = WHOLE - a - b;
  return triangles[seen[pixel] + (a >= b && a >= c ? 0 : b >= c ? 1 : 2)];
}

/** Words of colours in each light. */
function inLights(colors, dark) {
  const words = new Uint32Array(LIGHTS * colors.length);
  for (let step = 0; step < LIGHTS; step++) {
    const bright = dark + ((1 - dark) * step) / (LIGHTS - 1);
    colors.forEach((color, at) => {
      words[step * colors.length + at] = word(color.map((part) => Math.round(bright * part)));
    });
  }
  return words;
}

/**
 * What colours maps: palettes in each light.
 *
 * @param {number[][]} colors From -vmax to vmax.
 * @param {number} vmax
 */
export function inks(colors, vmax) {
  const greys = Array.from({ length: 256 }, (_, level) => [level, level, level]);
  return {
    vmax,
    steps: colors.length,
    // What is coloured is shaded little: the scale beside it has no shades.
    colors: inLights(colors, 0.82),
    greys: inLights(greys, 0.55),
    edge: word(EDGE),
  };
}

/**
 * Paint a map on a picture: between vertices, values are those of the three corners in proportion.
 *
 * @param {Uint32Array} words Pixels from the top left.
 * @param {ReturnType<raster>} picture
 * @param {{triangles: Int32Array, greys: Uint8Array}} mesh Greys of its vertices.
 * @param {Float32Array|null} values Of the vertices, NaN where there is none.
 * @param {ReturnType<inks>} ink
 * @param {number} threshold
 */
export function paintTurned(words, picture, { triangles, greys }, values, ink, threshold) {
  const { seen, first, second, light } = picture;
  words.fill(0);
  for (let pixel = 0; pixel < seen.length; pixel++) {
    const at = seen[pixel];
    if (at < 0) continue;
    const a = triangles[at];
    const b = triangles[at + 1];
    const c = triangles[at + 2];
    const ofA = first[pixel];
    const ofB = second[pixel];
    const ofC = WHOLE - ofA - ofB;
    if (values) {
      let value = (ofA * values[a] + ofB * values[b] + ofC * values[c]) / WHOLE;
      // At the edge of what has values, each vertex speaks for itself.
      if (Number.isNaN(value)) value = values[vertexAt(picture, triangles, pixel)];
      if (Math.abs(value) >= threshold) {
        const part = Math.min(Math.max((value / ink.vmax + 1) / 2, 0), 1);
        words[pixel] = ink.colors[light[pixel] * ink.steps + Math.round((ink.steps - 1) * part)];
        continue;
      }
    }
    const grey = (ofA * greys[a] + ofB * greys[b] + ofC * greys[c]) / WHOLE;
    words[pixel] = ink.greys[light[pixel] * 256 + Math.round(grey)];
  }
}

/**
 * Draw a line around some vertices.
 *
 * @param {Uint32Array} words
 * @param {ReturnType<raster>} picture
 * @param {Int32Array} triangles
 * @param {Uint8Array} inside 1 at those vertices.
 * @param {number} edge A canvas' word.
 */
export function outline(words, picture, triangles, inside, edge) {
  const { width, height } = picture;
  const isIn = (pixel) => {
    const vertex = vertexAt(picture, triangles, pixel);
    return vertex >= 0 && inside[vertex] === 1;
  };
  for (let row = 1; row < height - 1; row++)
    for (let column = 1; column < width - 1; column++) {
      const pixel = row * width + column;
      if (!isIn(pixel)) continue;
      if ([pixel - 1, pixel + 1, pixel - width, pixel + width].some((beside) => !isIn(beside)))
        words[pixel] = edge;
    }
}

/** What a direction is called that a hemisphere is seen from, if it has a name. */
export function viewName(side, [x, y, z]) {
  const names = { lateral: side * x, medial: -side * x, anterior: y, posterior: -y };
  const all = { ...names, dorsal: z, ventral: -z };
  return Object.keys(all).find((name) => all[name] > 0.99) ?? "";
}

/** The letter of the axis that a direction is nearest to: left, right, posterior, anterior, inferior, superior. */
export function letter(direction) {
  const axis = [0, 1, 2].reduce((best, at) =>
    Math.abs(direction[at]) > Math.abs(direction[best]) ? at : best,
  );
  return ["LR", "PA", "IS"][axis][direction[axis] > 0 ? 1 : 0];
}
