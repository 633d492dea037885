import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** Rows or columns of equal size, of which only those in sight are there. */
export function useVirtual(scroller: RefObject<HTMLElement | null>, count: number, size: number, horizontal = false, padding = 0) {
  const [, redraw] = useState(0);
  const made = useRef<Virtualizer<HTMLElement, HTMLElement>>(undefined);
  const options = {
    count,
    horizontal,
    overscan: 6,
    scrollPaddingStart: padding,
    getScrollElement: () => scroller.current,
    estimateSize: () => size,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw((n) => n + 1),
  };
  made.current ??= new Virtualizer<HTMLElement, HTMLElement>(options);
  made.current.setOptions(options);
  useEffect(() => made.current!._didMount(), []);
  useLayoutEffect(() => made.current!._willUpdate());
  useLayoutEffect(() => made.current!.measure(), [size, count]);
  return made.current;
}
