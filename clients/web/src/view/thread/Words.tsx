const LINK = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}])/g;

/** A text with its links. Everything else in it stays text. */
export function Words({ text, isActive = true }: { text: string; isActive?: boolean }) {
  return text.split(LINK).map((part, place) =>
    place % 2 === 1 ? (
      <a key={place} href={part} target="_blank" rel="noreferrer" tabIndex={isActive ? undefined : -1}>
        {part}
      </a>
    ) : (
      part
    ),
  );
}
