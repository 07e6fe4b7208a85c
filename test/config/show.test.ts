// Settings shown, compared, and the places of the control socket.
import { expect, test } from 'vitest';
import { settingsChanges } from '../../src/config/changes.ts';
import { controlPaths } from '../../src/config/control-paths.ts';
import { loadSettings } from '../../src/config/load.ts';
import { fillSettings } from '../../src/config/schema.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { settingsToYaml } from '../../src/config/show.ts';

test('what is shown can be read again and means the same', () => {
  const settings = fillSettings({
    cache: { maxOctets: '64MiB' },
    dnssec: { negativeTrustAnchors: [{ zone: 'a.example', reason: '"quoted": yes' }] },
    zones: [{ zone: '.', forward: ['[2001:db8::1]:53'] }],
  });
  expect(loadSettings(settingsToYaml(settings, false), 'shown')).toMatchObject({ settings });
  expect(loadSettings(settingsToYaml(settings, true), 'shown')).toMatchObject({ settings });
});

test('the difference from the defaults holds nothing else', () => {
  expect(settingsToYaml(defaultSettings, true)).toBe('');
  expect(settingsToYaml(fillSettings({ cache: { maxOctets: '64MiB' }, hosts: false }), true)).toBe(
    'cache:\n  maxOctets: 64MiB\nhosts: false\n',
  );
});

test('a reload takes over what it can, and names both what it took and what has to wait', () => {
  const wanted = fillSettings({
    listen: ['127.0.0.1:53'],
    allow: ['10.0.0.0/8'],
    cache: { maxOctets: '64MiB', maxTtl: 60 },
    console: false,
  });
  const { settings, changed, restart } = settingsChanges(defaultSettings, wanted);
  expect({ changed, restart }).toEqual({
    changed: ['allow', 'cache.maxTtl'],
    restart: ['listen', 'cache.maxOctets', 'console'],
  });
  expect(settings).toEqual({
    ...defaultSettings,
    allow: ['10.0.0.0/8'],
    cache: { ...defaultSettings.cache, maxTtl: 60 },
  });
  expect(settingsChanges(defaultSettings, defaultSettings)).toMatchObject({ changed: [], restart: [] });
});

test.each([
  ['/run/rootwalk/control.sock', {}, ['/run/rootwalk/control.sock']],
  [
    '/run/rootwalk/control.sock',
    { XDG_RUNTIME_DIR: '/run/user/7/' },
    ['/run/rootwalk/control.sock', '/run/user/7/rootwalk/control.sock'],
  ],
  ['/run/rootwalk/control.sock', { XDG_RUNTIME_DIR: 'relative' }, ['/run/rootwalk/control.sock']],
  ['/my.sock', { XDG_RUNTIME_DIR: '/run/user/7' }, ['/my.sock']],
  [false as const, { XDG_RUNTIME_DIR: '/run/user/7' }, []],
])('control %j with %j is at %j', (control, environment, paths) => {
  expect(controlPaths(control, environment)).toEqual(paths);
});
