import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** What opens beside a view. Escape closes it, and the focus goes back to where it was. */
export function Drawer({ title, children, onClose }: { title: ComponentChildren; children: ComponentChildren; onClose: () => void }) {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      onClose();
      document.querySelector<HTMLElement>(".grid")?.focus();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  });
  return (
    <aside class="drawer" ref={panel} aria-label="Why">
      <header>
        <h2>{title}</h2>
        <button type="button" class="quiet" onClick={onClose} aria-label="Close">✕</button>
      </header>
      <div class="body" tabIndex={0} aria-label="Why, in full" role="region">{children}</div>
    </aside>
  );
}
