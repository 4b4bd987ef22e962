/** The shape of the alarm sounds: groups of pulses by priority, after the patient monitors' convention. */

export interface Pulse {
  /** Seconds from the start of the pattern. */
  at: number;
  length: number;
}

export interface Pattern {
  pulses: readonly Pulse[];
  /** Fundamental in hertz; four harmonics are added. */
  pitch: number;
  /** Seconds from the start of one pattern to the start of the next. */
  every: number;
}

function group(from: number, count: number, length: number, gap: number): Pulse[] {
  return Array.from({ length: count }, (_, index) => ({ at: from + index * (length + gap), length }));
}

function high(from: number): Pulse[] {
  return [...group(from, 3, 0.15, 0.1), ...group(from + 1.05, 2, 0.15, 0.1)];
}

const HIGH_S = 1.45;
const PAUSE_S = 0.6;

/** P1: ten pulses 3-2-3-2, again 5 s after their end; P2: three each 15 s; P3: one each 60 s. P4 is silent. */
export const PATTERNS: Readonly<Record<1 | 2 | 3, Pattern>> = {
  1: { pulses: [...high(0), ...high(HIGH_S + PAUSE_S)], pitch: 523, every: 2 * HIGH_S + PAUSE_S + 5 },
  2: { pulses: group(0, 3, 0.2, 0.2), pitch: 440, every: 15 },
  3: { pulses: group(0, 1, 0.2, 0), pitch: 349, every: 60 },
};

/** The seat's own trouble: two falling tones, not to be taken for an alarm of a person. */
export const LINK_LOST: readonly { at: number; length: number; pitch: number }[] = [
  { at: 0, length: 0.35, pitch: 330 },
  { at: 0.45, length: 0.5, pitch: 220 },
];
export const LINK_LOST_EVERY_S = 20;

export function patternOf(priority: number): Pattern | null {
  return priority === 1 || priority === 2 || priority === 3 ? PATTERNS[priority] : null;
}
