import { describe, expect, test } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { Limiter } from "./limiter.ts";

describe("Limiter", () => {
  test("lets no more attempts run at once than `concurrent`, first come, first served", () => {
    const limiter = new Limiter("smtp", { concurrent: 2 }, new VirtualClock());
    const begun: string[] = [];
    for (const name of ["a", "b", "c", "d"])
      limiter.enter({ isWanted: () => true, begin: () => begun.push(name) });
    expect(begun).toEqual(["a", "b"]);
    limiter.end();
    expect(begun).toEqual(["a", "b", "c"]);
    limiter.end();
    limiter.end();
    expect(begun).toEqual(["a", "b", "c", "d"]);
  });

  test("lets no more attempts begin in any second than `perSecond`", async () => {
    const clock = new VirtualClock(0);
    const limiter = new Limiter("sms", { perSecond: 2 }, clock);
    const begun: number[] = [];
    const entrant = { isWanted: () => true, begin: () => begun.push(clock.now()) };
    for (let attempt = 0; attempt < 5; attempt++) limiter.enter(entrant);
    await clock.advance(2500);
    expect(begun).toEqual([0, 0, 1000, 1000, 2000]);
  });

  test.each([0, -1, 1.5, Number.NaN])("refuses a limit of %s", (concurrent) => {
    expect(() => new Limiter("smtp", { concurrent }, new VirtualClock())).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION" }),
    );
  });
});
