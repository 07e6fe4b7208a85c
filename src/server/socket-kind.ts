// Finds out what the sockets behind descriptors are. Linux only, like the service manager that hands them over.

import { readFile, readlink } from 'node:fs/promises';

/** What a socket speaks. */
export interface SocketKind {
  readonly protocol: 'udp' | 'tcp';
  readonly ipv6: boolean;
}

/** The kind of each descriptor; undefined where it is no UDP or TCP socket, or not to be seen. Never rejects. */
export async function socketKinds(descriptors: readonly number[]): Promise<(SocketKind | undefined)[]> {
  const byInode = new Map<string, SocketKind>();
  for (const protocol of ['udp', 'tcp'] as const) {
    for (const ipv6 of [false, true]) {
      const table = await readFile(`/proc/self/net/${protocol}${ipv6 ? '6' : ''}`, 'latin1').catch(() => '');
      for (const line of table.split('\n').slice(1)) {
        const inode = line.trim().split(/ +/)[9];
        if (inode !== undefined) byInode.set(inode, { protocol, ipv6 });
      }
    }
  }
  return Promise.all(
    descriptors.map(async (descriptor) => {
      const target = await readlink(`/proc/self/fd/${descriptor}`).catch(() => '');
      return byInode.get(/^socket:\[([0-9]+)\]$/.exec(target)?.[1] ?? '');
    }),
  );
}
