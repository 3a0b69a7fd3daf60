import { Dialog } from './Dialog';

/** Asks before something is deleted that can't be had back. */
export function ConfirmDelete({
  what,
  onDelete,
  onClose,
}: {
  what: 'message' | 'chirp';
  onDelete: () => void;
  onClose: () => void;
}) {
  return (
    <Dialog title={`Delete this ${what}?`} onClose={onClose}>
      <p>What it says is gone then, for everybody.</p>
      <div className="dialog__choice">
        <button type="button" className="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" className="button button--main" onClick={onDelete}>
          Delete
        </button>
      </div>
    </Dialog>
  );
}
