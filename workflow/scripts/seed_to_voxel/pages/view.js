/** What a link to a view can hold: where the seed is, how its map is shown, and how the cortex is turned. */
const NAMES = ["x", "y", "z", "radius", "threshold", "range", "turn", "tilt"];

/** A view as the part of an address after its "#". */
export function toHash(view) {
  return NAMES.filter((name) => name in view)
    .map((name) => `${name}=${Number(view[name].toFixed(3))}`)
    .join("&");
}

/**
 * The view that an address holds; what it lacks, or what is no number, is left out.
 *
 * @param {string} hash With or without its "#".
 */
export function fromHash(hash) {
  const found = {};
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    const value = Number(text);
    if (NAMES.includes(name) && text.trim() !== "" && Number.isFinite(value)) found[name] = value;
  }
  return found;
}

/** A label of letters and digits alone for a seed at a place, mm. */
export function seedLabel([x, y, z]) {
  const side = (value) => `${value < 0 ? "m" : "p"}${String(Math.abs(value)).replace(".", "d")}`;
  return `X${side(x)}Y${side(y)}Z${side(z)}`;
}

/** A seed as a row for the table of seeds. */
export function seedRow(place, radius) {
  // A seed's sphere holds the voxel of its centre, however small it is.
  return [seedLabel(place), ...place, radius || 0.1].join("\t");
}

/** A seed around a vertex as a table of seeds: names of columns, and a row. */
export function vertexTable({ hemisphere, vertex, place, radius, space }) {
  const row = {
    label: seedLabel(place),
    kind: "surface",
    vertex,
    hemisphere,
    radius_mm: radius || 0.1,
    space,
  };
  return [Object.keys(row), Object.values(row)].map((cells) => cells.join("\t")).join("\n");
}
