import { Component, type ReactNode } from "react";
import { Empty } from "./ui/parts.tsx";

/** A page that cannot be drawn says so, and leaves the rest as it is. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Empty icon="warn" title="This page could not be shown">
        <p>{error instanceof Error ? error.message : String(error)}</p>
        <button type="button" className="button" onClick={() => location.reload()}>
          Load it again
        </button>
      </Empty>
    );
  }
}
