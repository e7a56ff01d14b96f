import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

export interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

const smallest = 0.08;
const largest = 2.5;
/** Text that nobody can read helps nobody. */
const readable = 0.62;
const clampScale = (scale: number) => Math.min(largest, Math.max(smallest, scale));

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

export interface PanZoom {
  readonly view: View;
  zoomBy(factor: number): void;
  moveBy(x: number, y: number): void;
  showAll(): void;
  /** As much as can be read, around this place. */
  showFirst(at: Point | undefined): void;
  /** Brings a place into the middle if it is not in sight. */
  reveal(x: number, y: number): void;
}

/** Moving and scaling what stands in a frame: by mouse, touch, wheel with Ctrl, keys and buttons. */
export function usePanZoom(frame: RefObject<HTMLElement | null>, content: Size): PanZoom {
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const { width, height } = content;

  const showAll = useCallback(() => {
    const element = frame.current;
    if (element === null || width === 0) return;
    const space = { width: element.clientWidth, height: element.clientHeight };
    const scale = Math.min(1, (space.width - 24) / width, (space.height - 24) / height);
    setView({
      scale,
      x: (space.width - width * scale) / 2,
      y: (space.height - height * scale) / 2,
    });
  }, [frame, width, height]);

  const showFirst = useCallback(
    (at: Point | undefined) => {
      const element = frame.current;
      if (element === null || width === 0) return;
      const space = { width: element.clientWidth, height: element.clientHeight };
      const fitting = Math.min(1, (space.width - 24) / width, (space.height - 24) / height);
      const scale = Math.max(fitting, readable);
      const place = (whole: number, room: number, middle: number) =>
        whole * scale <= room
          ? (room - whole * scale) / 2
          : Math.min(12, Math.max(room - whole * scale - 12, room / 2 - middle * scale));
      setView({
        scale,
        x: place(width, space.width, at?.x ?? 0),
        y: place(height, space.height, at?.y ?? 0),
      });
    },
    [frame, width, height],
  );

  const zoomAt = useCallback((factor: number, at: { x: number; y: number }) => {
    setView((old) => {
      const scale = clampScale(old.scale * factor);
      const ratio = scale / old.scale;
      return { scale, x: at.x - (at.x - old.x) * ratio, y: at.y - (at.y - old.y) * ratio };
    });
  }, []);

  const zoomBy = useCallback(
    (factor: number) => {
      const element = frame.current;
      if (element === null) return;
      zoomAt(factor, { x: element.clientWidth / 2, y: element.clientHeight / 2 });
    },
    [frame, zoomAt],
  );

  const moveBy = useCallback((x: number, y: number) => {
    setView((old) => ({ ...old, x: old.x + x, y: old.y + y }));
  }, []);

  const reveal = useCallback(
    (x: number, y: number) => {
      const element = frame.current;
      if (element === null) return;
      const { clientWidth, clientHeight } = element;
      setView((old) => {
        const at = { x: x * old.scale + old.x, y: y * old.scale + old.y };
        const isSeen =
          at.x > 60 && at.x < clientWidth - 60 && at.y > 30 && at.y < clientHeight - 30;
        if (isSeen) return old;
        return { ...old, x: clientWidth / 2 - x * old.scale, y: clientHeight / 2 - y * old.scale };
      });
    },
    [frame],
  );

  usePointers(frame, moveBy, zoomAt);
  return { view, zoomBy, moveBy, showAll, showFirst, reveal };
}

type Pointers = Map<number, { x: number; y: number }>;

function usePointers(
  frame: RefObject<HTMLElement | null>,
  moveBy: (x: number, y: number) => void,
  zoomAt: (factor: number, at: { x: number; y: number }) => void,
): void {
  const pointers = useRef<Pointers>(new Map());
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const held = pointers.current;
    const placeOf = (event: { clientX: number; clientY: number }) => {
      const corner = element.getBoundingClientRect();
      return { x: event.clientX - corner.left, y: event.clientY - corner.top };
    };
    const down = (event: PointerEvent) => {
      if (event.button === 0) held.set(event.pointerId, placeOf(event));
    };
    const move = (event: PointerEvent) => {
      const before = held.get(event.pointerId);
      if (before === undefined) return;
      const now = placeOf(event);
      const [other] = [...held].filter(([id]) => id !== event.pointerId);
      if (other === undefined) {
        moveBy(now.x - before.x, now.y - before.y);
      } else {
        const [, still] = other;
        const distance = (at: { x: number; y: number }) =>
          Math.hypot(at.x - still.x, at.y - still.y);
        const middle = { x: (now.x + still.x) / 2, y: (now.y + still.y) / 2 };
        zoomAt(distance(now) / Math.max(1, distance(before)), middle);
      }
      held.set(event.pointerId, now);
    };
    const up = (event: PointerEvent) => void held.delete(event.pointerId);
    const wheel = (event: WheelEvent) => {
      // Without a key, the wheel moves the page as everywhere else.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomAt(Math.exp(-event.deltaY * 0.004), placeOf(event));
    };
    element.addEventListener("pointerdown", down);
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
    addEventListener("pointercancel", up);
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      element.removeEventListener("pointerdown", down);
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
      removeEventListener("pointercancel", up);
      element.removeEventListener("wheel", wheel);
    };
  }, [frame, moveBy, zoomAt]);
}
