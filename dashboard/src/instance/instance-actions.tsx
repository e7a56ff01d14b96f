import { type ReactNode, useId, useState } from "react";
import type { Client, Instance, InstanceAction } from "tandem-workflows/client";
import { useAction, useApi } from "../data/api.tsx";
import { ConfirmDialog } from "../ui/dialog.tsx";
import { Icon, type IconName } from "../ui/icons.tsx";
import { useSteps } from "./use-steps.ts";

type Asked = Extract<InstanceAction, "cancel" | "pause" | "resume" | "retry" | "signal">;

const buttons: readonly (readonly [Asked, string, IconName])[] = [
  ["resume", "Resume", "play"],
  ["retry", "Retry", "retry"],
  ["pause", "Pause", "pause"],
  ["signal", "Signal", "signal"],
  ["cancel", "Cancel", "stop"],
];

/** What may be done with an instance now; what may not is not offered. */
export function InstanceActions({ instance }: { instance: Instance }): ReactNode {
  const [asked, setAsked] = useState<Asked>();
  return (
    <>
      {buttons
        .filter(([action]) => instance.allowed.includes(action))
        .map(([action, text, icon]) => (
          <button
            key={action}
            type="button"
            className="button"
            data-look={
              action === "cancel"
                ? "bad"
                : action === "resume" || action === "retry"
                  ? "primary"
                  : undefined
            }
            onClick={() => setAsked(action)}
          >
            <Icon name={icon} size={16} /> {text}
          </button>
        ))}
      {asked !== undefined && (
        <AskDialog instance={instance} asked={asked} onClose={() => setAsked(undefined)} />
      )}
    </>
  );
}

interface Given {
  readonly text: string;
  readonly data: string;
}

interface Words {
  readonly title: string;
  readonly help: string;
  readonly confirm: string;
  readonly said: string;
  run(client: Client, instanceId: string, given: Given): Promise<unknown>;
}

const words: Readonly<Record<Asked, Words>> = {
  cancel: {
    title: "Cancel this instance?",
    help: "What runs is stopped, open tasks are withdrawn, timers end. This cannot be undone.",
    confirm: "Cancel the instance",
    said: "The instance was cancelled.",
    run: (client, id, { text }) => client.instances.cancel(id, { reason: text || undefined }),
  },
  pause: {
    title: "Pause this instance?",
    help: "Steps that run go on to their end; nothing new starts until it is resumed.",
    confirm: "Pause it",
    said: "The instance is paused.",
    run: (client, id) => client.instances.pause(id),
  },
  resume: {
    title: "Resume this instance?",
    help: "It goes on where it stood; timers that became due meanwhile fire at once.",
    confirm: "Resume it",
    said: "The instance goes on.",
    run: (client, id) => client.instances.resume(id),
  },
  retry: {
    title: "Retry this instance?",
    help: "It goes on at what failed. What was completed stays completed.",
    confirm: "Retry",
    said: "The instance goes on.",
    run: (client, id, { text }) => client.instances.retry(id, { from: text || undefined }),
  },
  signal: {
    title: "Send a signal",
    help: "It serves the step that waits for it, or is kept until one does.",
    confirm: "Send it",
    said: "The signal was sent.",
    run: (client, id, { text, data }) =>
      client.instances.signal(id, {
        name: text,
        ...(data.trim() !== "" && { data: JSON.parse(data) as unknown }),
      }),
  },
};

function AskDialog({
  instance,
  asked,
  onClose,
}: {
  instance: Instance;
  asked: Asked;
  onClose: () => void;
}): ReactNode {
  const { client } = useApi();
  const { isBusy, run } = useAction();
  const [text, setText] = useState("");
  const [data, setData] = useState("");
  const { title, help, confirm, said, run: act } = words[asked];
  const isBroken = asked === "signal" && data.trim() !== "" && !isJson(data);
  return (
    <ConfirmDialog
      title={title}
      confirm={confirm}
      look={asked === "cancel" ? "danger" : "primary"}
      isBusy={isBusy}
      isDisabled={isBroken || (asked === "signal" && text.trim() === "")}
      onClose={onClose}
      onConfirm={() =>
        void run(() => act(client, instance.id, { text: text.trim(), data }), said).then(
          (isDone) => isDone && onClose(),
        )
      }
    >
      <p>{help}</p>
      {asked === "cancel" && (
        <TextInput label="Reason" isOptional value={text} onChange={setText} />
      )}
      {asked === "retry" && <FromStep instanceId={instance.id} value={text} onChange={setText} />}
      {asked === "signal" && (
        <>
          <TextInput label="Name of the signal" value={text} onChange={setText} />
          <TextInput label="Data as JSON" isOptional value={data} onChange={setData} />
          {isBroken && <p className="error">This is no JSON.</p>}
        </>
      )}
    </ConfirmDialog>
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function TextInput({
  label,
  isOptional = false,
  value,
  onChange,
}: {
  label: string;
  isOptional?: boolean;
  value: string;
  onChange: (value: string) => void;
}): ReactNode {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label} {isOptional && <span className="optional">(optional)</span>}
      </label>
      <input
        id={id}
        className="input"
        autoComplete="off"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}

function FromStep({
  instanceId,
  value,
  onChange,
}: {
  instanceId: string;
  value: string;
  onChange: (value: string) => void;
}): ReactNode {
  const id = useId();
  const steps = useSteps(instanceId);
  const paths = new Set(
    (steps.value?.items ?? []).filter(({ parent }) => parent === 0).map(({ path }) => path),
  );
  return (
    <div className="field">
      <label htmlFor={id}>From</label>
      <select
        id={id}
        className="select"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        <option value="">what failed</option>
        {[...paths].map((path) => (
          <option key={path} value={path}>
            {path}
          </option>
        ))}
      </select>
    </div>
  );
}
