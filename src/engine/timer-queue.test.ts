import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { TimerQueue } from "./timer-queue.ts";

describe("TimerQueue", () => {
  test("fires in order of time, whatever the order in which timers were set", async () => {
    const offsets = fc.array(fc.nat({ max: 50 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(offsets, async (times) => {
        const clock = new VirtualClock(0);
        const queue = new TimerQueue(clock);
        const fired: number[] = [];
        for (const time of times) queue.add(time, () => fired.push(time));
        await clock.advance(50);
        expect(fired).toEqual([...times].sort((a, b) => a - b));
      }),
      { numRuns: 50 },
    );
  });

  test("fires nothing before its time, and nothing that was cleared", async () => {
    const clock = new VirtualClock(0);
    const queue = new TimerQueue(clock);
    const fired: string[] = [];
    queue.add(10, () => fired.push("early"));
    queue.add(20, () => fired.push("late"));
    await clock.advance(19);
    expect(fired).toEqual(["early"]);
    queue.clear();
    await clock.advance(100);
    expect(fired).toEqual(["early"]);
  });

  test("holds neither the cancelled nor the clock's timer for them", async () => {
    const clock = new VirtualClock(0);
    const queue = new TimerQueue(clock);
    const fired: number[] = [];
    const dues = [30, 10, 20].map((at) => queue.add(at, () => fired.push(at)));
    for (const due of dues.slice(1)) queue.cancel(due);
    expect(clock.alarmCount).toBe(1);
    await clock.advance(25);
    expect(fired).toEqual([]);
    queue.cancel(dues[0] as (typeof dues)[number]);
    expect(clock.alarmCount).toBe(0);
  });

  test("lets a timer that fires set another one", async () => {
    const clock = new VirtualClock(0);
    const queue = new TimerQueue(clock);
    const fired: number[] = [];
    const tick = () => {
      fired.push(clock.now());
      if (fired.length < 3) queue.add(clock.now() + 5, tick);
    };
    queue.add(5, tick);
    await clock.advance(100);
    expect(fired).toEqual([5, 10, 15]);
  });
});
