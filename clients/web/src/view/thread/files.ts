import { useCallback, useEffect, useRef, useState } from 'react';
import type { Linnet } from '@linnet/client';

import { sentence } from '../../server/problem';
import { upload } from '../../server/upload';

/** A file that is to go with the next message. */
export interface ChosenFile {
  readonly key: number;
  readonly file: File;
  /** Where the page finds it as a picture, if it is one. */
  readonly preview: string | null;
  readonly progress: number;
  /** What to send it by, once it is there. */
  readonly uploadId: string | null;
  readonly problem: string | null;
}

export interface Files {
  readonly files: readonly ChosenFile[];
  readonly add: (files: Iterable<File>) => void;
  readonly remove: (key: number) => void;
  readonly clear: () => void;
}

/** Files are put to the server as soon as they are chosen, so that nobody waits for them once the message is written. */
export function useFiles(linnet: Linnet): Files {
  const [files, setFiles] = useState<readonly ChosenFile[]>([]);
  const lastKey = useRef(0);
  const uploads = useRef(new Map<number, { stop: AbortController; preview: string | null }>());

  const change = useCallback((key: number, to: Partial<ChosenFile>) => {
    setFiles((before) => before.map((one) => (one.key === key ? { ...one, ...to } : one)));
  }, []);

  const letGo = useCallback((key: number) => {
    const held = uploads.current.get(key);
    uploads.current.delete(key);
    held?.stop.abort();
    if (held?.preview) URL.revokeObjectURL(held.preview);
  }, []);

  const add = useCallback(
    (added: Iterable<File>) => {
      for (const file of added) {
        const key = (lastKey.current += 1);
        const stop = new AbortController();
        const preview = file.type.startsWith('image/') ? URL.createObjectURL(file) : null;
        uploads.current.set(key, { stop, preview });
        setFiles((before) => [...before, { key, file, preview, progress: 0, uploadId: null, problem: null }]);
        upload(linnet, file, stop.signal, (progress) => change(key, { progress })).then(
          (uploadId) => change(key, { uploadId, progress: 1 }),
          (cause: unknown) => stop.signal.aborted || change(key, { problem: sentence(cause) }),
        );
      }
    },
    [linnet, change],
  );

  const remove = useCallback(
    (key: number) => {
      letGo(key);
      setFiles((before) => before.filter((one) => one.key !== key));
    },
    [letGo],
  );

  const clear = useCallback(() => {
    [...uploads.current.keys()].forEach(letGo);
    setFiles([]);
  }, [letGo]);

  useEffect(() => () => [...uploads.current.keys()].forEach(letGo), [letGo]);
  return { files, add, remove, clear };
}
