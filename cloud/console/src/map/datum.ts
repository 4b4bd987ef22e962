/**
 * The one place that knows a datum. Everything else is WGS-84 (`Wgs`); what the basemap draws is a `MapPoint`.
 * The two types do not fit each other, so nothing can be converted twice or not at all.
 */
import { back, bd09, gcj02, type Degrees } from "./shift";

/** Degrees WGS-84, as the API gives them. */
export interface Wgs {
  readonly lat: number;
  readonly lon: number;
}

declare const onTheMap: unique symbol;
/** Latitude and longitude in the basemap's datum, for Leaflet only. */
export type MapPoint = [lat: number, lng: number] & { readonly [onTheMap]: true };

export type Crs = "WGS84" | "GCJ02" | "BD09";

const SHIFT: Record<Crs, (point: Degrees) => Degrees> = {
  WGS84: (point) => point,
  GCJ02: gcj02,
  BD09: (point) => bd09(gcj02(point)),
};

export function toBasemap(point: Wgs, crs: Crs): MapPoint {
  const [lat, lon] = SHIFT[crs]([point.lat, point.lon]);
  return [lat, lon] as unknown as MapPoint;
}

export function fromBasemap(point: { readonly lat: number; readonly lng: number }, crs: Crs): Wgs {
  const [lat, lon] = back([point.lat, point.lng], SHIFT[crs]);
  return { lat, lon };
}
