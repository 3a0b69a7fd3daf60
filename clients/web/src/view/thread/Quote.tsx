import type { ParentFieldsFragment as Parent } from '@linnet/client';

import { nameOf } from './naming';

/** What a message replies to, in a line. */
export function Quote({
  parent,
  onTurn,
  isActive = true,
}: {
  parent: Parent;
  onTurn?: () => void;
  isActive?: boolean;
}) {
  const content = (
    <>
      <b>{nameOf(parent.sender)}</b>
      <span dir="auto">{parent.deletedAt === null ? parent.content : 'Message deleted'}</span>
    </>
  );
  if (!onTurn) return <div className="quote">{content}</div>;
  return (
    <button type="button" className="quote" tabIndex={isActive ? 0 : -1} onClick={onTurn}>
      <span className="unseen">In reply to </span>
      {content}
    </button>
  );
}
