// Checks that a value read from JSON has the shape that a type says, and names the place where it has not; each shape
// also tells itself as JSON Schema.

/** A shape: a check, and what it checks in JSON Schema. */
export interface Shape {
  /** Checks `value`, found at `path`: undefined, or what is wrong and where. */
  check(value: unknown, path: string): string | undefined;
  readonly schema: JsonSchema;
}

/** A part of a JSON Schema, draft 2020-12. */
export interface JsonSchema {
  readonly [key: string]: unknown;
}

/** A value for which `holds`; `what` says what was expected. */
function plain(what: string, schema: JsonSchema, holds: (value: unknown) => boolean): Shape {
  return { schema, check: (value, path) => (holds(value) ? undefined : `${path}: ${what} is expected`) };
}

/** Any text. */
export const text: Shape = plain('text', { type: 'string' }, (value) => typeof value === 'string');
/** Any finite number. */
export const number: Shape = plain('a number', { type: 'number' }, (value) => Number.isFinite(value));
/** True or false. */
export const truth: Shape = plain('true or false', { type: 'boolean' }, (value) => typeof value === 'boolean');
/** Octets in base64. */
export const base64: Shape = plain(
  'base64',
  { type: 'string', contentEncoding: 'base64' },
  (value) => typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0,
);

/** One of these values. */
export function oneOf(...values: readonly unknown[]): Shape {
  const what = values.map((value) => JSON.stringify(value)).join(' or ');
  const { schema, check } = plain(what, { enum: values }, (value) => values.includes(value));
  return {
    schema,
    check: (value, path) => {
      const fault = check(value, path);
      return fault && `${fault}, not ${JSON.stringify(value) ?? 'nothing'}`;
    },
  };
}

/** Any of these shapes; what is wrong is told of the last. */
export function either(...shapes: readonly Shape[]): Shape {
  return {
    schema: { anyOf: shapes.map(({ schema }) => schema) },
    check: (value, path) => {
      let fault: string | undefined;
      for (const shape of shapes) {
        fault = shape.check(value, path);
        if (fault === undefined) return undefined;
      }
      return fault;
    },
  };
}

/** Fields of an object; those of `optional` may be missing. */
export interface Fields {
  readonly fields: { readonly [key: string]: Shape };
  readonly optional?: { readonly [key: string]: Shape };
}

/** Objects of several kinds, told apart by the text in `tag`; the fields of each are given without it. */
export function tagged(tag: string, kinds: { readonly [kind: string]: Fields }): Shape {
  const shapes = new Map(
    Object.entries(kinds).map(([kind, { fields, optional }]) => [
      kind,
      object({ [tag]: oneOf(kind), ...fields }, optional),
    ]),
  );
  return {
    schema: { oneOf: [...shapes.values()].map(({ schema }) => schema) },
    check: (value, path) => {
      if (!isObject(value)) return `${path}: an object is expected`;
      const kind = value[tag];
      const shape = typeof kind === 'string' ? shapes.get(kind) : undefined;
      return shape === undefined ? `${join(path, tag)}: unknown` : shape.check(value, path);
    },
  };
}

/** A list of values of one shape. */
export function list(element: Shape): Shape {
  return {
    schema: { type: 'array', items: element.schema },
    check: (value, path) => {
      if (!Array.isArray(value)) return `${path}: a list is expected`;
      return firstFault(value.map((each, at) => [each, element, `${path}[${at}]`]));
    },
  };
}

/** A list with a shape for each place. */
export function tuple(...elements: readonly Shape[]): Shape {
  const count = elements.length;
  return {
    schema: { type: 'array', prefixItems: elements.map(({ schema }) => schema), minItems: count, maxItems: count },
    check: (value, path) => {
      if (!Array.isArray(value) || value.length !== count) return `${path}: ${count} values are expected`;
      return firstFault(elements.map((element, at) => [value[at], element, `${path}[${at}]`]));
    },
  };
}

/** An object whose values all have one shape. */
export function record(element: Shape): Shape {
  return {
    schema: { type: 'object', additionalProperties: element.schema },
    check: (value, path) => {
      if (!isObject(value)) return `${path}: an object is expected`;
      return firstFault(Object.entries(value).map(([key, each]) => [each, element, join(path, key)]));
    },
  };
}

/** An object with these fields; further ones are let be. Fields of `optional` may be missing. */
export function object(fields: Fields['fields'], optional: Fields['fields'] = {}): Shape {
  const properties = Object.fromEntries(
    Object.entries({ ...fields, ...optional }).map(([key, { schema }]) => [key, schema]),
  );
  return {
    schema: { type: 'object', properties, required: Object.keys(fields) },
    check: (value, path) => {
      if (!isObject(value)) return `${path}: an object is expected`;
      const there = Object.entries(optional).filter(([key]) => value[key] !== undefined);
      return firstFault(
        [...Object.entries(fields), ...there].map(([key, shape]) => [value[key], shape, join(path, key)]),
      );
    },
  };
}

/** An object with these fields and no others. Fields of `optional` may be missing. */
export function closedObject(fields: Fields['fields'], optional: Fields['fields'] = {}): Shape {
  const { schema, check } = object(fields, optional);
  const known = new Set([...Object.keys(fields), ...Object.keys(optional)]);
  return {
    schema: { ...schema, additionalProperties: false },
    check: (value, path) => {
      const fault = check(value, path);
      if (fault !== undefined || !isObject(value)) return fault;
      const unknown = Object.keys(value).find((key) => !known.has(key));
      return unknown === undefined ? undefined : `${join(path, unknown)}: unknown key`;
    },
  };
}

function firstFault(checks: readonly (readonly [value: unknown, shape: Shape, path: string])[]): string | undefined {
  for (const [value, shape, path] of checks) {
    const fault = shape.check(value, path);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
