/** What an engine does by itself, besides running instances. */
export interface BackgroundWork {
  /** Called when the engine begins to take part, and then whenever it looks at a shared store. */
  look(): Promise<void>;
  close(): void;
}
