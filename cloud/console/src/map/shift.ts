/**
 * The shifted grids of public Chinese maps: GCJ-02, and Baidu's BD-09 on top of it. Degrees, [latitude, longitude].
 * The same published formulas as the server's; both are held to the same golden vectors.
 */
export type Degrees = readonly [lat: number, lon: number];

const AXIS_M = 6_378_245; // Krasovsky 1940
const ECCENTRICITY2 = 0.006693421622965943;
const RADIANS = Math.PI / 180;
const BD = Math.PI * (3000 / 180);

function waves(at: number, ...terms: readonly Degrees[]): number {
  return (terms.reduce((sum, [height, frequency]) => sum + height * Math.sin(at * frequency * Math.PI), 0) * 2) / 3;
}

/** WGS-84 to GCJ-02; outside of China's bounding box nothing is shifted. */
export function gcj02([lat, lon]: Degrees): Degrees {
  if (!(lon >= 72.004 && lon <= 137.8347 && lat >= 0.8293 && lat <= 55.8271)) return [lat, lon];
  const [x, y] = [lon - 105, lat - 35];
  const root = Math.sqrt(Math.abs(x));
  const wave = waves(x, [20, 6], [20, 2]);
  const north =
    -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave + waves(y, [20, 1], [40, 1 / 3], [160, 1 / 12], [320, 1 / 30]);
  const east =
    300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave + waves(x, [20, 1], [40, 1 / 3], [150, 1 / 12], [300, 1 / 30]);
  const part = 1 - ECCENTRICITY2 * Math.sin(lat * RADIANS) ** 2;
  const metresNorth = (AXIS_M * (1 - ECCENTRICITY2)) / (part * Math.sqrt(part));
  const metresEast = (AXIS_M / Math.sqrt(part)) * Math.cos(lat * RADIANS);
  return [lat + north / metresNorth / RADIANS, lon + east / metresEast / RADIANS];
}

/** GCJ-02 to BD-09. */
export function bd09([lat, lon]: Degrees): Degrees {
  const radius = Math.hypot(lon, lat) + 0.00002 * Math.sin(lat * BD);
  const angle = Math.atan2(lat, lon) + 0.000003 * Math.cos(lon * BD);
  return [radius * Math.sin(angle) + 0.006, radius * Math.cos(angle) + 0.0065];
}

/** The point that `forward` moves to `there`: fixed-point iteration, good to a millimetre. */
export function back(there: Degrees, forward: (point: Degrees) => Degrees): Degrees {
  let [lat, lon] = there;
  for (let turn = 0; turn < 8; turn += 1) {
    const [north, east] = forward([lat, lon]);
    lat += there[0] - north;
    lon += there[1] - east;
  }
  return [lat, lon];
}
