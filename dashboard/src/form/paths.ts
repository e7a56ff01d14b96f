import { isObject } from "./json-schema.ts";

export type Path = readonly string[];

export function getAt(value: unknown, path: Path): unknown {
  let place = value;
  for (const key of path) {
    if (Array.isArray(place)) place = place[Number(key)];
    else if (isObject(place)) place = place[key];
    else return undefined;
  }
  return place;
}

/** The value with one place changed; undefined removes the field. Nothing is changed in place. */
export function setAt(value: unknown, path: Path, next: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return next;
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === Number(key) ? setAt(item, rest, next) : item));
  }
  const object = isObject(value) ? value : {};
  const inner = setAt(object[key], rest, next);
  if (inner !== undefined) return { ...object, [key]: inner };
  const { [key]: _removed, ...others } = object;
  return others;
}

export const pathKey = (path: Path): string => path.join(".");
