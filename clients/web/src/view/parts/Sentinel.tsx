import { useEffect, useRef } from 'react';

/** A place at the end of a list that asks for more when it comes near. Who has no use for that has the button. */
export function Sentinel({ onNear, label }: { onNear: () => void; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && onNear(), { rootMargin: '400px' });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [onNear]);
  return (
    <div ref={place} className="sentinel">
      <button type="button" className="button" onClick={onNear}>
        {label}
      </button>
    </div>
  );
}
