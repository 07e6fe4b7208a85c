// Public entry `rootwalk/testing`: virtual time and network, scenarios, capsules, simulation.

export type { Capsule, CapsuleExchange } from '../capsule.ts';
export { type Recording, recordResolution } from '../capsule-record.ts';
export { parseCapsule } from './capsule.ts';
export { recordCapsule } from './capsule-record.ts';
export { type CapsuleReplay, type ReplayCapsuleOptions, replay, replayCapsule } from './capsule-replay.ts';
export { type RootServer, type TestEngineSettings, testEngineOptions } from './engine.ts';
export { parseRpl } from './rpl-parse.ts';
export { type ReplayOptions, replayRplPath, runScenario, type ScenarioResult } from './rpl-run.ts';
export type { ReplayEnvironment, ReplayTarget } from './rpl-target.ts';
export { type Dialect, RplError, type Scenario } from './rpl-types.ts';
export { SeededRandom } from './seeded-random.ts';
export { type SimulationOptions, type SimulationReport, simulate } from './simulator.ts';
export { VirtualClock, type VirtualClockOptions, VirtualTimeError } from './virtual-clock.ts';
export {
  type Exchange,
  type PathModel,
  type QueryContext,
  type Reachability,
  type ServeOptions,
  type ServerHandler,
  VirtualNetwork,
  type VirtualNetworkOptions,
} from './virtual-network.ts';
export type { Weather } from './weather.ts';
