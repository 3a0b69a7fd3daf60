import type { Outgoing } from '../../state/outbox';
import { useSignedIn } from '../session/signed-in';
import { Quote } from './Quote';
import { Words } from './Words';

/** A message of one's own that the thread does not show yet. */
export function OutgoingItem({ outgoing, isLast }: { outgoing: Outgoing; isLast: boolean }) {
  const { outbox } = useSignedIn();
  const { content, parent, files, status, refusal } = outgoing;
  return (
    <li className="message" data-mine="true" data-status={status}>
      <div className="message__body">
        {parent && <Quote parent={parent} />}
        <div className="bubble">
          <p className="bubble__text" dir="auto">
            <Words text={content} />
          </p>
          {files.length > 0 && <p className="muted">{files.map(({ name }) => name).join(', ')}</p>}
        </div>
        {status === 'failed' ? (
          <div className="message__failed" role="alert">
            <span>{refusal ?? 'Not sent: the server can’t be reached.'}</span>
            <button type="button" className="button" onClick={() => outbox.retry(outgoing)}>
              Try again
            </button>
            <button type="button" className="button" onClick={() => outbox.discard(outgoing)}>
              Discard
            </button>
          </div>
        ) : (
          isLast && <p className="message__note muted">{status === 'sent' ? 'Sent' : 'Sending…'}</p>
        )}
      </div>
    </li>
  );
}
