import { type FormEvent, type ReactNode, useEffect, useId, useRef } from "react";
import { Icon } from "./icons.tsx";

/**
 * A dialog of the browser's own: it keeps the focus inside, closes with Escape, and gives the focus
 * back. It is there while it is rendered.
 */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ReactNode;
}): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    if (element !== null && !element.open) element.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={id} onClose={onClose}>
      <div className="dialog-box">
        <div className="row" data-spread>
          <h2 id={id}>{title}</h2>
          <button
            type="button"
            className="button"
            data-look="quiet"
            data-size="small"
            data-icon
            aria-label="Close"
            onClick={() => dialog.current?.close()}
          >
            <Icon name="cross" size={16} />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}

/** Asks before something is done; what it does is named by its button. */
export function ConfirmDialog({
  title,
  children,
  confirm,
  look = "primary",
  isBusy = false,
  isDisabled = false,
  onConfirm,
  onClose,
}: {
  title: string;
  children: ReactNode;
  confirm: string;
  look?: "primary" | "danger" | "good";
  isBusy?: boolean;
  isDisabled?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}): ReactNode {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onConfirm();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="form" onSubmit={submit}>
        {children}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            Keep things as they are
          </button>
          <button
            type="submit"
            className="button"
            data-look={look}
            disabled={isBusy || isDisabled}
            aria-busy={isBusy}
          >
            {isBusy ? "One moment…" : confirm}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
