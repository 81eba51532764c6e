/** What a link to a view holds: where the seed is and how its map is shown. */
const NAMES = ["x", "y", "z", "radius", "threshold", "range"];

/** A view as the part of an address after its "#". */
export function toHash(view) {
  return NAMES.map((name) => `${name}=${Number(view[name].toFixed(3))}`).join("&");
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

/** A seed as a row for the table of seeds; a label has letters and digits alone. */
export function seedRow([x, y, z], radius) {
  const side = (value) => `${value < 0 ? "m" : "p"}${String(Math.abs(value)).replace(".", "d")}`;
  const label = `X${side(x)}Y${side(y)}Z${side(z)}`;
  // A seed's sphere holds the voxel of its centre, however small it is.
  return [label, x, y, z, radius || 0.1].join("\t");
}
