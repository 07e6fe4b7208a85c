// Settings of library users.
import { expect, test } from 'vitest';
import { fillSettings } from '../../src/config/schema.ts';
import { defaultSettings } from '../../src/config/settings.ts';

test('any part may be given, sizes and times with units', () => {
  const filled = fillSettings({ cache: { maxOctets: '64MiB', maxTtl: '1h' }, upstream: { ipv6: undefined } });
  expect(filled).toEqual({
    ...defaultSettings,
    cache: { ...defaultSettings.cache, maxOctets: 67_108_864, maxTtl: 3600 },
  });
});

test('filled settings pass as they are', () => {
  expect(fillSettings(defaultSettings)).toEqual(defaultSettings);
});

test('every wrong key is named in one TypeError', () => {
  const wrong = { cache: { maxOctets: 1 }, listn: [] } as object;
  expect(() => fillSettings(wrong)).toThrow(
    new TypeError(
      'cache.maxOctets: expected a size from 1MiB to 1024GiB such as 64MiB, or a number of octets, got 1; listn: unknown key; did you mean listen?',
    ),
  );
});
