// The API of a daemon: what each path answers. It knows nothing of sockets; http.ts carries it.

import type { LayerName } from '../resolver/events.ts';
import { type EntryFilter, LAYERS } from '../resolver/inspect.ts';
import type { ResolveRequest } from '../resolver/types.ts';
import { judgeType, SCAN } from '../server/query.ts';
import { WireError } from '../wire/error.ts';
import { type Name, nameFromText } from '../wire/name.ts';
import { typeFromText } from '../wire/types.ts';
import { METRICS_TYPE, metricsText } from './metrics.ts';
import { statsOf, statusOf } from './reports.ts';
import type { ConsoleView } from './view.ts';

/** What is asked. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined: no body. */
  readonly body: unknown;
  /** True over the control socket, whose reader owns the daemon: there things may be changed, and names listed. */
  readonly owner: boolean;
}

/** What is answered: one JSON value, text, or one JSON value a line, made while they are sent. */
export type ApiResponse =
  | { readonly status: number; readonly json: unknown }
  | { readonly status: number; readonly text: string; readonly type: string }
  | { readonly status: 200; readonly lines: Iterable<unknown> };

/** Names other than the layer's own: those of the notes. */
export const LAYER_ALIASES: ReadonlyMap<string, LayerName> = new Map([
  ['browser', 'answers'],
  ['os', 'host'],
  ['resolver', 'records'],
]);

/** An API for `view`. */
export function createApi(view: ConsoleView): (request: ApiRequest) => Promise<ApiResponse> {
  return async (request) => {
    const route = ROUTES[request.path];
    if (route === undefined) return refuse(404, `there is no ${request.path.slice(0, 100)} here`);
    if (route.method !== request.method) return refuse(405, `${route.method} is the method for ${request.path}`);
    if (route.ownerOnly && !request.owner) return refuse(403, `${request.path} answers on the control socket only`);
    try {
      return await route.answer(view, request);
    } catch (error) {
      if (error instanceof BadRequest || error instanceof WireError) return refuse(400, error.message);
      throw error;
    }
  };
}

interface Route {
  readonly method: 'GET' | 'POST';
  readonly ownerOnly: boolean;
  answer(view: ConsoleView, request: ApiRequest): ApiResponse | Promise<ApiResponse>;
}

class BadRequest extends Error {}

const ROUTES: { readonly [path: string]: Route | undefined } = {
  '/health': { method: 'GET', ownerOnly: false, answer: () => ({ status: 200, json: { status: 'ok' } }) },
  '/ready': {
    method: 'GET',
    ownerOnly: false,
    answer: (view) => {
      const reasons = view.unready();
      return { status: reasons.length === 0 ? 200 : 503, json: { ready: reasons.length === 0, reasons } };
    },
  },
  '/metrics': {
    method: 'GET',
    ownerOnly: false,
    answer: (view) => ({ status: 200, text: metricsText(view), type: METRICS_TYPE }),
  },
  '/api/status': { method: 'GET', ownerOnly: false, answer: (view) => ({ status: 200, json: statusOf(view) }) },
  '/api/stats': { method: 'GET', ownerOnly: false, answer: (view) => ({ status: 200, json: statsOf(view) }) },
  // What is cached, and which zones' servers were asked, tells what people asked for.
  '/api/servers': {
    method: 'GET',
    ownerOnly: true,
    answer: (view) => ({ status: 200, lines: view.inspector.servers() }),
  },
  '/api/entries': {
    method: 'GET',
    ownerOnly: true,
    answer: (view, { query }) => ({ status: 200, lines: view.inspector.entries(filterOf(query)) }),
  },
  '/api/failures': {
    method: 'GET',
    ownerOnly: true,
    answer: ({ failures }, { query }) => {
      const id = query.get('id');
      if (id === null) return { status: 200, lines: failures.list() };
      const text = failures.capsule(Number(id));
      if (text === undefined) return refuse(404, `failure ${id.slice(0, 20)} is not kept (any more)`);
      return { status: 200, text, type: 'application/json' };
    },
  },
  '/api/explain': {
    method: 'POST',
    ownerOnly: true,
    answer: async (view, { body }) => {
      const request = requestOf(body);
      // Loaded when it is first wanted.
      const { explainQuestion } = await import('../resolver/explain.ts');
      const answerTtl = (asked: ResolveRequest) => view.inspector.answerTtl(asked);
      const explained = await explainQuestion({ clock: view.clock, resolve: view.resolve, answerTtl }, request);
      return { status: 200, json: explained };
    },
  },
  '/api/flush': {
    method: 'POST',
    ownerOnly: true,
    answer: (view, { body }) => ({ status: 200, json: flush(view, body) }),
  },
  '/api/reload': {
    method: 'POST',
    ownerOnly: true,
    answer: async (view) => {
      const report = await view.reload();
      return { status: report.ok ? 200 : 409, json: report };
    },
  },
};

function filterOf(query: URLSearchParams): EntryFilter {
  const layer = query.get('layer');
  const name = query.get('name');
  return {
    ...(layer === null ? {} : { layer: layerOf(layer) }),
    ...(name === null ? {} : { name: nameFromText(name) }),
  };
}

function layerOf(text: string): LayerName {
  const layer = LAYER_ALIASES.get(text) ?? LAYERS.find((one) => one === text);
  if (layer === undefined) throw new BadRequest(`the layers are ${LAYERS.join(', ')}`);
  return layer;
}

function flush({ inspector }: ConsoleView, body: unknown): unknown {
  const wanted = typeof body === 'object' && body !== null ? body : {};
  const bogus = 'bogus' in wanted && wanted.bogus === true;
  const things = ['name' in wanted, 'zone' in wanted, bogus].filter((given) => given).length;
  if (things > 1) throw new BadRequest('a flush takes one of name, zone and bogus; send a request for each');
  if ('name' in wanted) return inspector.flush(nameOf(wanted.name));
  if ('zone' in wanted) return inspector.flushZone(nameOf(wanted.zone));
  if (bogus) return inspector.flushBogus();
  throw new BadRequest('a flush takes { "name": NAME }, { "zone": NAME } or { "bogus": true }');
}

/** A question, as a client would ask it. */
function requestOf(body: unknown): ResolveRequest {
  const wanted = typeof body === 'object' && body !== null ? body : {};
  if (!('name' in wanted))
    throw new BadRequest('a question is { "name": NAME, "type": TYPE, "checkingDisabled": false }');
  const type = 'type' in wanted ? wanted.type : 'A';
  const value = typeof type === 'string' ? typeFromText(type) : undefined;
  if (value === undefined || judgeType(value) !== SCAN.proceed) throw new BadRequest('that type cannot be asked');
  const checkingDisabled = 'checkingDisabled' in wanted && wanted.checkingDisabled === true;
  return { name: nameOf(wanted.name), type: value, checkingDisabled };
}

function nameOf(value: unknown): Name {
  if (typeof value !== 'string') throw new BadRequest('a name is text');
  return nameFromText(value);
}

function refuse(status: number, error: string): ApiResponse {
  return { status, json: { error } };
}
