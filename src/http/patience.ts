import type { Clock } from "../engine/clock.ts";

const longestSeconds = 30;

/** For how many milliseconds a request wants its effects waited for (`Prefer: wait=5`). */
export function patienceOf(request: Request, msUnlessTold: number): number {
  const prefer = request.headers.get("prefer") ?? "";
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})/i.exec(prefer)?.[1];
  return seconds === undefined ? msUnlessTold : Math.min(Number(seconds), longestSeconds) * 1000;
}

/** What a call gives, or undefined if it takes longer; it goes on then. */
export async function within<Value>(
  call: Promise<Value>,
  milliseconds: number,
  clock: Clock,
): Promise<Value | undefined> {
  let forget = () => {};
  const timeout = new Promise<undefined>((resolve) => {
    forget = clock.callAt(clock.now() + milliseconds, () => resolve(undefined));
  });
  try {
    return await Promise.race([call, timeout]);
  } finally {
    forget();
    call.catch(() => {});
  }
}
