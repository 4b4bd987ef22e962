/** Keeps the row under the pointer where it is while rows come and go around it. */
import { useLayoutEffect, useRef, type RefObject } from "react";

export interface ScrollState {
  scrollTop: number;
  /** How far the content reaches beyond the list; negative where there is room left. */
  maxScroll: number;
  padTop: number;
  padBottom: number;
}

/** The scroll and padding that move the content by `delta` px against the shift it has just made. */
export function compensate(state: ScrollState, delta: number): ScrollState {
  const wanted = state.scrollTop + delta;
  if (wanted < 0) return { ...state, scrollTop: 0, padTop: state.padTop - wanted, maxScroll: state.maxScroll - wanted };
  const missing = Math.max(0, wanted - state.maxScroll);
  return { ...state, scrollTop: wanted, padBottom: state.padBottom + missing, maxScroll: state.maxScroll + missing };
}

interface Held {
  row: HTMLElement;
  top: number;
  x: number;
  y: number;
}

function rowAt(list: HTMLElement, target: EventTarget | null): HTMLElement | null {
  const row = target instanceof Element ? target.closest<HTMLElement>("[data-row]") : null;
  return row !== null && list.contains(row) ? row : null;
}

/** The height of all content with padding, also where it is less than the list's own. */
function contentHeight(list: HTMLElement): number {
  const bottom = list.lastElementChild?.getBoundingClientRect().bottom ?? 0;
  const padding = Number.parseFloat(getComputedStyle(list).paddingBottom);
  return bottom - list.getBoundingClientRect().top + list.scrollTop + padding;
}

function shift(list: HTMLElement, delta: number): void {
  const style = getComputedStyle(list);
  const before: ScrollState = {
    scrollTop: list.scrollTop,
    maxScroll: contentHeight(list) - list.clientHeight,
    padTop: Number.parseFloat(style.paddingTop),
    padBottom: Number.parseFloat(style.paddingBottom),
  };
  const after = compensate(before, delta);
  list.style.paddingTop = `${after.padTop}px`;
  list.style.paddingBottom = `${after.padBottom}px`;
  list.scrollTop = after.scrollTop;
}

/** A pointer that rests for so long is not about to click: then what is most urgent is shown again. */
export const REST_MS = 4_000;

/** Follows the pointer over the list; `held` is the row under it, `release` lets go of it. */
function follow(list: HTMLElement, held: { current: Held | null }, release: () => void): () => void {
  let rest: ReturnType<typeof setTimeout> | undefined;
  const take = (x: number, y: number): void => {
    const row = rowAt(list, document.elementFromPoint(x, y));
    held.current = row === null ? null : { row, top: row.getBoundingClientRect().top, x, y };
  };
  const move = (event: PointerEvent): void => {
    take(event.clientX, event.clientY);
    clearTimeout(rest);
    rest = setTimeout(release, REST_MS);
  };
  const scrolled = (): void => {
    if (held.current !== null) take(held.current.x, held.current.y);
  };
  list.addEventListener("pointermove", move);
  list.addEventListener("scroll", scrolled);
  list.addEventListener("pointerleave", release);
  return () => {
    clearTimeout(rest);
    list.removeEventListener("pointermove", move);
    list.removeEventListener("scroll", scrolled);
    list.removeEventListener("pointerleave", release);
  };
}

/** Attach to the scrolling list; when the pointer leaves or rests, the list goes back to its most urgent row. */
export function useAnchor(): RefObject<HTMLDivElement | null> {
  const ref = useRef<HTMLDivElement>(null);
  const held = useRef<Held | null>(null);
  const shifted = useRef(false);
  useLayoutEffect(() => {
    const list = ref.current;
    if (list === null) return undefined;
    return follow(list, held, () => {
      held.current = null;
      if (!shifted.current) return;
      shifted.current = false;
      list.style.paddingTop = "";
      list.style.paddingBottom = "";
      list.scrollTop = 0;
    });
  }, []);
  useLayoutEffect(() => {
    const list = ref.current;
    const { row, top } = held.current ?? {};
    if (list === null || row === undefined || top === undefined || !row.isConnected) return;
    const delta = row.getBoundingClientRect().top - top;
    if (Math.abs(delta) < 1) return;
    shifted.current = true;
    shift(list, delta);
  });
  return ref;
}
