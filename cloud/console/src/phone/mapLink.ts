/** Opening a place in the telephone's own map: the one place here that leaves WGS-84. */
import { gcj02 } from "../map/shift";

export interface Place {
  lat: number;
  lon: number;
  name: string;
}

const DIGITS = 6;

/** Amap wants GCJ-02, longitude first. */
export function amapLink({ lat, lon, name }: Place): string {
  const [north, east] = gcj02([lat, lon]);
  const to = `${east.toFixed(DIGITS)},${north.toFixed(DIGITS)}`;
  const query = new URLSearchParams({ to: `${to},${name}`, mode: "walk", src: "carebed", callnative: "1" });
  return `https://uri.amap.com/navigation?${query.toString()}`;
}

/** RFC 5870: WGS-84. */
export function geoLink({ lat, lon, name }: Place): string {
  const at = `${lat.toFixed(DIGITS)},${lon.toFixed(DIGITS)}`;
  return `geo:${at}?q=${at}(${encodeURIComponent(name)})`;
}
