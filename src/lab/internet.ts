// The small Internet: every server of the table on loopback sockets, the web page, and the map that leads to them.

import { addressKey, type Clock, type ServerAddress, type Transport } from '../base/ports.ts';
import { type RunningAuthority, startAuthority } from './authority.ts';
import { mappedTransport, type Route } from './mapped-transport.ts';
import { startWebPage } from './web-page.ts';
import { readZone, type Zone } from './zone.ts';
import { labHints, labPages, labServers, labZones } from './zones.ts';

/** A running lab, without a resolver. */
export interface SmallInternet {
  /** Root hints, in master-file form. */
  readonly hints: string;
  /** A Transport that reaches the lab and nothing else, over `inner`. */
  reach(inner: Transport): Transport;
  /** Where the web page at address `ip` of the lab really listens; `undefined` where the lab has none. */
  page(ip: string): ServerAddress | undefined;
  close(): Promise<void>;
}

const dnsPort = 53;

/** Starts every server on ephemeral ports of 127.0.0.1. `clock` delays the slow ones. */
export async function startInternet({ clock }: { readonly clock: Clock }): Promise<SmallInternet> {
  const zones = new Map<string, Zone>(labZones.map((zone) => [zone.apex, readZone(zone)]));
  const routes = new Map<string, Route>();
  const running: RunningAuthority[] = [];
  const web = await startWebPage();
  const close = async (): Promise<void> => {
    await Promise.all([web.close(), ...running.map((authority) => authority.close())]);
  };
  try {
    for (const { ip, apexes, behaviour = 'correct', delayMs = 0 } of labServers) {
      const held = [...zones.values()].filter((zone) => apexes.includes(zone.apex));
      const authority = await startAuthority({ zones: held, behaviour }, { clock, delayMs });
      running.push(authority);
      routes.set(addressKey({ ip, port: dnsPort }), { udp: authority.udp, tcp: authority.tcp });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    hints: labHints,
    reach: (inner) => mappedTransport(inner, routes),
    page: (ip) => (labPages.includes(ip) ? web.address : undefined),
    close,
  };
}
