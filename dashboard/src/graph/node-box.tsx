import { memo, type ReactNode } from "react";
import type { GraphNode } from "tandem-workflows/client";
import { formatCount } from "../format.ts";
import { Icon } from "../ui/icons.tsx";
import { lookOf } from "../ui/parts.tsx";
import type { Placed } from "./layout.ts";
import { isGroup, memberCounts } from "./model.ts";
import { countsText, kindIcons, kindName, spokenName, stateText, titleOf } from "./words.ts";

export interface NodeBoxProps {
  readonly placed: Placed;
  readonly node: GraphNode;
  readonly leadsTo: readonly string[];
  readonly isSelected: boolean;
  readonly isOpened: boolean;
  readonly onSelect: (path: string) => void;
  readonly onToggle: (path: string) => void;
  readonly onReveal: (x: number, y: number) => void;
}

/** A step, a group around its members, or a group of many as one box with how far it has come. */
export const NodeBox = memo(
  function NodeBox(props: NodeBoxProps): ReactNode {
    const { placed, node, isSelected, leadsTo } = props;
    const { box, x, y, width, height } = placed;
    const isOpenGroup = box.children.length > 0;
    const state = node.state;
    const tone = state === undefined ? undefined : lookOf(state).tone;
    return (
      <div
        className={isOpenGroup ? "graph-group" : "graph-node"}
        data-kind={node.kind}
        data-state={state}
        data-tone={tone}
        data-selected={isSelected || undefined}
        data-callback={box.isCallback || undefined}
        data-terminal={node.terminal || undefined}
        style={{ left: x, top: y, width, height }}
      >
        <button
          type="button"
          className="graph-button"
          aria-pressed={isSelected}
          onClick={() => props.onSelect(node.path)}
          onFocus={(event) => {
            if (event.target.matches(":focus-visible")) props.onReveal(x + width / 2, y + 24);
          }}
        >
          <span className="visually-hidden">{spokenName(node, leadsTo)}</span>
          <span className="graph-icon" aria-hidden="true">
            <Icon name={kindIcons[node.kind] ?? "chip"} size={16} />
          </span>
          <span className="graph-text" aria-hidden="true">
            <span className="graph-title">{titleOf(node)}</span>
            <span className="graph-sub">{isGroup(node) ? groupText(node) : stepText(node)}</span>
            {box.hidden > 0 && <MemberMeter node={node} />}
            {!isGroup(node) && node.progress !== undefined && <MemberMeter node={node} />}
          </span>
          <Marks node={node} isCallback={box.isCallback} />
        </button>
        {(box.hidden > 0 || props.isOpened) && <OpenButton {...props} />}
      </div>
    );
  },
  (before, after) =>
    before.placed === after.placed &&
    before.isSelected === after.isSelected &&
    before.isOpened === after.isOpened &&
    JSON.stringify(before.node) === JSON.stringify(after.node),
);

function OpenButton({ placed, node, isOpened, onToggle }: NodeBoxProps): ReactNode {
  const { hidden } = placed.box;
  const shown = node.members.length - hidden;
  const text = isOpened
    ? hidden > 0
      ? `First ${shown} of ${formatCount(node.members.length)}; close`
      : "Close"
    : `Open ${formatCount(hidden)}`;
  return (
    <button
      type="button"
      className="button graph-open"
      data-size="small"
      onClick={() => onToggle(node.path)}
    >
      {text}
      <span className="visually-hidden"> members of {titleOf(node)}</span>
    </button>
  );
}

function stepText(node: GraphNode): string {
  return node.state === undefined || node.state === "idle" ? kindName(node) : stateText(node);
}

function groupText(node: GraphNode): string {
  return node.winner === undefined ? kindName(node) : stateText(node);
}

/** What cannot be said by colour alone: a mark for the state, passes, attempts, ends. */
function Marks({ node, isCallback }: { node: GraphNode; isCallback: boolean }): ReactNode {
  const { state, iteration, undone } = node;
  return (
    <span className="graph-marks" aria-hidden="true">
      {state !== undefined && state !== "idle" && (
        <span className="graph-mark" data-mark="state">
          <Icon name={lookOf(state).icon} size={14} />
        </span>
      )}
      {iteration !== undefined && iteration > 1 && (
        <span className="graph-mark" title={`Pass ${iteration}`}>
          ↺{iteration}
        </span>
      )}
      {undone === true && (
        <span className="graph-mark" title="Undone">
          <Icon name="undo" size={14} />
        </span>
      )}
      {isCallback && <span className="graph-mark">after all</span>}
    </span>
  );
}

function MemberMeter({ node }: { node: GraphNode }): ReactNode {
  const counts = memberCounts(node);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  return (
    <>
      <span className="meter" title={countsText(node)}>
        {[...counts].map(([state, count]) => (
          <i
            key={state}
            data-tone={lookOf(state).tone}
            style={{ width: `${(100 * count) / total}%` }}
          />
        ))}
      </span>
      <span className="graph-sub">
        {formatCount(counts.get("done") ?? 0)} of {formatCount(total)} done
        {(counts.get("failed") ?? 0) > 0 && `, ${formatCount(counts.get("failed") ?? 0)} failed`}
      </span>
    </>
  );
}
