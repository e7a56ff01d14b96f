/** Schemas that others are made of. */

/** A moment: RFC 3339, in UTC, with milliseconds, such as `2030-01-01T12:00:00.000Z`. */
export const moment = { type: "string", format: "date-time" } as const;

/** A name or id: what the engine accepts as one. */
export const text = { type: "string", minLength: 1, maxLength: 500 } as const;

/** What a person writes. */
export const prose = { type: "string", minLength: 1, maxLength: 10_000 } as const;

export const texts = { type: "array", items: text, maxItems: 100 } as const;

export const count = { type: "integer", minimum: 0 } as const;

/** An object with any keys. */
export const anyObject = { type: "object" } as const;

/** Any JSON value. */
export const anyValue = {} as const;

export function ref<const Name extends string>(name: Name) {
  return { $ref: `#/components/schemas/${name}` } as const;
}

/** A page of a list. `next` is given back as `cursor` and is missing on the last page. */
export function page<const Name extends string>(name: Name) {
  return {
    type: "object",
    additionalProperties: false,
    required: ["items"],
    properties: {
      items: { type: "array", items: ref(name) },
      next: { type: "string", description: "Give it back as `cursor` to get the next page." },
    },
  } as const;
}

/** Parameters of every list. */
export const paging = {
  limit: {
    type: "integer",
    minimum: 1,
    maximum: 1000,
    description: "How many at most; 50 unless told.",
  },
  cursor: {
    type: "string",
    minLength: 1,
    maxLength: 2000,
    description: "The `next` of the page before.",
  },
} as const;

export const workflowStatus = {
  type: "string",
  enum: ["pending", "running", "waiting", "paused", "completed", "failed", "canceled"],
} as const;

export const stepStatus = {
  type: "string",
  enum: [
    "pending",
    "scheduled",
    "running",
    "waiting",
    "succeeded",
    "failed",
    "canceled",
    "skipped",
  ],
} as const;
