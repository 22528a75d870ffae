// What a handler finds and how its socket is set when nothing is written (design.md, section 7).
import type { Mode, ProcessSettings, SocketSettings, Surroundings } from '../../model/service.ts';
import type { LoadOptions } from '../options.ts';
import type { Meaning } from './dialect.ts';

export const defaultSurroundings = (meaning: Meaning, mode: Mode, options: LoadOptions): Surroundings => {
  // A handler of the whole socket has no peer yet, and its socket is announced as a listener.
  const hasPeer = mode === 'per-connection';
  return {
    stderr: meaning.hasModernSurroundings ? 'log' : 'client',
    hasFd3: meaning.hasModernSurroundings && hasPeer,
    hasAddressVariables: (meaning.hasModernSurroundings || options.hasAddressVariables) && hasPeer,
    environment: [],
    passedVariables: options.keepsEnvironment ? ['*'] : [],
    showsMapped: false,
  };
};

export const defaultProcess = (meaning: Meaning): ProcessSettings => ({
  hasSession: true,
  nice: undefined,
  umask: meaning.umask,
  workingDirectory: undefined,
  rootDirectory: undefined,
  resourceLimits: [],
});

export const defaultSocket = (options: LoadOptions): SocketSettings => ({
  backlog: options.backlog,
  sendBuffer: undefined,
  receiveBuffer: undefined,
  keepAlive: false,
  noDelay: false,
  deferAccept: undefined,
  fastOpen: undefined,
  freeBind: false,
  transparent: false,
  bindDevice: undefined,
  mark: undefined,
  priority: undefined,
  typeOfService: undefined,
  timeToLive: undefined,
  debug: false,
});
