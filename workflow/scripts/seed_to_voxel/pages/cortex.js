import { word } from "./scale.js";

/**
 * Paint a view of the cortex: the map at the voxel of each pixel's vertex where it is shown, else the folds.
 *
 * @param {Uint32Array} words Pixels from the top left.
 * @param {{vertices: Int16Array, grey: Uint8Array}} view Vertex of each pixel, -1 where there is none.
 * @param {Int32Array} voxels Number of the voxel of each vertex, -1 outside of the mask.
 * @param {Float32Array|null} r Of each voxel.
 * @param {ReturnType<import("./scale.js").makeScale>} scale
 * @param {number} threshold
 */
export function paintCortex(words, { vertices, grey }, voxels, r, scale, threshold) {
  words.fill(0);
  for (let pixel = 0; pixel < words.length; pixel++) {
    if (vertices[pixel] < 0) continue;
    const voxel = voxels[vertices[pixel]];
    const shown = r && voxel >= 0 && Math.abs(r[voxel]) >= threshold;
    words[pixel] = word(shown ? scale.color(r[voxel]) : [grey[pixel], grey[pixel], grey[pixel]]);
  }
}
