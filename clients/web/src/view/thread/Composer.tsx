import {
  useEffect,
  useRef,
  useState,
  type ClipboardEvent,
  type FormEvent,
  type KeyboardEvent,
  type RefObject,
} from 'react';
import type { MessageFieldsFragment as Message, ThreadFieldsFragment as Thread } from '@linnet/client';

import type { ThreadState } from '../../state/thread';
import { Icon } from '../parts/Icon';
import { isEnter } from '../parts/keys';
import { useSignedIn } from '../session/signed-in';
import { sizeOf } from './Attachments';
import { useFiles, type ChosenFile } from './files';
import { titleOf } from './naming';
import { Quote } from './Quote';
import { useThreadView } from './thread-view';

/** What each account has begun in each thread, for when it comes back to it. */
const begun = new Map<string, string>();

interface Props {
  readonly thread: Thread;
  /** What is being replied to. */
  readonly parent: Message | null;
  readonly onParent: (parent: Message | null) => void;
  readonly onSend: () => void;
  readonly state: ThreadState;
  readonly field: RefObject<HTMLTextAreaElement | null>;
}

/** Where one writes. Enter sends, Shift and Enter begin a line, Escape gives a reply up. */
export function Composer({ thread, parent, onParent, onSend, state, field }: Props) {
  const { linnet, user, outbox } = useSignedIn();
  const { follower, isGuest } = useThreadView();
  const { files, add, remove, clear } = useFiles(linnet);
  const place = `${user.id} ${thread.id}`;
  const [text, setText] = useState(begun.get(place) ?? '');
  const input = useRef<HTMLInputElement>(null);
  const isUploading = files.some(({ uploadId, problem }) => uploadId === null && problem === null);
  const ready = files.flatMap(({ uploadId, file }) => (uploadId === null ? [] : [{ uploadId, name: file.name }]));
  const canSend = !isUploading && (text.trim() !== '' || ready.length > 0);

  // On a phone that would open the keyboard over what one wants to read.
  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, [field]);

  // Files may be dropped anywhere: beside the field the browser would leave the page for them.
  useEffect(() => {
    const stop = new AbortController();
    const onDrag = (event: DragEvent): void => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      if (isGuest) event.dataTransfer.dropEffect = 'none';
      else if (event.type === 'drop') add(event.dataTransfer.files);
    };
    for (const turn of ['dragover', 'drop'] as const) addEventListener(turn, onDrag, { signal: stop.signal });
    return () => stop.abort();
  }, [add, isGuest]);

  const write = (next: string): void => {
    setText(next);
    if (next === '') begun.delete(place);
    else begun.set(place, next);
    if (next.trim() !== '') follower.typing();
  };
  const send = (event?: FormEvent): void => {
    event?.preventDefault();
    if (!canSend) return;
    // A message says something: what carries files only is called by them.
    const content = text.trim() || ready.map(({ name }) => name).join(', ');
    outbox.send({ threadId: thread.id, content, parent, files: ready });
    write('');
    clear();
    onParent(null);
    onSend();
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && parent) onParent(null);
    if (event.key === 'ArrowUp' && text === '') focusLastOwn(event, state, user.id);
    if (!isEnter(event)) return;
    event.preventDefault();
    send();
  };
  const onPaste = (event: ClipboardEvent): void => {
    if (isGuest || event.clipboardData.files.length === 0) return;
    event.preventDefault();
    add(event.clipboardData.files);
  };
  return (
    <form className="composer" onSubmit={send}>
      {parent && (
        <div className="composer__parent">
          <Quote parent={parent} />
          <button
            type="button"
            className="button button--bare"
            aria-label="Don’t reply to this"
            onClick={() => onParent(null)}
          >
            <Icon name="cross" />
          </button>
        </div>
      )}
      {files.length > 0 && (
        <ul className="composer__files" role="list" aria-label="Files to send">
          {files.map((one) => (
            <ChosenFileItem key={one.key} chosen={one} onRemove={() => remove(one.key)} />
          ))}
        </ul>
      )}
      <div className="composer__row">
        {!isGuest && (
          <>
            <button
              type="button"
              className="button button--bare"
              aria-label="Attach files"
              title="Attach files"
              onClick={() => input.current?.click()}
            >
              <Icon name="clip" />
            </button>
            <input
              ref={input}
              type="file"
              multiple
              hidden
              aria-label="Files"
              onChange={({ target }) => {
                add([...(target.files ?? [])]);
                target.value = '';
              }}
            />
          </>
        )}
        <textarea
          ref={field}
          aria-label={`Message to ${titleOf(thread, user.id)}`}
          placeholder="Write a message"
          rows={1}
          dir="auto"
          enterKeyHint="send"
          value={text}
          onChange={(event) => write(event.target.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <button type="submit" className="button button--main composer__send" aria-label="Send" disabled={!canSend}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}

function ChosenFileItem({ chosen, onRemove }: { chosen: ChosenFile; onRemove: () => void }) {
  const { file, preview, progress, uploadId, problem } = chosen;
  return (
    <li className="chosen" data-problem={problem !== null || undefined}>
      {preview === null ? <Icon name="file" /> : <img src={preview} alt="" />}
      <span className="chosen__text">
        <span className="file__name">{file.name}</span>
        <small className="muted" role={problem === null ? undefined : 'alert'}>
          {problem ?? sizeOf(file.size)}
        </small>
        {uploadId === null && problem === null && (
          <progress value={progress} aria-label={`How far ${file.name} has come`} />
        )}
      </span>
      <button type="button" className="button button--bare" aria-label={`Don’t send ${file.name}`} onClick={onRemove}>
        <Icon name="cross" />
      </button>
    </li>
  );
}

/** From an empty field the arrow leads to the last message of one's own. */
function focusLastOwn(event: KeyboardEvent, { messages }: ThreadState, viewerId: string): void {
  const own = messages.window.findLast(({ id }) => messages.known[id]?.message.sender?.id === viewerId);
  const item = own && document.getElementById(own.id);
  if (!item) return;
  event.preventDefault();
  item.focus();
}
