// Checks that a value read from JSON has the shape that a type says, and names the place where it has not.

/** Checks `value`, found at `path`: undefined, or what is wrong and where. */
export type Shape = (value: unknown, path: string) => string | undefined;

/** A value for which `holds`; `what` says what was expected. */
function plain(what: string, holds: (value: unknown) => boolean): Shape {
  return (value, path) => (holds(value) ? undefined : `${path}: ${what} is expected`);
}

/** Any text. */
export const text: Shape = plain('text', (value) => typeof value === 'string');
/** Any finite number. */
export const number: Shape = plain('a number', (value) => Number.isFinite(value));
/** True or false. */
export const truth: Shape = plain('true or false', (value) => typeof value === 'boolean');
/** Octets in base64. */
export const base64: Shape = plain(
  'base64',
  (value) => typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0,
);

/** One of these values. */
export function oneOf(...values: readonly unknown[]): Shape {
  return plain(values.map((value) => JSON.stringify(value)).join(' or '), (value) => values.includes(value));
}

/** A list of values of one shape. */
export function list(element: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path}: a list is expected`;
    return firstFault(value.map((each, at) => [each, element, `${path}[${at}]`]));
  };
}

/** A list with a shape for each place. */
export function tuple(...elements: readonly Shape[]): Shape {
  return (value, path) => {
    if (!Array.isArray(value) || value.length !== elements.length)
      return `${path}: ${elements.length} values are expected`;
    return firstFault(elements.map((element, at) => [value[at], element, `${path}[${at}]`]));
  };
}

/** An object whose values all have one shape. */
export function record(element: Shape): Shape {
  return (value, path) => {
    if (!isObject(value)) return `${path}: an object is expected`;
    return firstFault(Object.entries(value).map(([key, each]) => [each, element, join(path, key)]));
  };
}

/** An object with these fields; further ones are let be. Fields of `optional` may be missing. */
export function object(
  fields: { readonly [key: string]: Shape },
  optional: { readonly [key: string]: Shape } = {},
): Shape {
  return (value, path) => {
    if (!isObject(value)) return `${path}: an object is expected`;
    const there = Object.entries(optional).filter(([key]) => value[key] !== undefined);
    return firstFault(
      [...Object.entries(fields), ...there].map(([key, shape]) => [value[key], shape, join(path, key)]),
    );
  };
}

function firstFault(checks: readonly (readonly [value: unknown, shape: Shape, path: string])[]): string | undefined {
  for (const [value, shape, path] of checks) {
    const fault = shape(value, path);
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
