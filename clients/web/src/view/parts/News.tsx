import { useEffect, useState } from 'react';

const KEPT = 5;

/** Says what has just come to those who listen to the page, and to nobody else. */
export function News({ id, text }: { id: string | null; text: string }) {
  const [lines, setLines] = useState<readonly { id: string; text: string }[]>([]);
  useEffect(() => {
    // Only what comes is news, and not what becomes of it.
    if (id !== null) setLines((before) => [...before, { id, text }].slice(-KEPT));
  }, [id]);
  return (
    <div className="unseen" role="log" aria-live="polite" aria-label="New messages">
      {lines.map((line) => (
        <p key={line.id}>{line.text}</p>
      ))}
    </div>
  );
}
