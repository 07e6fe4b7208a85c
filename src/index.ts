// The public exports of the package.

export type { LimitName, Limits } from './base/limits.ts';
export type {
  Clock,
  Log,
  LogFields,
  Random,
  ServerAddress,
  Transport,
  TransportOutcome,
  TransportRequest,
  Verdict,
} from './base/ports.ts';
export type { Capsule, CapsuleExchange } from './capsule.ts';
export type { LogLevel, Settings, SettingsInput } from './config/settings.ts';
export { defaultSettings } from './config/settings.ts';
export type { ReloadReport } from './console/view.ts';
export {
  createDaemon,
  createResolver,
  type Daemon,
  type DaemonParts,
  type LibraryResolver,
  type Lookup,
  type ResolverOptions,
  type StartedDaemon,
} from './create.ts';
export { QuestionError, type ResolvedRecord, type ResolveResult } from './library.ts';
export { DnsError, type LookupAddress, type LookupCallback, type LookupOptions } from './lookup.ts';
export type { ReadSettings } from './reload.ts';
export type { EventBody, LayerName, Observer, ResolutionEvent, ResponseClass } from './resolver/events.ts';
export { Resolver } from './resolver/resolver.ts';
export type { FailureReason, Resolution, ResolveRequest } from './resolver/types.ts';
export type { StartedServer } from './server/server.ts';
