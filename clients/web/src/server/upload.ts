// Putting a file where the server wants it: an address is asked for, and the bytes go there.

import {
  AttachmentUploadCreateDocument,
  LinnetError,
  newClientKey,
  type Linnet,
  type ServerError,
} from '@linnet/client';
import { API } from './linnet';

/** How often a file is put that did not arrive. The same file may be put again to the same address. */
const TRIES = 4;
const FIRST_PAUSE_MS = 500;

/** Puts a file, and gives what to send with a message as `uploadId`. `onProgress` hears how much of it has gone, from 0 to 1. */
export async function upload(
  linnet: Linnet,
  file: File,
  signal: AbortSignal,
  onProgress: (part: number) => void,
): Promise<string> {
  const input = {
    name: file.name,
    type: file.type || 'application/octet-stream',
    size: file.size,
    clientKey: newClientKey(),
  };
  for (let tries = 1; ; tries += 1) {
    // The same key gives the same upload, with an address that is good from now on.
    const { attachmentUploadCreate } = await linnet.mutate(
      AttachmentUploadCreateDocument,
      { input },
      { signal, isRepeatable: true },
    );
    const address = attachmentUploadCreate.upload;
    if (!address) throw LinnetError.refused(attachmentUploadCreate.errors);
    try {
      await put(new URL(address.url, API), address.method, file, signal, onProgress);
      return address.id;
    } catch (cause) {
      const error = LinnetError.of(cause);
      const mayPass = error.isTransient || error.code === 'EXPIRED';
      if (!mayPass || tries >= TRIES || signal.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? FIRST_PAUSE_MS * 2 ** tries));
    }
  }
}

/** `fetch` does not tell how far it has come. */
function put(
  url: URL,
  method: string,
  file: File,
  signal: AbortSignal,
  onProgress: (part: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.upload.onprogress = ({ loaded }) => onProgress(loaded / Math.max(1, file.size));
    request.onload = () => (request.status < 300 ? resolve() : reject(refusal(request)));
    request.onerror = () => reject(new LinnetError('NETWORK', 'The file did not get through.'));
    request.onabort = () => reject(new LinnetError('ABORTED', 'It was aborted.'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

function refusal({ status, responseText }: XMLHttpRequest): LinnetError {
  try {
    const { errors } = JSON.parse(responseText) as { errors: (ServerError & { extensions?: { argument?: string } })[] };
    const { message = '', extensions: { code = 'INVALID', argument } = {} } = errors[0] ?? {};
    // Which field of the file was wrong, as a mutation would say it.
    return LinnetError.told(
      errors,
      argument === undefined ? {} : { inputErrors: [{ code, message, path: [argument] }] },
    );
  } catch {
    return new LinnetError(status >= 500 ? 'UNAVAILABLE' : 'INVALID', `The file was answered with ${status}.`);
  }
}
