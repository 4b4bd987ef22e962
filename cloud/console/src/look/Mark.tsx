/** A priority told three times: shape, digit, colour. Only this mark may flash. */
import type { ReactElement } from "react";

const SHAPES: Readonly<Record<number, ReactElement>> = {
  1: <rect x="2" y="2" width="24" height="24" rx="1.5" />,
  2: <path d="M14 1.5 27 25.5H1Z" />,
  3: <circle cx="14" cy="14" r="12.5" />,
  4: <path d="M14 1 27 14 14 27 1 14Z" />,
};

interface MarkProps {
  priority: number;
  /** True while nobody has reacted. */
  flashing?: boolean;
  size?: number;
}

export function Mark({ priority, flashing = false, size = 26 }: MarkProps): ReactElement {
  const shape = SHAPES[priority] ?? SHAPES[4];
  return (
    <span className={`mark mark-p${priority}`} data-flashing={flashing || undefined}>
      <svg viewBox="0 0 28 28" width={size} height={size} aria-hidden="true">
        {shape}
        <text x="14" y={priority === 2 ? 22 : 19.5} textAnchor="middle">
          {priority}
        </text>
      </svg>
      <span className="unseen">P{priority}</span>
    </span>
  );
}
