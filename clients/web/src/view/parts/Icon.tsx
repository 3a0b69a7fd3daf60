const PATHS = {
  back: 'M15 5l-7 7 7 7',
  plus: 'M12 5v14M5 12h14',
  send: 'M5 12h13M12 5l7 7-7 7',
  clip: 'M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.5 3.5 0 0 1 5 5l-8.5 8.5a2 2 0 0 1-3-3L14 7',
  smile: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.01M15 9.5v.01',
  reply: 'M10 6l-6 6 6 6M4 12h9a7 7 0 0 1 7 7',
  pencil: 'M4 20l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19z',
  bin: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  cross: 'M6 6l12 12M18 6L6 18',
  down: 'M12 5v14M6 13l6 6 6-6',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14a6.5 6.5 0 0 1 3.5 6',
  door: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  feed: 'M4 19a1 1 0 1 0 2 0 1 1 0 0 0-2 0M4 12a8 8 0 0 1 8 8M4 5a15 15 0 0 1 15 15',
  file: 'M13 3H6v18h12V8zM13 3v5h5',
} as const;

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The bird. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M30 10.5 25.2 9A7 7 0 0 0 12 11c0 5-3 8-10 12 5.5 1.5 9.5 1.5 13 .5L13 29h3l2.5-6.5C23.5 20 26 16 26 12z" />
      <circle cx="20" cy="10" r="1.4" />
    </svg>
  );
}
