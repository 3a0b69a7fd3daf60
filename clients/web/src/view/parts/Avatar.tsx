import type { CSSProperties } from 'react';
import type { UserFieldsFragment as User } from '@linnet/client';

/**
 * Somebody's initials, in a colour of their own. Pictures at `profile.avatarUrl` are elsewhere: whoever loads them is seen there, so this
 * page does not.
 */
export function Avatar({
  user,
  isOnline = false,
  size = 'medium',
}: {
  user: User | null;
  isOnline?: boolean;
  size?: 'small' | 'medium';
}) {
  const name = user?.profile.displayName ?? '?';
  const hue = { '--hue': hueOf(user?.id ?? '') } as CSSProperties;
  return (
    <span className="avatar" data-size={size} data-online={isOnline || undefined} style={hue} aria-hidden="true">
      {user?.kind === 'ASSISTANT' ? '✦' : initials(name)}
    </span>
  );
}

function initials(name: string): string {
  const words = name.split(/[\s_-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters
    .map((word) => Array.from(word ?? '')[0] ?? '')
    .join('')
    .toUpperCase();
}

function hueOf(id: string): number {
  return Array.from(id).reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 360, 7);
}
