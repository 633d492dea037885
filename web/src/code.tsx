// A text with the editor around it, and the links that lead into it.
import { createContext, type RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { editorModule, type Opened, type OpenOptions } from "./editing";

/** Shows a line in the editor, where there is one. */
export const Jump = createContext<((path: string, line: number, column: number) => void) | null>(null);

export function Code({ options, opened }: { options: OpenOptions; opened: RefObject<Opened | null> }) {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(options);
  const [failed, fail] = useState<string | null>(null);
  latest.current = options;
  useEffect(() => {
    let gone = false;
    void editorModule().then((editor) => {
      if (gone) return;
      const given = latest.current;
      opened.current = editor.open(place.current!, {
        ...given,
        changed: (text) => latest.current.changed?.(text),
        found: (count) => latest.current.found?.(count),
        ...(given.save && { save: () => latest.current.save?.() }),
      });
      latest.current.ready?.();
    }, (error) => fail(String(error)));
    return () => {
      gone = true;
      opened.current?.close();
      opened.current = null;
    };
  }, [options.uri, options.client]);
  return failed ? <p class="empty">{failed}</p> : <div class="code" ref={place} />;
}
