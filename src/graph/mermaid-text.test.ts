import { describe, expect, test } from "vitest";
import { escapeLabel, formatDuration, Ids } from "./mermaid-text.ts";

describe("escapeLabel", () => {
  test.each([
    ["process_order"],
    ["Approve the expense (2 of 3)"],
    ["has(approval) && approval.amount >= 10.5"],
    ["on failure: it's late"],
    ["Größe, 注册, مرحبا"],
    ["✓ done · 3×"],
  ])("leaves %j readable", (text) => {
    expect(escapeLabel(text)).toBe(text);
  });

  test.each([
    ['say "hi"', "say #34;hi#34;"],
    ["a;b#c", "a#59;b#35;c"],
    ["<b>x</b>", "#60;b>x#60;/b>"],
    ["a&lt;b", "a#38;lt#59;b"],
    ["[x]{y}|z", "#91;x#93;#123;y#125;#124;z"],
    ["*a* `b` ~c~", "#42;a#42; #96;b#96; #126;c#126;"],
    ["_a_ __b__ c_d", "#95;a#95; #95;#95;b#95;#95; c_d"],
    ["fa:fa-car", "fa#58;fa-car"],
    ["a\\nb %%{init", "a#92;nb #37;#37;#123;init"],
    ["$$x$$", "#36;#36;x#36;#36;"],
    ["- item", "#45; item"],
    ["1. item", "1#46; item"],
    ["ada@example.org", "ada#64;example.org"],
  ])("escapes what Mermaid, Markdown or HTML would read in %j", (text, escaped) => {
    expect(escapeLabel(text)).toBe(escaped);
  });

  test("makes one line of several", () => {
    expect(escapeLabel(" a\r\n b\tc\u0000d ")).toBe("a b c d");
  });

  test("shortens what is long, by characters and not by bytes", () => {
    expect(escapeLabel("語".repeat(121))).toBe(`${"語".repeat(119)}…`);
    expect(escapeLabel("語".repeat(120))).toBe("語".repeat(120));
  });

  test("gives a space for nothing, which Mermaid needs between quotes", () => {
    expect(escapeLabel("\n")).toBe(" ");
  });
});

describe("Ids", () => {
  test("keep what they can of a path, and never meet", () => {
    const ids = new Ids();
    const paths = ["end", "a-b", "a_b", "a/b", "m/x[]", "注册", "a_b_1"];
    expect(paths.map((path) => ids.make("s", path))).toEqual([
      "s_end",
      "s_a_b",
      "s_a_b_1",
      "s_a_b_2",
      "s_m_x",
      "s_6ce8518c",
      "s_a_b_1_1",
    ]);
  });
});

describe("formatDuration", () => {
  test.each([
    [0, "0 ms"],
    [1, "1 ms"],
    [1_500, "1 s 500 ms"],
    [90_000, "1 min 30 s"],
    [172_800_000, "2 d"],
    [129_600_000, "1 d 12 h"],
    [0.5, "0.5 ms"],
  ])("writes %d as %s", (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });
});
