import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import type { Cursor } from '@linnet/client';

import type { Turn } from '../../state/thread';

/** Pages are asked for when the end of the window is so near, in pixels. */
const NEAR = 800;
/** So near to the end is at the end. */
const AT_END = 24;

interface Options {
  readonly turn: Turn;
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  readonly onOlder: () => void;
  readonly onNewer: () => void;
  /** Everything up to this place has been on the screen. */
  readonly onSeen: (place: Cursor) => void;
  /** Whatever of the list may have changed its height. */
  readonly content: readonly unknown[];
}

export interface Scrolling {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly isAtEnd: boolean;
  readonly toEnd: () => void;
}

/**
 * Keeps what one reads where it is, whatever is added above or below it or grows: the first message in sight stays where it was; at the end,
 * the end does. Browsers do so by themselves, but not all of them, and none at the very top.
 *
 * Messages are elements with `data-message`, and `data-place` for those that count as read once they were seen.
 */
export function useScrolling(options: Options): Scrolling {
  const scroller = useRef<HTMLDivElement>(null);
  const anchor = useRef<{ id: string; top: number } | null>(null);
  const wasAtEnd = useRef(true);
  /** How high the list was, and what of it is shown at once, when it was looked at last. */
  const heights = useRef({ all: 0, shown: 0 });
  const turned = useRef(0);
  const latest = useRef(options);
  const [isAtEnd, setAtEnd] = useState(true);
  latest.current = options;

  /** Notes what is in sight, and asks for what is needed next. */
  const look = useCallback(() => {
    const { current } = scroller;
    if (!current) return;
    const { hasOlder, hasNewer, onOlder, onNewer, onSeen } = latest.current;
    heights.current = { all: current.scrollHeight, shown: current.clientHeight };
    const below = current.scrollHeight - current.scrollTop - current.clientHeight;
    wasAtEnd.current = below <= AT_END && !hasNewer;
    setAtEnd(wasAtEnd.current);
    const view = current.getBoundingClientRect();
    const messages = [...current.querySelectorAll<HTMLElement>('[data-message]')];
    const first = messages.find((message) => message.getBoundingClientRect().bottom > view.top);
    anchor.current = first ? { id: first.id, top: first.getBoundingClientRect().top - view.top } : null;
    if (document.visibilityState === 'visible' && document.hasFocus()) {
      const last = messages.findLast(
        (message) => message.dataset.place && message.getBoundingClientRect().bottom <= view.bottom + AT_END,
      );
      if (last?.dataset.place) onSeen(last.dataset.place);
    }
    if (hasOlder && current.scrollTop < NEAR) onOlder();
    if (hasNewer && below < NEAR) onNewer();
  }, []);

  /** Puts what was in sight back to where it was. */
  const hold = useCallback(() => {
    const { current } = scroller;
    if (!current) return;
    const kept = anchor.current && document.getElementById(anchor.current.id);
    if (wasAtEnd.current && !latest.current.hasNewer) current.scrollTop = current.scrollHeight;
    else if (kept && anchor.current) {
      current.scrollTop += kept.getBoundingClientRect().top - current.getBoundingClientRect().top - anchor.current.top;
    }
    look();
  }, [look]);

  useLayoutEffect(() => {
    const { turn } = latest.current;
    const target = turn.messageId === null ? null : document.getElementById(turn.messageId);
    if (turned.current === turn.number || !scroller.current) return hold();
    turned.current = turn.number;
    if (target) target.scrollIntoView({ block: 'center' });
    else scroller.current.scrollTop = scroller.current.scrollHeight;
    look();
  }, [options.turn, ...options.content]);

  /** At the end, a list that has grown, or shrunk, scrolls by itself: that is not somebody who leaves the end. */
  const onScroll = useCallback(() => {
    const { current } = scroller;
    const { all, shown } = heights.current;
    const isResized = current !== null && (current.scrollHeight !== all || current.clientHeight !== shown);
    if (isResized && wasAtEnd.current) hold();
    else look();
  }, [hold, look]);

  // Pictures that arrive, a keyboard that opens, a field that grows.
  useEffect(() => {
    const { current } = scroller;
    if (!current?.firstElementChild) return;
    const observer = new ResizeObserver(hold);
    observer.observe(current);
    observer.observe(current.firstElementChild);
    const stop = new AbortController();
    current.addEventListener('scroll', onScroll, { passive: true, signal: stop.signal });
    addEventListener('focus', look, { signal: stop.signal });
    document.addEventListener('visibilitychange', look, { signal: stop.signal });
    return () => {
      observer.disconnect();
      stop.abort();
    };
  }, [hold, look, onScroll]);

  const toEnd = useCallback(() => {
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, []);
  return { scroller, isAtEnd, toEnd };
}
