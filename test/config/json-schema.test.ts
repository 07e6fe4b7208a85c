// The published JSON Schema of the settings: current, and of one mind with the loader on what is a key.
import { expect, test } from 'vitest';
import { settingsJsonSchema } from '../../src/config/json-schema.ts';
import { keysOf } from '../../src/config/leaves.ts';
import { defaultSettings } from '../../src/config/settings.ts';

interface Node {
  readonly properties?: { readonly [key: string]: Node };
}

test('schema/settings.json is what the settings are; to renew it: npm test -- -u test/config/json-schema.test.ts', async () => {
  const text = `${JSON.stringify(settingsJsonSchema(), undefined, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../schema/settings.json');
});

test('it has every key of the settings and no other', () => {
  const { properties = {} } = settingsJsonSchema() as Node;
  const keys = Object.entries(properties).flatMap(([key, node]) =>
    node.properties === undefined ? [key] : Object.keys(node.properties).map((leaf) => `${key}.${leaf}`),
  );
  expect(keys).toEqual(keysOf(defaultSettings));
});
