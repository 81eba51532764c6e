/**
 * A map as a NIfTI-1 file (.nii): single precision, its affine as the sform.
 *
 * @param {number[]} shape Of the grid; values are in C order there, and in Fortran order in the file.
 * @param {number[][]} affine From voxels to mm.
 * @param {Float32Array} values
 * @param {string} description At most 79 letters of ASCII.
 * @returns {ArrayBuffer}
 */
export function niftiFile(shape, affine, values, description) {
  const [nx, ny, nz] = shape;
  const buffer = new ArrayBuffer(352 + 4 * values.length);
  const view = new DataView(buffer);
  view.setInt32(0, 348, true);
  [3, nx, ny, nz, 1, 1, 1, 1].forEach((size, at) => {
    view.setInt16(40 + 2 * at, size, true);
  });
  view.setInt16(70, 16, true); // float32
  view.setInt16(72, 32, true);
  view.setFloat32(76, 1, true);
  for (let axis = 0; axis < 3; axis++) {
    view.setFloat32(80 + 4 * axis, Math.hypot(...[0, 1, 2].map((row) => affine[row][axis])), true);
    affine[axis].forEach((value, column) => {
      view.setFloat32(280 + 16 * axis + 4 * column, value, true);
    });
  }
  view.setFloat32(108, 352, true);
  view.setFloat32(112, 1, true);
  view.setUint8(123, 2); // mm
  [...description.slice(0, 79)].forEach((letter, at) => {
    view.setUint8(148 + at, letter.charCodeAt(0) & 127);
  });
  view.setInt16(254, 4, true); // MNI
  [..."n+1"].forEach((letter, at) => {
    view.setUint8(344 + at, letter.charCodeAt(0));
  });
  let to = 352;
  for (let z = 0; z < nz; z++)
    for (let y = 0; y < ny; y++)
      for (let x = 0; x < nx; x++) {
        view.setFloat32(to, values[(x * ny + y) * nz + z], true);
        to += 4;
      }
  return buffer;
}
