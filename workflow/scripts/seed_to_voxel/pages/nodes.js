/** The named node nearest to a place: name, network, and how far it is, mm. */
export function nearestNode(nodes, place) {
  let best = null;
  for (const [x, y, z, name, network] of nodes) {
    const distance = Math.hypot(x - place[0], y - place[1], z - place[2]);
    if (!best || distance < best.distance) best = { name, network, distance };
  }
  return best;
}
