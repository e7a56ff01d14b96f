/** Where the engine gets the time from, and what wakes it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once, at `at` or soon after; gives a function that prevents it. */
  callAt(at: number, callback: () => void): () => void;
}

/** Longer timers are set again when this much has passed: the platform's limit is 2^31 - 1 ms. */
const longestTimeoutMs = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  callAt(at, callback) {
    let handle: NodeJS.Timeout;
    const arm = () => {
      const delay = Math.max(0, at - Date.now());
      handle =
        delay > longestTimeoutMs
          ? setTimeout(arm, longestTimeoutMs)
          : setTimeout(callback, Math.ceil(delay));
    };
    arm();
    return () => clearTimeout(handle);
  },
};
