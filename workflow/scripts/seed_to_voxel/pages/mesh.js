/**
 * Meshes of the cortex: who is beside whom, areas, and ways along the surface.
 *
 * Of both hemispheres together, the left one's vertices first: `vertices` three numbers each (mm), `triangles` three
 * vertices each.
 */

/** Lists of numbers in one array: those of row i stand from `starts[i]` to before `starts[i + 1]`. */
function inRows(lists) {
  const starts = new Int32Array(lists.length + 1);
  lists.forEach((list, row) => {
    starts[row + 1] = starts[row] + list.length;
  });
  return { starts, entries: Int32Array.from(lists.flat()) };
}

/**
 * For each value of a page those before it that are beside it.
 *
 * @param {Int32Array} triangles
 * @param {Int32Array} numbers Of the value that each vertex shows, -1 where it has none.
 * @param {number} count Of values.
 */
export function earlierOnes(triangles, numbers, count) {
  const lists = Array.from({ length: count }, () => []);
  const join = (one, other) => {
    if (one < 0 || other < 0 || one === other) return;
    const [low, high] = one < other ? [one, other] : [other, one];
    if (!lists[high].includes(low)) lists[high].push(low);
  };
  for (let at = 0; at < triangles.length; at += 3) {
    const [a, b, c] = [0, 1, 2].map((corner) => numbers[triangles[at + corner]]);
    join(a, b);
    join(b, c);
    join(c, a);
  }
  return inRows(lists);
}

/**
 * Levels from their differences to the mean of the neighbours that come before them.
 *
 * @param {Uint8Array} lower Lower bytes of the differences, component by component.
 * @param {Uint8Array} upper Upper bytes.
 * @param {{starts: Int32Array, entries: Int32Array}} earlier From `earlierOnes`.
 * @param {number} fineness Steps to 1.
 * @returns {Int8Array|Int16Array}
 */
export function unfoldOnMesh(lower, upper, { starts, entries }, fineness) {
  const count = starts.length - 1;
  const levels = new (fineness <= 127 ? Int8Array : Int16Array)(lower.length);
  for (let start = 0; start < lower.length; start += count) {
    for (let v = 0; v < count; v++) {
      const folded = lower[start + v] | (upper[start + v] << 8);
      const difference = folded & 1 ? -(folded + 1) >> 1 : folded >> 1;
      const n = starts[v + 1] - starts[v];
      let sum = 0;
      for (let at = starts[v]; at < starts[v + 1]; at++) sum += levels[start + entries[at]];
      levels[start + v] = difference + (n ? Math.floor((2 * sum + n) / (2 * n)) : 0);
    }
  }
  return levels;
}

/** Vertices moved by a matrix of three rows of four. */
export function moved(vertices, matrix) {
  const found = new Float32Array(vertices.length);
  for (let at = 0; at < vertices.length; at += 3)
    for (let row = 0; row < 3; row++) {
      const [a, b, c, d] = matrix[row];
      found[at + row] = a * vertices[at] + b * vertices[at + 1] + c * vertices[at + 2] + d;
    }
  return found;
}

/** Twice the area of each triangle times its normal, three numbers each. */
function crossProducts(vertices, triangles) {
  const found = new Float64Array(triangles.length);
  for (let at = 0; at < triangles.length; at += 3) {
    const [a, b, c] = [3 * triangles[at], 3 * triangles[at + 1], 3 * triangles[at + 2]];
    const [px, py, pz] = [0, 1, 2].map((axis) => vertices[b + axis] - vertices[a + axis]);
    const [qx, qy, qz] = [0, 1, 2].map((axis) => vertices[c + axis] - vertices[a + axis]);
    found[at] = py * qz - pz * qy;
    found[at + 1] = pz * qx - px * qz;
    found[at + 2] = px * qy - py * qx;
  }
  return found;
}

/** Area of each vertex, mm²: a third of the triangles around it. */
export function areas(vertices, triangles) {
  const found = new Float64Array(vertices.length / 3);
  const crossed = crossProducts(vertices, triangles);
  for (let at = 0; at < triangles.length; at += 3) {
    const third = Math.hypot(crossed[at], crossed[at + 1], crossed[at + 2]) / 6;
    for (let corner = 0; corner < 3; corner++) found[triangles[at + corner]] += third;
  }
  return found;
}

/** Normals of the vertices, of unit length, three numbers each; those of a mesh that is inside out are turned. */
export function normals(vertices, triangles) {
  const found = new Float32Array(vertices.length);
  const crossed = crossProducts(vertices, triangles);
  for (let at = 0; at < triangles.length; at++) {
    const vertex = 3 * triangles[at];
    const first = at - (at % 3);
    for (let axis = 0; axis < 3; axis++) found[vertex + axis] += crossed[first + axis];
  }
  for (let at = 0; at < found.length; at += 3) {
    const length = Math.hypot(found[at], found[at + 1], found[at + 2]) || 1;
    for (let axis = 0; axis < 3; axis++) found[at + axis] /= length;
  }
  return found;
}

/** Triangles with their corners in such an order that they are seen counterclockwise from outside. */
export function outward(vertices, triangles) {
  const crossed = crossProducts(vertices, triangles);
  let volume = 0;
  for (let at = 0; at < triangles.length; at += 3)
    for (let axis = 0; axis < 3; axis++)
      volume += vertices[3 * triangles[at] + axis] * crossed[at + axis];
  if (volume >= 0) return triangles;
  return triangles.map((_, at) => triangles[at % 3 ? at + (at % 3 === 1 ? 1 : -1) : at]);
}

/**
 * Ways between vertices: the edges, and those straight across two triangles that share an edge.
 *
 * @returns {{to: number, length: number}[][]} From each vertex; a pair may be there twice.
 */
export function ways(vertices, triangles) {
  const found = Array.from({ length: vertices.length / 3 }, () => []);
  const apart = (one, other) =>
    [0, 1, 2].map((axis) => vertices[3 * other + axis] - vertices[3 * one + axis]);
  const join = (one, other, length) => {
    found[one].push({ to: other, length });
    found[other].push({ to: one, length });
  };
  /** Of each edge that has one triangle so far, the corner opposite to it. */
  const opposite = new Map();
  const size = found.length;
  for (let at = 0; at < triangles.length; at += 3)
    for (let corner = 0; corner < 3; corner++) {
      const one = triangles[at + corner];
      const other = triangles[at + ((corner + 1) % 3)];
      const apex = triangles[at + ((corner + 2) % 3)];
      const [start, stop] = one < other ? [one, other] : [other, one];
      const key = start * size + stop;
      const along = apart(start, stop);
      const length = Math.hypot(...along);
      const before = opposite.get(key);
      if (before === undefined) {
        opposite.set(key, apex);
        join(start, stop, length);
        continue;
      }
      // Both triangles laid flat: how far along the edge each apex is, and how far from it.
      const [[x1, y1], [x2, y2]] = [before, apex].map((end) => {
        const reach = apart(start, end);
        const forward = reach.reduce((sum, value, axis) => sum + value * along[axis], 0) / length;
        const square = reach.reduce((sum, value) => sum + value * value, 0) - forward * forward;
        return [forward, Math.sqrt(Math.max(square, 0))];
      });
      const crossing = (x1 * y2 + x2 * y1) / (y1 + y2);
      if (crossing > 0 && crossing < length) join(before, apex, Math.hypot(x1 - x2, y1 + y2));
    }
  return found;
}

/** Vertices within a distance along the surface (Dijkstra 1959), itself first. */
export function around(vertex, radius, joined) {
  const distances = new Map([[vertex, 0]]);
  const done = [];
  // A patch is small: looking for the nearest among a few hundred takes no time.
  const open = new Set([vertex]);
  while (open.size) {
    let next = -1;
    for (const candidate of open)
      if (next < 0 || distances.get(candidate) < distances.get(next)) next = candidate;
    open.delete(next);
    done.push(next);
    for (const { to, length } of joined[next]) {
      const distance = distances.get(next) + length;
      if (distance > radius + 1e-6 || distance >= (distances.get(to) ?? Number.POSITIVE_INFINITY))
        continue;
      distances.set(to, distance);
      open.add(to);
    }
  }
  return done;
}

/** The vertex nearest to a place, of those that may be taken. */
export function nearestVertex(vertices, place, mayBe) {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let vertex = 0; 3 * vertex < vertices.length; vertex++) {
    if (!mayBe(vertex)) continue;
    let square = 0;
    for (let axis = 0; axis < 3; axis++) square += (vertices[3 * vertex + axis] - place[axis]) ** 2;
    // A place may be so far away that no number says how far.
    if (best < 0 || square < least) [best, least] = [vertex, square];
  }
  return best;
}
