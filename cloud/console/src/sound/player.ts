/** Plays the patterns through Web Audio. Nothing sounds until a person's gesture has armed it. */
import { LINK_LOST, type Pattern } from "./pulses";

const HARMONICS = [0, 1, 0.6, 0.45, 0.3, 0.2];
const RAMP_S = 0.015;
const LEVEL = 0.35;

export class Player {
  private context: AudioContext | null = null;
  private output: GainNode | null = null;

  constructor(private readonly onArmed: (armed: boolean) => void) {}

  /** Call from a click or a key press; true when sound can be heard from now on. */
  async arm(): Promise<boolean> {
    if (this.context === null) {
      this.context = new AudioContext();
      this.context.addEventListener("statechange", () => this.onArmed(this.armed));
    }
    if (this.context.state !== "running") await this.context.resume();
    this.onArmed(this.armed);
    return this.armed;
  }

  get armed(): boolean {
    return this.context?.state === "running";
  }

  /** A short pleasant tone by which a person hears that the loudspeaker works. */
  testTone(): void {
    this.start((output) => {
      this.pulse(output, 0, 0.12, 523);
      this.pulse(output, 0.16, 0.2, 659);
    });
  }

  play(pattern: Pattern): void {
    this.start((output) => {
      for (const pulse of pattern.pulses) this.pulse(output, pulse.at, pulse.length, pattern.pitch);
    });
  }

  linkLost(): void {
    this.start((output) => {
      for (const tone of LINK_LOST) this.pulse(output, tone.at, tone.length, tone.pitch);
    });
  }

  /** Silent at once. */
  stop(): void {
    this.output?.disconnect();
    this.output = null;
  }

  private start(fill: (output: GainNode) => void): void {
    this.stop();
    if (this.context === null || !this.armed) return;
    const output = this.context.createGain();
    output.gain.value = LEVEL;
    output.connect(this.context.destination);
    this.output = output;
    fill(output);
  }

  private pulse(output: GainNode, at: number, length: number, pitch: number): void {
    const context = this.context;
    if (context === null) return;
    const begin = context.currentTime + 0.02 + at;
    const oscillator = context.createOscillator();
    const shape = Float32Array.from(HARMONICS);
    oscillator.setPeriodicWave(context.createPeriodicWave(new Float32Array(shape.length), shape));
    oscillator.frequency.value = pitch;
    const envelope = context.createGain();
    envelope.gain.setValueAtTime(0, begin);
    envelope.gain.linearRampToValueAtTime(1, begin + RAMP_S);
    envelope.gain.setValueAtTime(1, begin + length - RAMP_S);
    envelope.gain.linearRampToValueAtTime(0, begin + length);
    oscillator.connect(envelope).connect(output);
    oscillator.start(begin);
    oscillator.stop(begin + length + 0.01);
  }
}
