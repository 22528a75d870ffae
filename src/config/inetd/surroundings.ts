// What a handler finds and how its socket is set when nothing is written (design.md, section 7).
import type { Daemon } from '../../model/daemon.ts';
import {
  type Mode,
  type ProcessSettings,
  plainProcess,
  plainSurroundings,
  type SocketSettings,
  type Surroundings,
} from '../../model/service.ts';
import { plainSocket } from '../../model/socket-settings.ts';
import type { LoadOptions } from '../options.ts';
import type { Meaning } from './dialect.ts';

export const defaultSurroundings = (
  meaning: Meaning,
  mode: Mode,
  options: LoadOptions,
  daemon: Daemon | undefined,
): Surroundings => {
  // A handler of the whole socket has no peer yet, and its socket is announced as a listener.
  const hasPeer = mode === 'per-connection';
  return {
    ...plainSurroundings,
    // a daemon's sockets are elsewhere, but for inetd's one
    ...(daemon === undefined || daemon.activation === 'inetd' ? {} : { stdin: 'null', stdout: 'log' }),
    stderr: meaning.hasModernSurroundings ? 'log' : 'client',
    hasFd3: meaning.hasModernSurroundings && hasPeer,
    hasAddressVariables: (meaning.hasModernSurroundings || options.hasAddressVariables) && hasPeer,
    passedVariables: options.keepsEnvironment ? ['*'] : [],
  };
};

export const defaultProcess = (meaning: Meaning): ProcessSettings => ({
  ...plainProcess,
  umask: meaning.umask,
});

export const defaultSocket = (options: LoadOptions): SocketSettings => ({
  ...plainSocket,
  backlog: options.backlog,
});
