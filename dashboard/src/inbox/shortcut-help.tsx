import { type ReactNode, useState } from "react";
import { Dialog } from "../ui/dialog.tsx";
import { areShortcutsOn, setShortcutsOn } from "./shortcuts.ts";

const keys = [
  ["j", "the next task"],
  ["k", "the task before"],
  ["a", "choose to approve, then Enter sends"],
  ["r", "choose to reject, then Enter sends"],
  ["c", "claim the task"],
  ["?", "this help"],
] as const;

export function ShortcutHelp({ onClose }: { onClose: () => void }): ReactNode {
  const [isOn, setIsOn] = useState(areShortcutsOn);
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="facts">
        {keys.map(([key, text]) => (
          <div className="fact" key={key}>
            <dt>
              <kbd className="kbd">{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <label className="check">
        <input
          type="checkbox"
          checked={isOn}
          onChange={(event) => {
            setShortcutsOn(event.target.checked);
            setIsOn(event.target.checked);
          }}
        />
        Single keys do something
      </label>
    </Dialog>
  );
}
