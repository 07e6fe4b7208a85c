// The settings as JSON Schema, for editors that complete and check a configuration file while it is written.

import { z } from 'zod';
import { schema } from './schema.ts';

/** JSON Schema (draft 2020-12) of what a configuration file may hold. Addresses, names and sizes are plain text to it. */
export function settingsJsonSchema(): { readonly [keyword: string]: unknown } {
  const made = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  // A plain name stands for { zone: name }, by a preprocessing that JSON Schema does not see.
  const anchors = property(property(made, 'dnssec'), 'negativeTrustAnchors');
  anchors.items = { anyOf: [{ type: 'string' }, anchors.items as z.core.JSONSchema.JSONSchema] };
  return { title: 'Settings of rootwalk', ...made };
}

function property(node: z.core.JSONSchema.BaseSchema, key: string): z.core.JSONSchema.BaseSchema {
  const found = node.properties?.[key];
  if (typeof found !== 'object') throw new TypeError(`the schema of the settings has no ${key}`);
  return found;
}
