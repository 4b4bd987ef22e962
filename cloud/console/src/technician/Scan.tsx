/** The camera, where the phone's browser reads codes by itself; elsewhere its own camera opens the address on the label. */
import { useEffect, useRef, useState, type ReactElement } from "react";

import { useTexts } from "../texts/texts";

interface Detector {
  detect: (picture: HTMLVideoElement) => Promise<readonly { rawValue: string }[]>;
}

type DetectorMaker = new (options: { formats: string[] }) => Detector;

const LOOK_EVERY_MS = 250;
const FORMATS = ["qr_code", "code_128", "data_matrix"];

function maker(): DetectorMaker | undefined {
  return (globalThis as { BarcodeDetector?: DetectorMaker }).BarcodeDetector;
}

export function canScan(): boolean {
  return maker() !== undefined && navigator.mediaDevices !== undefined;
}

async function watch(video: HTMLVideoElement, ended: AbortSignal, found: (code: string) => void): Promise<void> {
  const Made = maker();
  if (Made === undefined) return;
  const camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const stop = (): void => camera.getTracks().forEach((track) => track.stop());
  if (ended.aborted) return stop();
  ended.addEventListener("abort", stop);
  video.srcObject = camera;
  await video.play();
  const detector = new Made({ formats: FORMATS });
  const look = async (): Promise<void> => {
    if (ended.aborted) return;
    const [code] = await detector.detect(video).catch(() => []);
    if (ended.aborted) return;
    if (code === undefined) setTimeout(() => void look(), LOOK_EVERY_MS);
    else found(code.rawValue);
  };
  await look();
}

export function Scan({ onCode }: { onCode: (code: string) => void }): ReactElement {
  const { t } = useTexts();
  const video = useRef<HTMLVideoElement>(null);
  const take = useRef(onCode);
  const [refused, setRefused] = useState(false);
  useEffect(() => {
    take.current = onCode;
  }, [onCode]);
  useEffect(() => {
    const end = new AbortController();
    if (video.current !== null) {
      watch(video.current, end.signal, (code) => take.current(code)).catch(() => setRefused(true));
    }
    return () => end.abort();
  }, []);
  return (
    <section className="tech-scan">
      <video ref={video} muted playsInline aria-label={t("tech.scan_aim")} />
      <p role={refused ? "alert" : undefined}>{t(refused ? "tech.scan_refused" : "tech.scan_aim")}</p>
    </section>
  );
}
