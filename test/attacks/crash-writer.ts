// Saves the state of trust anchors at the path given, over and over, until it is killed.
import { silentLog } from '../../src/base/ports.ts';
import { systemClock } from '../../src/net/clock.ts';
import { systemRandom } from '../../src/net/random.ts';
import { openRolloverFile } from '../../src/rollover-file.ts';
import { ROOT } from '../../src/wire/name.ts';

const file = openRolloverFile(process.argv[2] ?? '', { clock: systemClock(), random: systemRandom(), log: silentLog });
for (let since = 1; ; since++) {
  const rdata = new Uint8Array(4096).fill(since);
  const anchor = { type: 'DNSKEY', rdata, state: 'Valid', since, seen: since, until: undefined, signers: [] } as const;
  await file.save([{ zone: ROOT, refreshed: since, anchors: [anchor] }]);
  if (since === 3) console.log('saving');
}
