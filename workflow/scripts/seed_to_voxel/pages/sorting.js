/**
 * Positions of runs in the order of one of their values.
 *
 * @param {{title: string}[]} runs Each with a title, and with numbers, or null where it has none.
 * @param {string} by Name of a value, "title" among them; "-" before it puts the largest first.
 * @returns {number[]} Runs without the value come last; equal ones are sorted by title.
 */
export function order(runs, by) {
  const sign = by.startsWith("-") ? -1 : 1;
  const key = by.replace("-", "");
  const byTitle = (a, b) =>
    runs[a].title.localeCompare(runs[b].title, undefined, { numeric: true });
  return runs
    .map((_, position) => position)
    .sort((a, b) => {
      if (key === "title") return sign * byTitle(a, b);
      const [one, other] = [runs[a][key], runs[b][key]];
      if (one === null || other === null) return (one === null) - (other === null) || byTitle(a, b);
      return sign * (one - other) || byTitle(a, b);
    });
}
