import { describe, expect, test } from "vitest";
import { oneLine, shorten, widthOf, wrap } from "./terminal.ts";

describe("shorten", () => {
  test.each([
    ["short", 10, "short"],
    ["much too long", 8, "much to…"],
    ["日本語日本語", 7, "日本語…"],
    ["👩‍👩‍👧 family", 6, "👩‍👩‍👧 fa…"],
  ])("cuts %s to %i columns", (text, width, short) => {
    expect(shorten(text, width)).toBe(short);
    expect(widthOf(short)).toBeLessThanOrEqual(width);
  });
});

describe("oneLine", () => {
  test("takes out what could steer the terminal", () => {
    expect(oneLine("a\u001b[31mred\u001b[0m\nb\u0007\u009b2Jc")).not.toMatch(/\p{Cc}/u);
  });
});

describe("wrap", () => {
  test("breaks between words, behind the indent", () => {
    expect(wrap("one two three four", "  ", 11)).toEqual(["  one two", "  three", "  four"]);
  });

  test("leaves a word whole that is too long", () => {
    expect(wrap("a incomprehensibilities b", "", 10)).toEqual(["a", "incomprehensibilities", "b"]);
  });
});
