/**
 * The one place that knows a datum. Everything else is WGS-84 (`Wgs`); what the basemap draws is a `MapPoint`.
 * The two types do not fit each other, so nothing can be converted twice or not at all.
 */
import gcoord from "gcoord";

/** Degrees WGS-84, as the API gives them. */
export interface Wgs {
  readonly lat: number;
  readonly lon: number;
}

declare const onTheMap: unique symbol;
/** Latitude and longitude in the basemap's datum, for Leaflet only. */
export type MapPoint = [lat: number, lng: number] & { readonly [onTheMap]: true };

export type Crs = "WGS84" | "GCJ02" | "BD09";

const SYSTEMS = { WGS84: gcoord.WGS84, GCJ02: gcoord.GCJ02, BD09: gcoord.BD09 } as const;

function turned(lon: number, lat: number, from: Crs, to: Crs): [lon: number, lat: number] {
  // gcoord changes GeoJSON in place: it is given a fresh pair of numbers and nothing else.
  return from === to ? [lon, lat] : gcoord.transform([lon, lat], SYSTEMS[from], SYSTEMS[to]);
}

export function toBasemap(point: Wgs, crs: Crs): MapPoint {
  const [lon, lat] = turned(point.lon, point.lat, "WGS84", crs);
  return [lat, lon] as MapPoint;
}

export function fromBasemap(point: { readonly lat: number; readonly lng: number }, crs: Crs): Wgs {
  const [lon, lat] = turned(point.lng, point.lat, crs, "WGS84");
  return { lat, lon };
}
