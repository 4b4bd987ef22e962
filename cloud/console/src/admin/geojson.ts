/** A safe zone as people paste it: GeoJSON with one polygon. Pure; numbers are of whatever datum they were written in. */

export interface Corner {
  readonly lat: number;
  readonly lng: number;
}

const MOST = 200;

type Json = Readonly<Record<string, unknown>>;

function polygonIn(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return null;
  const found = value as Json;
  const list = (name: string): unknown[] => (Array.isArray(found[name]) ? (found[name] as unknown[]) : []);
  switch (found["type"]) {
    case "Polygon":
      return list("coordinates");
    case "MultiPolygon":
      return list("coordinates").length === 1 ? list("coordinates")[0] : null;
    case "Feature":
      return polygonIn(found["geometry"]);
    case "FeatureCollection":
      return list("features").length === 1 ? polygonIn(list("features")[0]) : null;
    default:
      return null;
  }
}

function cornerOf(pair: unknown): Corner | null {
  if (!Array.isArray(pair)) return null;
  const [lng, lat] = pair as unknown[];
  const fits = typeof lng === "number" && typeof lat === "number" && Math.abs(lng) <= 180 && Math.abs(lat) <= 90;
  return fits ? { lat, lng } : null;
}

/** The corners of the one polygon, without the closing one; null where the text holds none, several, or one with holes. */
export function cornersOf(text: string): Corner[] | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  const rings = polygonIn(read);
  if (!Array.isArray(rings) || rings.length !== 1 || !Array.isArray(rings[0])) return null;
  const corners = (rings[0] as unknown[]).map(cornerOf);
  if (corners.some((corner) => corner === null)) return null;
  const found = corners as Corner[];
  const [first, last] = [found[0], found.at(-1)];
  if (found.length > 1 && first?.lat === last?.lat && first?.lng === last?.lng) found.pop();
  return found.length <= MOST ? found : null;
}

/** The corners as GeoJSON; "" for none. */
export function textOf(corners: readonly { readonly lat: number; readonly lon: number }[]): string {
  const [first] = corners;
  if (first === undefined) return "";
  const ring = [...corners, first].map(({ lat, lon }) => [Number(lon.toFixed(6)), Number(lat.toFixed(6))]);
  return JSON.stringify({ type: "Polygon", coordinates: [ring] });
}
