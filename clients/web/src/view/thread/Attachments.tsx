import { useState } from 'react';
import type { AttachmentFieldsFragment as Attachment } from '@linnet/client';

import { API } from '../../server/linnet';
import { Icon } from '../parts/Icon';
import { useThreadView } from './thread-view';

/** Addresses are good for an hour at least. */
const GOOD_FOR_MS = 60 * 60_000;
const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

/** The files that a message carries: pictures as such, everything else by its name. */
export function Attachments({ attachments, tabIndex }: { attachments: readonly Attachment[]; tabIndex: number }) {
  if (attachments.length === 0) return null;
  return (
    <ul className="attachments" role="list" aria-label="Attachments">
      {attachments.map((attachment) => (
        <li key={attachment.id}>
          <File attachment={attachment} tabIndex={tabIndex} />
        </li>
      ))}
    </ul>
  );
}

function File({ attachment, tabIndex }: { attachment: Attachment; tabIndex: number }) {
  const { follower } = useThreadView();
  const [address, setAddress] = useState({
    url: attachment.url,
    thumbnailUrl: attachment.thumbnailUrl,
    readAtMs: Date.now(),
  });
  const { name, size, width, height } = attachment;

  /** Asks for new addresses, before one follows an old one. */
  const renew = (isOver = Date.now() - address.readAtMs > GOOD_FOR_MS): void => {
    if (!isOver) return;
    setAddress({ ...address, readAtMs: Date.now() });
    follower.addressOf(attachment.id).then(
      (fresh) => fresh && setAddress({ ...fresh, readAtMs: Date.now() }),
      () => {},
    );
  };
  const link = {
    href: new URL(address.url, API).href,
    target: '_blank',
    rel: 'noreferrer',
    tabIndex,
    onPointerEnter: () => renew(),
    onFocus: () => renew(),
  };
  if (address.thumbnailUrl !== null) {
    return (
      <a className="picture" {...link}>
        <img
          src={new URL(address.thumbnailUrl, API).href}
          alt={name}
          {...small(width, height)}
          // Once: if a new one is no better, the picture is gone.
          onError={() => renew(Date.now() - address.readAtMs > 1000)}
        />
      </a>
    );
  }
  return (
    <a className="file" {...link}>
      <Icon name="file" />
      <span className="file__name">{name}</span>
      <span className="muted">{sizeOf(size)}</span>
    </a>
  );
}

/** As large as it will be shown, so that nothing moves when it is there. */
function small(width: number | null, height: number | null): { width?: number; height?: number } {
  if (width === null || height === null) return {};
  const scale = Math.min(1, 320 / width, 320 / height);
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

export function sizeOf(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  // A single letter would say too little of bytes.
  const [unitDisplay, maximumFractionDigits] = power === 0 ? (['long', 0] as const) : (['short', 1] as const);
  const format = { style: 'unit', unit: UNITS[power] ?? 'byte', unitDisplay, maximumFractionDigits } as const;
  return new Intl.NumberFormat(undefined, format).format(bytes / 1000 ** power);
}
