const STRUCTURES = { L: "CortexLeft", R: "CortexRight" };

/** Bytes in base 64. */
function inBase64(bytes) {
  let letters = "";
  for (let at = 0; at < bytes.length; at += 0x8000)
    letters += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(letters);
}

const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/**
 * Values of a hemisphere's vertices as a GIFTI file (.func.gii), single precision.
 *
 * @param {Float32Array} values
 * @param {"L"|"R"} hemisphere
 * @param {string} name Of the map.
 * @returns {string}
 */
export function giftiFile(values, hemisphere, name) {
  const data = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, at) => {
    data.setFloat32(4 * at, value, true);
  });
  const meta = (key, value) =>
    `<MetaData><MD><Name>${key}</Name><Value>${escaped(value)}</Value></MD></MetaData>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE GIFTI SYSTEM "http://www.nitrc.org/frs/download.php/115/gifti.dtd">
<GIFTI Version="1.0" NumberOfDataArrays="1">
${meta("AnatomicalStructurePrimary", STRUCTURES[hemisphere])}
<LabelTable/>
<DataArray Intent="NIFTI_INTENT_CORREL" DataType="NIFTI_TYPE_FLOAT32" ArrayIndexingOrder="RowMajorOrder"
 Dimensionality="1" Dim0="${values.length}" Encoding="Base64Binary" Endian="LittleEndian" ExternalFileName=""
 ExternalFileOffset="0">
${meta("Name", name)}
<Data>${inBase64(new Uint8Array(data.buffer))}</Data>
</DataArray>
</GIFTI>
`;
}
