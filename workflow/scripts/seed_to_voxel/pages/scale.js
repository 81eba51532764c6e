/**
 * The colours of values, which the viewers know in levels: r, or another value, is level / levels.
 *
 * @param {{colors: number[][], vmax: number, levels: number}} given Colours from -vmax to vmax, each red, green and blue;
 *   levels of a unit.
 * @returns {{levels: number, color: function(number): number[], ramp: function(number, number, number[]): number[][]}}
 */
export function makeScale({ colors, vmax, levels }) {
  const color = (level) => {
    const part = (level / levels + vmax) / (2 * vmax);
    return colors[Math.round(Math.min(Math.max(part, 0), 1) * (colors.length - 1))];
  };
  /** So many colours from -vmax to vmax, blank where nothing is shown. */
  const ramp = (steps, least, blank) =>
    Array.from({ length: steps }, (_, step) => {
      const level = ((2 * step) / (steps - 1) - 1) * vmax * levels;
      return Math.abs(level) < least ? blank : color(level);
    });
  return { levels, color, ramp };
}

/** The level of a place without a value; 0 is that of values near to 0. */
export const NONE = -128;

/** Whether a level is shown. */
export function isShown(level, least) {
  return level !== NONE && Math.abs(level) >= least;
}

/**
 * How many values there are, and how many of them are shown.
 *
 * @param {Int8Array} values Levels.
 * @param {number} least The smallest level that is shown.
 */
export function count(values, least) {
  let all = 0;
  let shown = 0;
  for (const level of values) {
    if (level !== NONE) all++;
    if (isShown(level, least)) shown++;
  }
  return { all, shown };
}

/** A colour as style sheets write it. */
export function hex([red, green, blue]) {
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** A colour as the four bytes of a canvas' pixel, in one word of a machine whose lowest byte comes first. */
export function word([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
