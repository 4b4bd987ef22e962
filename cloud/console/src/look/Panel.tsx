import type { ReactElement, ReactNode } from "react";

interface PanelProps {
  name: string;
  title: string;
  aside?: ReactNode;
  children: ReactNode;
  foot?: ReactNode;
}

/** A titled area of fixed place; only its body scrolls, and by keyboard too. */
export function Panel({ name, title, aside, children, foot }: PanelProps): ReactElement {
  return (
    <section className={`panel titled ${name}`} data-panel={name} aria-label={title}>
      <h3>
        {title}
        {aside !== undefined && <span className="aside">{aside}</span>}
      </h3>
      <div className="panel-body" tabIndex={0} role="group" aria-label={title}>
        {children}
      </div>
      {foot}
    </section>
  );
}
