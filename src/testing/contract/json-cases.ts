import assert from "node:assert/strict";
import type { Writes } from "../../machine/index.ts";
import type { CaseDefinition } from "./case.ts";
import {
  actRecord,
  answerOf,
  changeOf,
  executionRecord,
  instanceRecord,
  keep,
  loadAll,
  loadOne,
  messageOf,
  scheduleRecord,
  signalRecord,
  taskRecord,
} from "./records.ts";

/** Every character that JavaScript knows, lone surrogates and NUL among them. */
const everyCharacter = String.fromCharCode(...Array.from({ length: 0x10000 }, (_, code) => code));

function nested(depth: number): unknown {
  let value: unknown = "bottom";
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** JSON values that a database or an encoding could lose or change, by name. */
const values: Readonly<Record<string, unknown>> = {
  null: null,
  true: true,
  false: false,
  zero: 0,
  one: 1,
  "a sum with an error": 0.1 + 0.2,
  "a large number": 1e308,
  "the largest number": Number.MAX_VALUE,
  "the smallest number": 5e-324,
  "a small negative number": -2.2250738585072014e-308,
  "the largest safe integer": Number.MAX_SAFE_INTEGER,
  "a larger integer": 2 ** 63,
  "an integer with an exponent": 1e21,
  "the empty string": "",
  "a space": " ",
  "a string that looks like null": "null",
  "a string that looks like a number": "1e3",
  "a string that looks like zeros": "007",
  "a string that looks like an object": '{"a":1}',
  "a string that looks like a string": '"a"',
  "a string that looks like a date": "2030-01-01T00:00:00.000Z",
  "a string that looks like an escape": "\\u0000 \\x00 \\n",
  quotes: "'\"`; drop table x; --",
  NUL: "\u0000",
  "NUL between": "a\u0000b\u0000",
  "a lone high surrogate": "\ud800",
  "a lone low surrogate": "x\udfff",
  "surrogates in the wrong order": "\udc00\ud800",
  "an emoji": "👩‍👩‍👧",
  "both forms of é": ["é", "e\u0301"],
  "line separators": "\u2028\u2029\r\n",
  "a byte order mark": "\ufeffa\ufeff",
  "every character": everyCharacter,
  "a string of 1 MB": "0123456789abcdef".repeat(65_536),
  "a string of 1 MB that needs escapes": '\u0000"\\\n'.repeat(262_144),
  "an empty list": [],
  "an empty object": {},
  "empty things": [[], {}, [[]], [{}], "", null],
  "a list of nulls": [null, null],
  "a long list": Array.from({ length: 10_000 }, (_, index) => index / 3),
  "many keys": Object.fromEntries(
    Array.from({ length: 1_000 }, (_, index) => [`k${index}`, index]),
  ),
  "keys in their order": { z: 1, a: 2, m: { y: 1, b: 2 }, B: 3, "": 4, aa: 5 },
  "keys that are numbers": { b: 1, "10": 2, "2": 3, "-1": 4, "01": 5 },
  "an empty key": { "": { "": "" } },
  "keys that databases trip over": { "a.b": 1, $ref: 2, "'": 3, '"': 4, "\\": 5, "\n": 6, "?": 7 },
  "keys with NUL and surrogates": { "\u0000": 1, "a\u0000": 2, "\ud800": 3, "\udfff": 4 },
  "keys that differ in case and form": { a: 1, A: 2, é: 3, "e\u0301": 4 },
  "__proto__ as a key": JSON.parse('{"a":{"__proto__":{"b":1}},"__proto__":"c","d":2}'),
  "names of Object's own": { constructor: 1, toString: null, hasOwnProperty: {}, valueOf: [] },
  toJSON: { toJSON: "not a function", length: 3 },
  "500 levels": nested(500),
};
const names = Object.keys(values);

/** Equal, with the keys of objects in the same order. Compared as text: it may be long. */
function assertSameJson(actual: unknown, expected: unknown, name: string): void {
  const isSame = JSON.stringify(actual) === JSON.stringify(expected);
  assert.ok(isSame, `${name}: ${shorten(actual)} came back instead of ${shorten(expected)}`);
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text;
}

export const jsonCases: readonly CaseDefinition[] = [
  {
    name: "results keep every JSON value",
    async run({ store }) {
      const executions = names.map((name, index) =>
        executionRecord(index + 1, { path: name, result: values[name] }),
      );
      await keep(store, [changeOf("order", 0, { executions })]);
      for (const { path, result } of (await loadOne(store, "order")).executions) {
        assertSameJson(result, values[path], path);
      }
    },
  },
  {
    name: "a result that is undefined stays undefined, and null stays null",
    async run({ store }) {
      const executions = [executionRecord(1), executionRecord(2, { result: null })];
      await keep(store, [changeOf("order", 0, { executions })]);
      assert.deepEqual((await loadOne(store, "order")).executions, executions);
    },
  },
  {
    name: "writes keep every JSON value, and those with one key stay as many, in their order",
    async run({ store }) {
      const writes: Writes = names.map((name, index) => [
        index % 2 === 0 ? "same" : name,
        values[name],
      ]);
      const odd: Writes = [
        ["", 1],
        ["__proto__", 2],
        ["a.b", 3],
        ["\u0000", 4],
        ["\ud800", 5],
        ["", 6],
        ["10", 7],
        ["9", 8],
      ];
      const executions = [
        executionRecord(1, { writes, reduced: odd }),
        executionRecord(2, { writes: odd, reduced: writes.slice(0, 10) }),
        executionRecord(3, { writes: [], reduced: undefined }),
        executionRecord(4, { writes: undefined, reduced: [] }),
      ];
      await keep(store, [changeOf("order", 0, { executions })]);
      const loaded = await loadOne(store, "order");
      for (const [index, { writes: kept, reduced }] of loaded.executions.entries()) {
        const { writes: given, reduced: reducedGiven } = executions[index] ?? {};
        for (const [place, write] of (given ?? []).entries()) {
          assertSameJson(kept?.[place], write, `write ${place}`);
        }
        for (const [place, write] of (reducedGiven ?? []).entries()) {
          assertSameJson(reduced?.[place], write, `reduced write ${place}`);
        }
        assert.deepEqual([kept?.length, reduced?.length], [given?.length, reducedGiven?.length]);
      }
      assert.equal(loaded.executions.length, 4);
    },
  },
  {
    name: "the initial data of an instance keeps every JSON value",
    async run({ store }) {
      const eachAlone = names.map((name) => ({ value: values[name], after: 1 }));
      const datas = [{}, ...eachAlone, JSON.parse('{"__proto__":{"a":1},"b":2}')];
      const idOf = (index: number) => `order-${index}`;
      await keep(
        store,
        datas.map((initialData, index) => {
          const id = idOf(index);
          return changeOf(id, 0, { instance: instanceRecord(id, { initialData }) });
        }),
      );
      const loaded = await loadAll(
        store,
        datas.map((_, index) => idOf(index)),
      );
      for (const [index, { instance }] of loaded.entries()) {
        assertSameJson(instance.initialData, datas[index], `initial data ${index}`);
      }
      assert.equal(loaded.length, datas.length);
    },
  },
  {
    name: "the data of signals and the items of maps keep every JSON value",
    async run({ store }) {
      const signals = names.map((name) => signalRecord(name, { data: values[name] }));
      const items = names.map((name) => values[name]);
      const executions = [executionRecord(1, { map: { items, closed: true } })];
      await keep(store, [changeOf("order", 0, { signals, executions })]);
      const loaded = await loadOne(store, "order");
      for (const { id, data } of loaded.signals) assertSameJson(data, values[id], id);
      assert.equal(loaded.signals.length, names.length);
      const [execution] = loaded.executions;
      for (const [index, name] of names.entries()) {
        assertSameJson(execution?.map?.items[index], values[name], name);
      }
      assert.equal(execution?.map?.items.length, names.length);
    },
  },
  {
    name: "what people are shown, answer and do keeps every JSON value",
    async run({ store }) {
      const tasks = names.map((name) =>
        taskRecord(name, {
          shown: { value: values[name] },
          proposal: { by: "ada", at: 0, data: values[name] },
        }),
      );
      const acts = names.map((name) => actRecord({ path: name, details: { value: values[name] } }));
      await keep(store, [changeOf("order", 0, { tasks, acts })]);
      for (const { id, shown, proposal } of (await loadOne(store, "order")).tasks) {
        assertSameJson(shown, { value: values[id] }, id);
        assertSameJson(proposal?.data, values[id], id);
      }
      const history = await store.listActs({ instanceId: "order", limit: 1_000 });
      for (const [index, { act }] of history.entries()) {
        assertSameJson(act.details, acts[index]?.details, act.path ?? "");
      }
      assert.equal(history.length, names.length);
    },
  },
  {
    name: "the initial data of schedules keeps every JSON value",
    async run({ store }) {
      for (const name of names) {
        await store.saveSchedule(scheduleRecord(name, { initialData: { value: values[name] } }));
      }
      const schedules = await store.listSchedules({ limit: 1_000 });
      for (const { id, initialData } of schedules) {
        assertSameJson(initialData, { value: values[id] }, id);
      }
      assert.equal(schedules.length, names.length);
    },
  },
  {
    name: "commands and outcomes keep every JSON value",
    async run({ store }) {
      await store.beat({ id: "worker-a", beat: 1 });
      const sent = names.map((name) => messageOf(name, { command: values[name] }));
      await keep(store, [], { sent });
      const { messages } = await store.receive("worker-b");
      for (const { id, command } of messages) assertSameJson(command, values[id], id);
      assert.equal(messages.length, names.length);
      const answers = names.map((name) => answerOf(name, { outcome: values[name] }));
      await keep(store, [], { answers });
      const mail = await store.receive("worker-a");
      for (const { messageId, outcome } of mail.answers) {
        assertSameJson(outcome, values[messageId], messageId);
      }
      assert.equal(mail.answers.length, names.length);
    },
  },
];
